package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/limits"
	"gofiber-auth/infrastructure/limits/limitstest"
	"gofiber-auth/pkg/metrics"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
)

// limiter returns the limiter of an instance.
func limiter(t *testing.T, s *redisserver.Server, prefix string) *limits.Limiter {
	t.Helper()
	l := limits.New(limits.Options{
		Shared: NewCounter(connect(t, Options{URL: s.URL()}), prefix), Secret: []byte("secret"),
		Metrics: metrics.New("test"), Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

var fifty = services.Limit{Name: "fifty", Burst: 50, Per: time.Hour}

func TestCounter(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	var n atomic.Int32
	limitstest.Run(t, func(t *testing.T) services.RateLimiter {
		l := limiter(t, server, fmt.Sprint("test", n.Add(1)))
		t.Cleanup(func() {
			if l.Check() != "ok" {
				t.Error("this was counted in memory")
			}
		})
		return l
	})
}

// crowd is instances of which each call goes to the next one.
type crowd struct {
	limiters []*limits.Limiter
	calls    atomic.Uint64
}

func (c *crowd) next() *limits.Limiter { return c.limiters[c.calls.Add(1)%uint64(len(c.limiters))] }

func (c *crowd) Take(ctx context.Context, l services.Limit, key string) services.LimitState {
	return c.next().Take(ctx, l, key)
}

func (c *crowd) Forget(ctx context.Context, l services.Limit, key string) {
	c.next().Forget(ctx, l, key)
}

func TestInstancesShareTheirLimits(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	limitstest.Run(t, func(t *testing.T) services.RateLimiter {
		return &crowd{limiters: []*limits.Limiter{limiter(t, server, t.Name()), limiter(t, server, t.Name())}}
	})
}

func TestWhatCountersKeep(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	l := limiter(t, server, "test:limit")
	l.Take(t.Context(), fifty, "ada@example.com")
	rdb := admin(t, server)
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || !strings.HasPrefix(keys[0], "test:limit:fifty:") || strings.Contains(keys[0], "ada") {
		t.Fatalf("keys = %q, %v", keys, err)
	}
	if ttl, err := rdb.PTTL(t.Context(), keys[0]).Result(); err != nil || ttl <= 0 || ttl > 72*time.Second {
		t.Errorf("the key lives for %v, %v, want until it is as good as new", ttl, err)
	}
	if err := rdb.Set(t.Context(), keys[0], "nonsense", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if s := l.Take(t.Context(), fifty, "ada@example.com"); s.Remaining != 49 {
		t.Errorf("over a value of somebody else: %+v", s)
	}
	if err := rdb.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if s := l.Take(t.Context(), fifty, "ada@example.com"); s.Remaining != 48 || l.Check() != "ok" {
		t.Errorf("after the server forgot the script: %+v", s)
	}
}

// Whatever becomes of Redis while much is asked, nobody waits long, and what is counted stays
// counted.
func TestLimitsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	type act func(t *testing.T, s *redisserver.Server)
	for name, c := range map[string]struct{ away, back act }{
		"killed": {
			func(t *testing.T, s *redisserver.Server) { s.Kill(t) },
			func(t *testing.T, s *redisserver.Server) { s.Start(t) },
		},
		"paused": {
			func(t *testing.T, s *redisserver.Server) { s.Pause(t) },
			func(t *testing.T, s *redisserver.Server) { s.Continue(t) },
		},
		"full": {
			func(t *testing.T, s *redisserver.Server) { setMemory(t, s, "1") },
			func(t *testing.T, s *redisserver.Server) { setMemory(t, s, "0") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redisserver.Start(t)
			l := limiter(t, server, "test")
			if n := limitstest.Counted(t.Context(), l, fifty, "ada", 60); n != 50 {
				t.Fatalf("%d were allowed, want 50", n)
			}

			// Much is under way when it happens.
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for i := range 10 {
				wg.Go(func() {
					for pace := time.NewTicker(time.Millisecond); ctx.Err() == nil; <-pace.C {
						l.Take(ctx, fifty, fmt.Sprint(i))
					}
				})
			}
			c.away(t, server)
			harness.Eventually(t, "it is noticed", func() error {
				if l.Check() == "ok" || limitstest.Metric(t, l.Metrics, "rate_limiter_fallback") != 1 {
					return harness.ErrNotYet
				}
				return nil
			})
			begun := time.Now()
			for range 100 { // one after the other
				if l.Take(t.Context(), fifty, "ada").Allowed {
					t.Error("more of who is refused was allowed")
				}
			}
			if took := time.Since(begun); took > harness.Patience { // a third of what calls of Redis may take
				t.Errorf("100 calls took %v", took)
			}
			if n := limitstest.Counted(t.Context(), l, fifty, "grace", 200); n != 50 {
				t.Errorf("%d of somebody else were allowed, want 50", n)
			}
			c.back(t, server)
			harness.Eventually(t, "it is used again", func() error {
				if l.Check() != "ok" || limitstest.Metric(t, l.Metrics, "rate_limiter_fallback") != 0 {
					return harness.ErrNotYet
				}
				return nil
			})
			stop()
			wg.Wait()
			other := limiter(t, server, "test")
			l.Take(t.Context(), fifty, "joan")
			if s := other.Take(t.Context(), fifty, "joan"); s.Remaining != 48 {
				t.Errorf("the instances do not share: %+v", s)
			}
		})
	}
}

func setMemory(t *testing.T, s *redisserver.Server, limit string) {
	t.Helper()
	if err := admin(t, s).ConfigSet(t.Context(), "maxmemory", limit).Err(); err != nil {
		t.Fatal(err)
	}
}
