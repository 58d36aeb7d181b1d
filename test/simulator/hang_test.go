package simulator_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// TestHangs has 50 people wait for providers that hang, or drip, while others go on as if
// nothing were. The pool of the database is small, so that it would show if the waiting held
// connections.
func TestHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"DATABASE_URL": pgtest.New(t), "DB_MAX_OPEN_CONNS": "2", "DB_MAX_IDLE_CONNS": "2"})
	member := w.newBrowser().logIn(t, fakeidp.LINE, fakeidp.Answer{Subject: w.name("s"), Email: w.email("member")})

	var waiting atomic.Int64
	hang := func(_ http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		w.Hang(r)
	}
	drip := func(rw http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		rw.Header().Set("Content-Type", "application/json")
		ticks := time.NewTicker(100 * time.Millisecond)
		defer ticks.Stop()
		for {
			if _, err := rw.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush() // the next write tells
			select {
			case <-ticks.C:
			case <-r.Context().Done():
				return
			}
		}
	}
	keys := http.HandlerFunc(hang)
	w.Providers[fakeidp.Google].KeysAnswer.Store(&keys)
	scripts := []struct {
		provider string
		answer   fakeidp.Answer
	}{
		{fakeidp.Google, fakeidp.Answer{TokenAnswer: hang}},
		{fakeidp.Google, fakeidp.Answer{}}, // its keys hang
		{fakeidp.LINE, fakeidp.Answer{TokenAnswer: drip}},
		{fakeidp.Facebook, fakeidp.Answer{ProfileAnswer: hang}},
		{fakeidp.Facebook, fakeidp.Answer{ProfileAnswer: drip}},
	}
	var flows sync.WaitGroup
	for i := range 50 {
		script := scripts[i%len(scripts)]
		script.answer.Subject, script.answer.Email, script.answer.Verified = w.name("s"), w.email("hanging"), true
		flows.Go(func() {
			b := w.newBrowser()
			f := b.begin(t, script.provider, true)
			callback := b.decide(t, f, script.answer)
			begun := time.Now()
			got, _, _ := b.finish(t, f, callback)
			if took := time.Since(begun); got != "provider_error" || took > withinTime {
				t.Errorf("%s hangs: %q after %s, want provider_error within %s", script.provider, got, took, withinTime)
			}
		})
	}
	harness.Eventually(t, "people wait", func() error {
		if waiting.Load() < 40 {
			return harness.ErrNotYet
		}
		return nil
	})
	for range 20 {
		begun := time.Now()
		w.me(t, member.Token)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("GET /users/me took %s while others wait for providers", took)
		}
	}
	begun := time.Now()
	w.newBrowser().logIn(t, fakeidp.LINE, fakeidp.Answer{Subject: w.name("s"), Email: w.email("meanwhile")})
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a log-in took %s while others wait for providers", took)
	}
	flows.Wait()
	if users := w.users(t, "hanging"); len(users) != 0 {
		t.Errorf("there are users now: %v", users)
	}
}
