// Package limits counts how often things happen: in what all instances share or, while that is
// away, in the memory of this process.
package limits

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

// Counter is a place where counts are kept, by the generic cell rate algorithm: each that is
// taken costs Per/Burst of time, and no more than Per may be spent ahead.
type Counter interface {
	// Take counts one for the key, if it may be, and returns how much is spent ahead now.
	Take(ctx context.Context, l services.Limit, key string) (allowed bool, ahead time.Duration, err error)
	// Forget makes the key as good as new.
	Forget(ctx context.Context, l services.Limit, key string) error
}

const (
	// patience is how long a call of the shared counter may take. It answers within a
	// millisecond or is not well; who waits is a person, and only until the first has waited.
	patience = 500 * time.Millisecond

	// Hiccups end soon, so the first look at whether it is back comes soon.
	firstProbe = 100 * time.Millisecond
	nextProbes = time.Second
)

// Options is what New needs. Metrics, Log and Secret are required.
type Options struct {
	Shared  Counter          // of all instances; nil: this is the only one
	Secret  []byte           // hashes keys; the same for all instances
	Now     func() time.Time // with a monotonic part; nil: time.Now
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// Limiter is the services.RateLimiter of one instance.
type Limiter struct {
	Options

	memory *memory
	away   atomic.Bool

	mu       sync.Mutex
	failures uint64 // how often Shared went away
	closed   bool
	closing  chan struct{}
	probes   sync.WaitGroup
}

var _ services.RateLimiter = (*Limiter)(nil)

// New returns a limiter that has counted nothing.
func New(o Options) *Limiter {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Limiter{Options: o, memory: newMemory(slots, o.Now), closing: make(chan struct{})}
}

// Close ends what looks whether Shared is back. Counting goes on.
func (l *Limiter) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
	}
	l.mu.Unlock()
	l.probes.Wait()
	return nil
}

// Take implements services.RateLimiter.
func (l *Limiter) Take(ctx context.Context, limit services.Limit, key string) services.LimitState {
	allowed, ahead := l.take(ctx, limit, l.hash(limit, key))
	if !allowed {
		l.Metrics.RateLimited.WithLabelValues(limit.Name).Inc()
	}
	return stateOf(limit, allowed, ahead)
}

func (l *Limiter) take(ctx context.Context, limit services.Limit, key string) (allowed bool, ahead time.Duration) {
	err := l.share(ctx, func(ctx context.Context) (err error) {
		allowed, ahead, err = l.Shared.Take(ctx, limit, key)
		return err
	})
	if err != nil {
		return l.memory.take(limit, key)
	}
	// Should Shared go away next, memory knows what this instance has seen of the count.
	l.memory.raise(key, ahead)
	return allowed, ahead
}

// Forget implements services.RateLimiter.
func (l *Limiter) Forget(ctx context.Context, limit services.Limit, key string) {
	key = l.hash(limit, key)
	l.memory.forget(key)
	// Where it fails, the key stays as it is there until its time is over.
	_ = l.share(ctx, func(ctx context.Context) error { return l.Shared.Forget(ctx, limit, key) })
}

// hash returns what is kept of a key: without the secret, an address could be found by hashing
// all that there are.
func (l *Limiter) hash(limit services.Limit, key string) string {
	mac := hmac.New(sha256.New, l.Secret)
	mac.Write([]byte(limit.Name + "\x00" + key))
	return string(mac.Sum(nil)[:keySize])
}

// stateOf says what a count came to.
func stateOf(l services.Limit, allowed bool, ahead time.Duration) services.LimitState {
	interval, span := rate(l)
	s := services.LimitState{Allowed: allowed, Remaining: max(0, int((span-ahead)/interval)), Reset: ahead}
	if !allowed {
		s.Remaining, s.RetryAfter = 0, ahead+interval-span
	}
	return s
}

// rate returns what one costs, and how much may be spent ahead.
func rate(l services.Limit) (interval, span time.Duration) {
	burst := max(1, l.Burst)
	interval = max(time.Microsecond, (l.Per / time.Duration(burst)).Truncate(time.Microsecond))
	return interval, interval * time.Duration(burst)
}

// Rate is rate for counters elsewhere, in microseconds.
func Rate(l services.Limit) (interval, span int64) {
	i, s := rate(l)
	return i.Microseconds(), s.Microseconds()
}
