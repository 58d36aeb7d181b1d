package serviceimpl_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/test/storage"
)

// slow answers for a bus later than that has the events.
type slow struct {
	*bus

	by time.Duration
}

func (s *slow) Publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent) []services.PublishResult {
	results := s.bus.Publish(ctx, stream, events)
	time.Sleep(s.by)
	return results
}

// What a relay is told after it has lost its lease, of a stream that is lost too, hides nothing
// from the relay that publishes again what was lost.
func TestALateAcknowledgementOfALostStream(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, b, ada := storage.Open(t), new(bus), newID()
		b.stream = models.StreamState{ID: 7, First: 1}
		commit(t, store, ada, 1, 3)
		first, _ := newRelay(store, b, "first")
		stop := running(t, first)
		synctest.Wait()
		stop()
		pass(5 * time.Second) // its lease

		commit(t, store, ada, 4, 4)
		late, _ := newRelay(store, b, "late")
		late.Publisher = &slow{b, 7 * time.Second} // its batch has an event that is not acknowledged
		defer running(t, late)()
		pass(time.Second)
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Fatalf("versions %v", got)
		}
		b.loseAll()
		had := b.had()
		other, _ := newRelay(store, b, "other")
		other.Publisher = &slow{b, 2 * time.Second}
		defer running(t, other)()
		pass(time.Minute)
		if got := b.since(had, ada); !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Errorf("published again: %v", got)
		}
	})
}

// A batch that takes the bus longer than a lease lasts is still this instance's.
func TestALongBatchKeepsTheLease(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, b, ada := storage.Open(t), new(bus), newID()
		commit(t, store, ada, 1, 2)
		long, _ := newRelay(store, b, "long")
		long.Publisher = &slow{b, 12 * time.Second}
		defer running(t, long)()
		synctest.Wait()
		idle := new(bus)
		other, _ := newRelay(store, idle, "other")
		defer running(t, other)()
		pass(time.Minute)
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2}) || idle.tries() != 0 {
			t.Errorf("published %v, the other tried %d times", got, idle.tries())
		}
		if n := waiting(t, store); n != 0 {
			t.Errorf("%d events wait", n)
		}
	})
}

// An instance that was paused past its lease publishes nothing of what it was about to.
func TestAPausedInstancePublishesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, b, ada := storage.Open(t), new(bus), newID()
		paused, _ := newRelay(store, b, "paused")
		var held atomic.Bool
		paused.Publisher = &hesitant{bus: b, held: &held}
		commit(t, store, ada, 1, 1)
		defer running(t, paused)()
		pass(10 * time.Second) // it has the lease no longer
		if !held.Load() {
			t.Error("it published after its lease had ended")
		}
	})
}

// hesitant stands still before it publishes, as a process does that is paused.
type hesitant struct {
	*bus

	held *atomic.Bool // whether the context had ended when it went on
}

func (h *hesitant) Stream(ctx context.Context) (models.StreamState, error) {
	time.Sleep(5 * time.Second)
	return h.bus.Stream(ctx)
}

func (h *hesitant) Publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent) []services.PublishResult {
	h.held.Store(ctx.Err() != nil)
	return h.bus.Publish(ctx, stream, events)
}
