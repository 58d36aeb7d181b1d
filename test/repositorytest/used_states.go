package repositorytest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/domain/repositories"
)

// RunUsedStates tests a repositories.UsedStates that remembers at most limit states.
func RunUsedStates(t *testing.T, open func(t *testing.T, limit int) repositories.UsedStates) {
	mark := func(t *testing.T, s repositories.UsedStates, key string, ttl time.Duration) bool {
		t.Helper()
		first, err := s.MarkUsed(t.Context(), key, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return first
	}
	t.Run("of many at once one is the first", func(t *testing.T) {
		t.Parallel()
		s := open(t, 10)
		var firsts atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if first, err := s.MarkUsed(t.Context(), "a", time.Hour); err != nil {
					t.Error(err)
				} else if first {
					firsts.Add(1)
				}
			})
		}
		wg.Wait()
		if n := firsts.Load(); n != 1 {
			t.Errorf("%d were the first", n)
		}
		if !mark(t, s, "b", time.Hour) {
			t.Error("another state counts as used")
		}
	})
	t.Run("beyond the bound those go that would expire first", func(t *testing.T) {
		t.Parallel()
		s := open(t, 3)
		mark(t, s, "soon", time.Minute)
		for i := range 3 {
			mark(t, s, strconv.Itoa(i), time.Hour+time.Duration(i)*time.Minute)
		}
		if mark(t, s, "2", time.Hour) {
			t.Error("the state that would expire last was forgotten")
		}
		if !mark(t, s, "soon", time.Minute) {
			t.Error("more states are remembered than the bound allows")
		}
	})
}
