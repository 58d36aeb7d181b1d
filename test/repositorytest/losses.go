package repositorytest

import (
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"math"
	"testing"
	"time"
)

var lossTests = map[string]func(t *testing.T, s store){
	"what another stream acknowledged is lost": func(t *testing.T, s store) {
		older, newer, kept := event(account("A"), 1), event(account("B"), 1), event(account("C"), 1)
		s.append(t, older, newer, kept)
		s.markFrom(t, stream-1, 7, now, older)
		s.markFrom(t, stream+1, 7, now, newer)
		s.markFrom(t, stream, 7, now, kept)
		s.wantRequeued(t, whole(), 10, 2)
		wantHeads(t, s, 10, older, newer)
		s.wantRequeued(t, whole(), 10, 0)
	},
	"what is below the first, above the last or deleted is lost": func(t *testing.T, s store) {
		events := make([]models.OutboxEvent, 8) // with the sequences 1 to 8
		for i := range events {
			events[i] = event(account(string(rune('A'+i))), 1)
		}
		s.append(t, events...)
		s.mark(t, events...)
		l := whole()
		l.First, l.Last, l.Deleted = 3, 7, []uint64{2, 4, 5, 99}
		s.wantRequeued(t, l, 10, 5)
		wantHeads(t, s, 10, events[0], events[1], events[3], events[4], events[7])
	},
	"of a stream that is empty all is lost": func(t *testing.T, s store) {
		ada := account("Ada")
		events := []models.OutboxEvent{event(ada, 1), event(ada, 2), event(ada, 3)}
		s.append(t, events...)
		s.mark(t, events...)
		s.wantRequeued(t, repositories.Loss{StreamID: stream, First: 4, Last: 3}, 10, 3)
		wantHeads(t, s, 10, events[0])
		wantPending(t, s, 3)
	},
	"what is below From was looked at before": func(t *testing.T, s store) {
		first, second, third := event(account("A"), 1), event(account("B"), 1), event(account("C"), 1)
		s.append(t, first, second, third)
		s.mark(t, first, second, third)
		l := whole()
		l.From, l.First = 2, 3
		s.wantRequeued(t, l, 10, 1)
		wantHeads(t, s, 10, second)
	},
	"what was acknowledged before Since went by its age": func(t *testing.T, s store) {
		old, young := event(account("A"), 1), event(account("B"), 1)
		s.append(t, old, young)
		s.markFrom(t, stream-1, 1, now.Add(-time.Microsecond), old)
		s.markFrom(t, stream-1, 2, now, young)
		l := whole()
		l.Since = now
		s.wantRequeued(t, l, 10, 1)
		wantHeads(t, s, 10, young)
	},
	"so many at a time": func(t *testing.T, s store) {
		ada := account("Ada")
		events := []models.OutboxEvent{event(ada, 1), event(ada, 2), event(ada, 3)}
		s.append(t, events...)
		s.markFrom(t, stream-1, 1, now, events...)
		s.wantRequeued(t, whole(), 2, 2)
		s.wantRequeued(t, whole(), 2, 1)
		s.wantRequeued(t, whole(), 2, 0)
		wantPending(t, s, 3)
	},
	"nothing of a user is lost whose deletion the stream has": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, a2, g1, g2 := event(ada, 1), deletion(ada, 2), event(grace, 1), deletion(grace, 2)
		s.append(t, a1, a2, g1, g2)
		s.mark(t, a1, a2, g1, g2) // 1 to 4
		l := whole()
		l.First, l.Deleted = 2, []uint64{3, 4}
		s.wantRequeued(t, l, 10, 2) // grace's, whose deletion is lost too
		wantHeads(t, s, 10, g1)
		l.First = 3
		s.wantRequeued(t, l, 10, 2)
		wantHeads(t, s, 10, a1, g1)
	},
	"nothing is written by who has lost the lease": func(t *testing.T, s store) {
		ada, grace := event(account("Ada"), 1), event(account("Grace"), 1)
		s.append(t, ada, grace)
		mine, others := repositories.Lease{Name: "relay", Holder: "me"}, repositories.Lease{Name: "relay", Holder: "somebody else"}
		mark := func(l repositories.Lease, e models.OutboxEvent) error {
			acks := []repositories.Published{{EventID: e.ID, StreamID: stream - 1, StreamSequence: 1}}
			return s.Outbox.MarkPublished(t.Context(), l, acks, now)
		}
		requeue := func(l repositories.Lease) error {
			_, err := s.Outbox.RequeueLost(t.Context(), l, whole(), 10)
			return err
		}
		wantError(t, "MarkPublished() without a lease", mark(mine, ada), repositories.ErrLeaseLost)
		wantGot(t, true)(s.Leases.Acquire(t.Context(), "relay", "me", time.Microsecond))
		noError(t, "MarkPublished() with a lease that has run out and is nobody else's", mark(mine, ada))
		wantError(t, "MarkPublished() with another's lease", mark(others, grace), repositories.ErrLeaseLost)
		wantHeads(t, s, 10, grace)
		wantError(t, "RequeueLost() with another's lease", requeue(others), repositories.ErrLeaseLost)
		wantHeads(t, s, 10, grace)
		noError(t, "RequeueLost()", requeue(mine))
		wantHeads(t, s, 10, ada, grace)
	},
	"the last sequence of a stream, and the last acknowledgement": func(t *testing.T, s store) {
		_, _, err := s.Outbox.LastPublished(t.Context())
		wantError(t, "LastPublished() of nothing", err, domain.ErrNotFound)
		s.wantLastSequence(t, stream, 0)
		first, second, third := event(account("A"), 1), event(account("B"), 1), event(account("C"), 1)
		s.append(t, first, second, third)
		s.markFrom(t, stream, 41, now, first, second)
		s.markFrom(t, stream-1, 900, now.Add(-time.Minute), third)
		s.wantLastSequence(t, stream, 42)
		s.wantLastSequence(t, stream-1, 900)
		s.wantLastSequence(t, stream+1, 0)
		last, at, err := s.Outbox.LastPublished(t.Context())
		noError(t, "LastPublished()", err)
		wantSame(t, []any{last, at}, []any{repositories.Published{EventID: second.ID, StreamID: stream, StreamSequence: 42}, kept(now)})
	},
}

// whole is the comparison with a stream that has lost nothing.
func whole() repositories.Loss {
	return repositories.Loss{StreamID: stream, First: 1, Last: math.MaxUint64}
}

// deletion returns the event that says that the user was deleted.
func deletion(u models.User, version int64) models.OutboxEvent {
	e := event(u, version)
	e.Action = models.ActionDeleted
	return e
}

func (s store) wantRequeued(t *testing.T, l repositories.Loss, limit int, want int64) {
	t.Helper()
	n, err := s.Outbox.RequeueLost(t.Context(), repositories.Lease{}, l, limit)
	noError(t, "RequeueLost()", err)
	if n != want {
		t.Fatalf("%d events were requeued, want %d", n, want)
	}
}

func (s store) wantLastSequence(t *testing.T, streamID int64, want uint64) {
	t.Helper()
	last, err := s.Outbox.LastSequence(t.Context(), streamID)
	noError(t, "LastSequence()", err)
	if last != want {
		t.Fatalf("the last sequence is %d, want %d", last, want)
	}
}
