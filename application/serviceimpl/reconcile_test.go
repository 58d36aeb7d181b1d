package serviceimpl_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/test/storage"
)

// since returns the versions of the user's events that the bus got after it had n.
func (b *bus) since(n int, userID string) (versions []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events[n:] {
		if e.UserID == userID {
			versions = append(versions, e.Version)
		}
	}
	return versions
}

// had returns how many events the bus has got so far.
func (b *bus) had() (n int) {
	b.set(func(b *bus) { n = len(b.events) })
	return n
}

// What the stream lost goes out again before anything newer of the user, soon after the bus
// is back, and whether or not anything new happens.
func TestWhatTheStreamLostIsPublishedAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(b *bus){
		"its files": (*bus).loseAll,
		"its end":   func(b *bus) { b.set(func(b *bus) { b.events = b.events[:2] }) },
		"everything, by a purge": func(b *bus) {
			b.set(func(b *bus) { b.stream.First = 6 })
		},
		"some in between": func(b *bus) { b.set(func(b *bus) { b.stream.Deleted = []uint64{3, 4, 5} }) },
	} {
		for _, newer := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/newer=%v", name, newer), func(t *testing.T) {
				withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
					b.stream = models.StreamState{ID: 7, First: 1}
					ada := newID()
					commit(t, store, newID(), 1, 1) // somebody else
					commit(t, store, ada, 1, 4)
					relay, wakeups := newRelay(store, b, "a")
					var told atomic.Int64
					relay.Reconciled = func(n int64) { told.Add(n) }
					defer running(t, relay)()
					synctest.Wait()
					if got := b.versions(ada); !slices.Equal(got, []int64{1, 2, 3, 4}) {
						t.Fatalf("versions %v", got)
					}
					lose(b)
					b.forgetful() // that a purge does not do that is the publisher's affair
					had := b.had()
					want := []int64{1, 2, 3, 4}
					if name == "its end" || name == "some in between" {
						want = []int64{2, 3, 4}
					}
					if newer {
						commit(t, store, ada, 5, 5)
						wakeups.Committed()
						synctest.Wait() // no time passes
						want = append(want, 5)
					} else {
						pass(3 * time.Second)
					}
					got := b.since(had, ada)
					if !slices.Equal(got, want) {
						t.Errorf("published again: %v, want %v", got, want)
					}
					if n, told := int64(len(want)), told.Load(); told < n-1 || told > n+1 {
						t.Errorf("%d events were reconciled, want about %d", told, n)
					}
					pass(time.Minute)
					if again := b.since(had, ada); len(again) != len(got) {
						t.Errorf("published again and again: %v", again)
					}
				})
			})
		}
	}
}

// What went by its age is not missing.
func TestWhatAgedIsNotPublishedAgain(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		b.stream = models.StreamState{ID: 7, First: 1, MaxAge: time.Hour}
		old, young := newID(), newID()
		commit(t, store, old, 1, 3)
		relay, wakeups := newRelay(store, b, "a")
		stop := running(t, relay)
		pass(59*time.Minute + 30*time.Second)
		commit(t, store, young, 1, 2)
		wakeups.Committed()
		synctest.Wait()
		b.set(func(b *bus) { b.stream.First = 4 }) // a little before its time
		pass(time.Minute)
		if got := b.versions(old); len(got) != 3 {
			t.Errorf("after it aged: %v", got)
		}
		stop()
		b.loseAll()
		successor, _ := newRelay(store, b, "b")
		defer running(t, successor)()
		pass(6 * time.Second)
		if o, y := b.versions(old), b.versions(young); len(o) != 3 || !slices.Equal(y, []int64{1, 2, 1, 2}) {
			t.Errorf("after all was lost: old %v, young %v", o, y)
		}
	})
}

// A stream that loses what exceeds its limits loses by rights; one that another instance
// published to has lost nothing.
func TestASuccessorComparesWithWhatIsNoted(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		b.stream = models.StreamState{ID: 7, First: 1}
		ada := newID()
		commit(t, store, ada, 1, 3)
		first, _ := newRelay(store, b, "first")
		stop := running(t, first)
		synctest.Wait()
		stop() // it dies with its lease
		successor, _ := newRelay(store, b, "successor")
		defer running(t, successor)()
		pass(10 * time.Second)
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("versions %v", got)
		}
		b.set(func(b *bus) { b.events = b.events[:1] })
		pass(10 * time.Second)
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("after the end was lost: %v", got)
		}
	})
}
