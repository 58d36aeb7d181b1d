// Package limitstest holds what every services.RateLimiter must do, wherever it counts.
package limitstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/domain/services"
	"gofiber-auth/test/harness"
)

var hourly = services.Limit{Name: "hourly", Burst: 5, Per: time.Hour}

// Run tests the behaviour of an implementation. open returns one that has counted nothing; all
// that it returns may share a place, since each test has keys of its own.
func Run(t *testing.T, open func(t *testing.T) services.RateLimiter) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Counted takes n at once and returns how many were allowed.
func Counted(ctx context.Context, r services.RateLimiter, l services.Limit, key string, n int) int {
	var allowed atomic.Int32
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			if r.Take(ctx, l, key).Allowed {
				allowed.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(allowed.Load())
}

var tests = map[string]func(t *testing.T, r services.RateLimiter){
	"a burst, and then no more": func(t *testing.T, r services.RateLimiter) {
		for i := range 5 {
			s := r.Take(t.Context(), hourly, "ada")
			if !s.Allowed || s.Remaining != 4-i || s.RetryAfter != 0 {
				t.Errorf("the %d. is %+v", i+1, s)
			}
			wantAbout(t, "Reset", s.Reset, time.Duration(i+1)*12*time.Minute)
		}
		for range 3 { // which cost nothing
			s := r.Take(t.Context(), hourly, "ada")
			if s.Allowed || s.Remaining != 0 {
				t.Errorf("one too many is %+v", s)
			}
			wantAbout(t, "RetryAfter", s.RetryAfter, 12*time.Minute)
			wantAbout(t, "Reset", s.Reset, time.Hour)
		}
	},
	"of many at once, a burst": func(t *testing.T, r services.RateLimiter) {
		if n := Counted(t.Context(), r, hourly, "storm", 50); n != 5 {
			t.Errorf("%d of 50 were allowed, want 5", n)
		}
	},
	"keys and limits count apart": func(t *testing.T, r services.RateLimiter) {
		Counted(t.Context(), r, hourly, "grace", 5)
		other := hourly
		other.Name = "other"
		if !r.Take(t.Context(), hourly, "Grace").Allowed || !r.Take(t.Context(), other, "grace").Allowed {
			t.Error("another key, or the key of another limit, was counted with it")
		}
	},
	"what is forgotten begins anew": func(t *testing.T, r services.RateLimiter) {
		Counted(t.Context(), r, hourly, "joan", 5)
		r.Forget(t.Context(), hourly, "joan")
		if s := r.Take(t.Context(), hourly, "joan"); !s.Allowed || s.Remaining != 4 {
			t.Errorf("Take() after Forget() = %+v", s)
		}
		r.Forget(t.Context(), hourly, "nobody")
	},
	"time lets one more through after the other": func(t *testing.T, r services.RateLimiter) {
		quick := services.Limit{Name: "quick", Burst: 2, Per: time.Second}
		s := r.Take(t.Context(), quick, "mary")
		for s.Allowed { // on a busy machine more than a burst may pass
			s = r.Take(t.Context(), quick, "mary")
		}
		if s.RetryAfter <= 0 || s.RetryAfter > 500*time.Millisecond {
			t.Fatalf("one too many is %+v", s)
		}
		begun := time.Now()
		harness.Eventually(t, "one more is allowed", func() error {
			if s = r.Take(t.Context(), quick, "mary"); !s.Allowed {
				return harness.ErrNotYet
			}
			return nil
		})
		if took := time.Since(begun); took < 100*time.Millisecond && s.Remaining > 0 {
			t.Errorf("a whole burst after %v: %+v", took, s)
		}
	},
	"the end of a request ends no count": func(t *testing.T, r services.RateLimiter) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if n := Counted(ended, r, hourly, "gone", 8); n != 5 {
			t.Errorf("%d of 8 were allowed, want 5", n)
		}
		if r.Take(t.Context(), hourly, "gone").Allowed {
			t.Error("they were not counted")
		}
	},
	"a key may be anything": func(t *testing.T, r services.RateLimiter) {
		for i, key := range []string{"", "\x00", "a:b", "a b\r\n", string(make([]byte, 1000)), "ก", "\xff"} {
			if n := Counted(t.Context(), r, services.Limit{Name: fmt.Sprint("odd", i), Burst: 1, Per: time.Hour}, key, 2); n != 1 {
				t.Errorf("%.20q: %d of 2 were allowed, want 1", key, n)
			}
		}
	},
	"what is refused says so in one error": func(t *testing.T, r services.RateLimiter) {
		l := services.Limit{Name: "single", Burst: 1, Per: time.Minute}
		if err := l.Exceeded(r.Take(t.Context(), l, "eve")); err != nil {
			t.Errorf("the first is %v", err)
		}
		refused, ok := errors.AsType[*services.Exceeded](l.Exceeded(r.Take(t.Context(), l, "eve")))
		if !ok || refused.Limit != l || refused.State.RetryAfter <= 0 {
			t.Errorf("the second is %+v", refused)
		}
	},
}

// wantAbout allows for the time that the test takes.
func wantAbout(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got > want || got < want-time.Minute {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}
