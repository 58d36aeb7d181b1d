package limits

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/limits/limitstest"
	"gofiber-auth/pkg/metrics"
	"gofiber-auth/test/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newLimiter(t *testing.T, o Options) *Limiter {
	t.Helper()
	o.Secret, o.Metrics = []byte("secret"), metrics.New("test")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := New(o)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestMemory(t *testing.T) {
	t.Parallel()
	limitstest.Run(t, func(t *testing.T) services.RateLimiter { return newLimiter(t, Options{}) })
}

// remote is a shared counter that can be broken; it keeps its counts as memory does.
type remote struct {
	memory *memory
	broken atomic.Bool
	calls  atomic.Int32
	mu     sync.Mutex
	keys   []string
}

func newRemote() *remote { return &remote{memory: newMemory(slots, time.Now)} }

var errBroken = errors.New("broken")

func (r *remote) Take(_ context.Context, l services.Limit, key string) (bool, time.Duration, error) {
	r.calls.Add(1)
	r.mu.Lock()
	r.keys = append(r.keys, key)
	r.mu.Unlock()
	if r.broken.Load() {
		return false, 0, errBroken
	}
	allowed, ahead := r.memory.take(l, key)
	return allowed, ahead, nil
}

func (r *remote) Forget(_ context.Context, _ services.Limit, key string) error {
	if r.broken.Load() {
		return errBroken
	}
	r.memory.forget(key)
	return nil
}

func TestShared(t *testing.T) {
	t.Parallel()
	limitstest.Run(t, func(t *testing.T) services.RateLimiter { return newLimiter(t, Options{Shared: newRemote()}) })
}

func TestFallback(t *testing.T) {
	t.Parallel()
	shared := newRemote()
	limitstest.Run(t, func(t *testing.T) services.RateLimiter {
		shared.broken.Store(true)
		return newLimiter(t, Options{Shared: shared})
	})
}

var hourly = services.Limit{Name: "hourly", Burst: 5, Per: time.Hour}

type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Counts go on where the shared ones ended, are told of once, and go back by themselves.
func TestSharedGoesAndComesBack(t *testing.T) {
	t.Parallel()
	shared, log := newRemote(), new(logBook)
	l := newLimiter(t, Options{Shared: shared, Log: slog.New(slog.NewTextHandler(log, nil))})
	other := newLimiter(t, Options{Shared: shared})
	if n := limitstest.Counted(t.Context(), other, hourly, "ada@example.com", 3); n != 3 {
		t.Fatalf("%d allowed", n)
	}
	if s := l.Take(t.Context(), hourly, "ada@example.com"); s.Remaining != 1 || l.Check() != "ok" {
		t.Fatalf("the fourth is %+v: the two do not share", s)
	}

	shared.broken.Store(true)
	if n := limitstest.Counted(t.Context(), l, hourly, "ada@example.com", 50); n != 1 {
		t.Errorf("%d more were allowed, want the one that was left", n)
	}
	calls := shared.calls.Load()
	if l.Check() == "ok" || limitstest.Metric(t, l.Metrics, "rate_limiter_fallback") != 1 {
		t.Errorf("Check() = %q, metric %v", l.Check(), limitstest.Metric(t, l.Metrics, "rate_limiter_fallback"))
	}
	if n := limitstest.Counted(t.Context(), l, hourly, "grace", 1000); n != 5 {
		t.Errorf("%d of somebody else were allowed, want 5", n)
	}
	if n := shared.calls.Load() - calls; n > 10 {
		t.Errorf("%d calls of what is away", n)
	}
	if n := limitstest.Metric(t, l.Metrics, "rate_limited_total"); n != 49+995 {
		t.Errorf("rate_limited_total = %v, want %d", n, 49+995)
	}

	shared.broken.Store(false)
	harness.Eventually(t, "the shared counter is used again", func() error {
		if l.Check() != "ok" || limitstest.Metric(t, l.Metrics, "rate_limiter_fallback") != 0 {
			return harness.ErrNotYet
		}
		return nil
	})
	if s := l.Take(t.Context(), hourly, "joan"); s.Remaining != 4 {
		t.Errorf("%+v", s)
	}
	if s := other.Take(t.Context(), hourly, "joan"); s.Remaining != 3 {
		t.Errorf("the two do not share: %+v", s)
	}
	for _, line := range []string{"counted by each instance for itself", "shared by all instances again"} {
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("want one line %q, got\n%s", line, log)
		}
	}
}

// A success counts for the next time, too, that Shared is away.
func TestWhatIsForgottenIsForgottenInMemory(t *testing.T) {
	t.Parallel()
	shared := newRemote()
	l := newLimiter(t, Options{Shared: shared})
	limitstest.Counted(t.Context(), l, hourly, "ada", 5)
	l.Forget(t.Context(), hourly, "ada")
	shared.broken.Store(true)
	if n := limitstest.Counted(t.Context(), l, hourly, "ada", 9); n != 5 {
		t.Errorf("%d were allowed, want 5", n)
	}
}

func TestKeysAreHashed(t *testing.T) {
	t.Parallel()
	shared := newRemote()
	l := newLimiter(t, Options{Shared: shared})
	l.Take(t.Context(), hourly, "ada@example.com")
	other := New(Options{Shared: shared, Secret: []byte("another"), Metrics: metrics.New("test"), Log: slog.New(slog.DiscardHandler)})
	other.Take(t.Context(), hourly, "ada@example.com")
	if strings.Contains(strings.Join(shared.keys, ""), "ada") || shared.keys[0] == shared.keys[1] {
		t.Errorf("the keys are %q", shared.keys)
	}
}

// fullTable is a memory of one set, and a clock to go with it.
func fullTable() (m *memory, pass func(time.Duration)) {
	now := time.Now()
	return newMemory(ways, func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) }
}

func key(i int) string { return fmt.Sprintf("%-16d", i) }

// Whoever has used up a limit stays refused, however many others come.
func TestAFloodWashesNobodyOut(t *testing.T) {
	t.Parallel()
	m, pass := fullTable()
	for range hourly.Burst {
		m.take(hourly, key(0))
	}
	for i := range 1000 {
		if allowed, _ := m.take(hourly, key(i+1)); !allowed {
			t.Fatalf("the %d. newcomer was refused", i)
		}
	}
	if allowed, _ := m.take(hourly, key(0)); allowed {
		t.Error("who was refused is allowed again")
	}
	pass(time.Hour)
	for i := range ways { // all slots can be had again
		if allowed, ahead := m.take(hourly, key(i)); !allowed || ahead != 12*time.Minute {
			t.Errorf("after an hour, %d is ahead by %v", i, ahead)
		}
	}
}
