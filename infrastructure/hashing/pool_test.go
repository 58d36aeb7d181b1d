package hashing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/pkg/metrics"
)

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	p := New(Options{Cost: 4})
	t.Cleanup(p.Close)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			hash, err := p.Hash(t.Context(), "correct horse")
			if err != nil {
				t.Errorf("Hash() = %v", err)
				return
			}
			if ok, stale, err := p.Verify(t.Context(), hash, "correct horse"); !ok || stale || err != nil {
				t.Errorf("Verify(right) = %v, %v, %v", ok, stale, err)
			}
			if ok, _, err := p.Verify(t.Context(), hash, "wrong horse"); ok || err != nil {
				t.Errorf("Verify(wrong) = %v, %v", ok, err)
			}
			if ok, _, err := p.Verify(t.Context(), "", ""); ok || err != nil {
				t.Errorf("Verify(no hash) = %v, %v", ok, err)
			}
		})
	}
	wg.Wait()
}

// Jobs of the tests below sleep in the fake time of their bubble, so that how long one takes
// is exact.

// bubble runs f with a pool, in a bubble, and closes it.
func bubble(t *testing.T, workers, length int, f func(t *testing.T, p *Pool, m *metrics.Metrics)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("test")
		p := newPool(Options{Cost: 4, Workers: workers, Queue: length, Metrics: m}, func() error { return nil })
		defer p.Close()
		f(t, p, m)
	})
}

// submit runs a job that takes d and delivers how that ended.
func submit(ctx context.Context, p *Pool, d time.Duration) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- p.do(ctx, func() { time.Sleep(d) }) }()
	synctest.Wait()
	return ended
}

func TestFullQueue(t *testing.T) {
	t.Parallel()
	bubble(t, 2, 6, func(t *testing.T, p *Pool, m *metrics.Metrics) {
		for range 64 { // until the average has forgotten its estimate
			if err := <-submit(t.Context(), p, 4*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		var accepted []<-chan error
		for range 2 + 6 {
			accepted = append(accepted, submit(t.Context(), p, 4*time.Second))
		}

		err := p.do(t.Context(), func() { t.Error("a refused job ran") })
		var overloaded *domain.Error
		if !errors.Is(err, domain.ErrOverloaded) || !errors.As(err, &overloaded) {
			t.Fatalf("a job too many = %v, want %v", err, domain.ErrOverloaded)
		}
		// 8 jobs of 4 s on 2 workers.
		if got := overloaded.RetryAfter.Round(time.Second); got != 16*time.Second {
			t.Errorf("RetryAfter = %v, want 16s", overloaded.RetryAfter)
		}
		wantMetrics(t, m, map[string]float64{
			"password_pool_queue_depth": 6, "password_pool_busy_workers": 2, "password_pool_rejected_total": 1,
		})

		for _, a := range accepted {
			if err := <-a; err != nil {
				t.Errorf("an accepted job = %v", err)
			}
		}
		wantMetrics(t, m, map[string]float64{
			"password_pool_queue_depth": 0, "password_pool_busy_workers": 0, "password_pool_rejected_total": 1,
			"password_pool_wait_seconds":       64 + 8,
			"password_pool_wait_seconds (sum)": 2*4 + 2*8 + 2*12,
		})
		if err := <-submit(t.Context(), p, 0); err != nil {
			t.Errorf("a job after the storm = %v", err)
		}
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	bubble(t, 1, 10, func(t *testing.T, p *Pool, _ *metrics.Metrics) {
		blocker := submit(t.Context(), p, time.Second)
		var order []int
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if err := p.do(t.Context(), func() { order = append(order, i) }); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		if err := <-blocker; err != nil {
			t.Error(err)
		}
		wg.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("jobs 0 to 9 ran in the order %v", order)
			}
		}
	})
}

func TestWhoeverGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	bubble(t, 1, 2, func(t *testing.T, p *Pool, m *metrics.Metrics) {
		running, stop := context.WithCancel(t.Context())
		blocker := submit(running, p, time.Minute)
		impatient, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		var left []error
		for range 2 {
			left = append(left, p.do(impatient, func() { t.Error("a job that left was computed") }))
			impatient, giveUp = context.WithTimeout(t.Context(), time.Second)
			defer giveUp()
		}
		for _, err := range left {
			if !errors.Is(err, domain.ErrOverloaded) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a job that left = %v, want %v because of its deadline", err, domain.ErrOverloaded)
			}
		}
		wantMetrics(t, m, map[string]float64{"password_pool_queue_depth": 0, "password_pool_busy_workers": 1, "password_pool_rejected_total": 0})

		// Their places are free, and nobody behind them waits longer.
		first, second := submit(t.Context(), p, time.Second), submit(t.Context(), p, time.Second)
		stop() // the job at the worker is done nonetheless
		for name, c := range map[string]<-chan error{"running": blocker, "first": first, "second": second} {
			if err := <-c; err != nil {
				t.Errorf("%s = %v", name, err)
			}
		}

		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Hash(stopped, "correct horse"); !errors.Is(err, domain.ErrOverloaded) {
			t.Errorf("Hash() for a client that is gone = %v, want %v", err, domain.ErrOverloaded)
		}
	})
}

func TestAPanicFailsItsJobAlone(t *testing.T) {
	t.Parallel()
	p := New(Options{Cost: 4, Workers: 1})
	t.Cleanup(p.Close)
	for range 3 {
		err := p.do(t.Context(), func() { panic("boom") })
		if err == nil || errors.Is(err, domain.ErrOverloaded) || !strings.Contains(err.Error(), "boom") {
			t.Errorf("a panicking job = %v", err)
		}
	}
	if _, err := p.Hash(t.Context(), "correct horse"); err != nil {
		t.Errorf("Hash() after panics = %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	bubble(t, 1, 8, func(t *testing.T, p *Pool, m *metrics.Metrics) {
		running := submit(t.Context(), p, time.Minute)
		waiting := []<-chan error{submit(t.Context(), p, time.Minute), submit(t.Context(), p, time.Minute)}
		begin := time.Now()
		p.Close()
		if got := time.Since(begin); got != time.Minute {
			t.Errorf("Close() took %v, want the rest of the running job, 1m0s", got)
		}
		if err := <-running; err != nil {
			t.Errorf("the job that ran at Close = %v", err)
		}
		for _, w := range waiting {
			if err := <-w; !errors.Is(err, domain.ErrOverloaded) {
				t.Errorf("a job that waited at Close = %v, want %v", err, domain.ErrOverloaded)
			}
		}
		if _, _, err := p.Verify(t.Context(), "", ""); !errors.Is(err, domain.ErrOverloaded) {
			t.Errorf("Verify() after Close = %v, want %v", err, domain.ErrOverloaded)
		}
		wantMetrics(t, m, map[string]float64{"password_pool_queue_depth": 0, "password_pool_busy_workers": 0, "password_pool_rejected_total": 0})
	})
}

// Not parallel: it looks at GOMAXPROCS, which is the whole process's.
func TestWithoutThreadPriority(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	var log bytes.Buffer
	p := newPool(Options{Cost: 4, Workers: 3, Log: slog.New(slog.NewJSONHandler(&log, nil))},
		func() error { return errors.New("not permitted") })
	t.Cleanup(p.Close)

	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS = %d, want %d as before", got, before)
	}
	if got := strings.Count(log.String(), "not permitted"); got != 1 {
		t.Errorf("the log says so %d times, want once:\n%s", got, log.String())
	}
	hash, err := p.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := p.Verify(t.Context(), hash, "correct horse"); !ok || err != nil {
		t.Errorf("Verify() = %v, %v", ok, err)
	}
}

// wantMetrics compares metrics by name: a histogram's is its count, with "(sum)" its sum.
func wantMetrics(t *testing.T, m *metrics.Metrics, want map[string]float64) {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		one := f.GetMetric()[0]
		got[f.GetName()] = one.GetGauge().GetValue() + one.GetCounter().GetValue() + float64(one.GetHistogram().GetSampleCount())
		got[f.GetName()+" (sum)"] = one.GetHistogram().GetSampleSum()
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %v, want %v", name, got[name], value)
		}
	}
}
