package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/domain"
)

// slow is a database that takes a second for every query and knows what begins with "k".
type slow struct {
	mu      sync.Mutex
	queries [][]string
	err     error
	most    int // queries at a time
	running int
}

func (s *slow) fetch(ctx context.Context, keys []string) (map[string]string, error) {
	s.mu.Lock()
	s.queries = append(s.queries, keys)
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	time.Sleep(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	found := map[string]string{}
	for _, k := range keys {
		if k[0] == 'k' {
			found[k] = "value of " + k
		}
	}
	return found, errors.Join(s.err, ctx.Err())
}

func TestLookupsShareQueries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := new(slow)
		g := &gatherer[string]{fetch: db.fetch}
		var wg sync.WaitGroup
		var right atomic.Int32
		for i := range 100 {
			wg.Go(func() {
				key := "k" + string(rune('a'+i%26))
				if value, err := g.get(t.Context(), key); err == nil && value == "value of "+key {
					right.Add(1)
				}
			})
			synctest.Wait() // each comes after the one before
		}
		wg.Wait()
		synctest.Wait()
		if right.Load() != 100 {
			t.Errorf("%d of 100 got their value", right.Load())
		}
		if len(db.queries) != 3 || len(db.queries[0]) != 1 || len(db.queries[1]) != 1 {
			t.Errorf("%d queries for 100 look-ups, want two that go out at once and one for all others", len(db.queries))
		}
		if db.most != gatherQueries {
			t.Errorf("%d queries at a time, want %d", db.most, gatherQueries)
		}
		if g.running != 0 || len(g.waiting) != 0 {
			t.Errorf("%d turns are not given back, %d wait", g.running, len(g.waiting))
		}
	})
}

// A look-up must not be answered by a query that began before it came: the row may have
// changed since.
func TestNoAnswerIsOlderThanItsQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := new(slow)
		g := &gatherer[string]{fetch: db.fetch}
		for range gatherQueries { // all turns are taken, for the same key
			go func() { _, _ = g.get(t.Context(), "k") }()
		}
		synctest.Wait()
		begun := time.Now()
		if _, err := g.get(t.Context(), "k"); err != nil {
			t.Error(err)
		}
		if waited := time.Since(begun); waited != 2*time.Second {
			t.Errorf("answered after %s, want one query to end and another to run", waited)
		}
		synctest.Wait()
		if n := len(db.queries); n != gatherQueries+1 {
			t.Errorf("%d queries", n)
		}
	})
}

func TestLookupsThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := new(slow)
		g := &gatherer[string]{fetch: db.fetch}
		if _, err := g.get(t.Context(), "unknown"); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("an unknown key = %v", err)
		}
		db.err = domain.ErrUnavailable
		errs := make([]error, 10)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = g.get(t.Context(), "k") })
		}
		wg.Wait()
		if slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, domain.ErrUnavailable) }) {
			t.Errorf("a failed query gave %v", errs)
		}
	})
}

// Who gives up does not take the others along.
func TestALookupGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gatherer[string]{fetch: new(slow).fetch}
		for range gatherQueries {
			go func() { _, _ = g.get(t.Context(), "k0") }()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		patient := make(chan error)
		go func() { _, err := g.get(t.Context(), "k1"); patient <- err }()
		begun := time.Now()
		if _, err := g.get(ctx, "k2"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 500*time.Millisecond {
			t.Errorf("get() = %v after %s", err, time.Since(begun))
		}
		if err := <-patient; err != nil {
			t.Errorf("the patient one got %v", err)
		}
	})
}
