package limits

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain/services"
)

// errAway is that Shared is not asked now.
var errAway = errors.New("the shared counter is away")

// probe is a limit of nothing: counting by it shows that Shared can count.
var probe = services.Limit{Name: "probe", Burst: 1, Per: time.Second}

// share makes a call of Shared, unless it is away. The end of ctx ends no count: it is part of a
// request that has been made.
func (l *Limiter) share(ctx context.Context, call func(context.Context) error) error {
	if l.Shared == nil || l.away.Load() {
		return errAway
	}
	l.mu.Lock()
	failures := l.failures
	l.mu.Unlock()
	err := l.bounded(ctx, call)
	if err != nil {
		l.fallBack(ctx, failures, err)
	}
	return err
}

func (l *Limiter) bounded(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return call(ctx)
}

// fallBack counts in memory from now on, and has somebody look when Shared is back. Of calls that
// were under way together only the first tells; failures is how often Shared had gone away when
// the call began.
func (l *Limiter) fallBack(ctx context.Context, failures uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.failures != failures {
		return
	}
	l.failures++
	l.away.Store(true)
	l.Metrics.RateLimiterFallback.Set(1)
	l.Log.WarnContext(ctx, "rate limits are counted by each instance for itself until redis is back", "error", err)
	l.probes.Go(l.awaitReturn)
}

// awaitReturn ends when Shared counts again.
func (l *Limiter) awaitReturn() {
	timer := time.NewTimer(firstProbe)
	defer timer.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-timer.C:
		}
		err := l.bounded(context.Background(), func(ctx context.Context) error {
			_, _, err := l.Shared.Take(ctx, probe, l.hash(probe, ""))
			return err
		})
		if err == nil {
			l.Metrics.RateLimiterFallback.Set(0)
			l.away.Store(false)
			l.Log.Info("rate limits are shared by all instances again")
			return
		}
		timer.Reset(nextProbes)
	}
}

// Check tells in words for operators where counts are kept: "ok", or that other instances do not
// share them.
func (l *Limiter) Check() string {
	if l.away.Load() {
		return "down: rate limits are counted by each instance for itself"
	}
	return "ok"
}
