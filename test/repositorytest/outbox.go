package repositorytest

import (
	"context"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"strings"
	"testing"
	"time"
)

var outboxTests = map[string]func(t *testing.T, s store){
	"the events of a user are found, the newest first": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		first, second, third := event(ada, 1), event(ada, 2), event(ada, 3)
		s.append(t, first, second, event(grace, 1), third)
		for id, want := range map[string][]models.OutboxEvent{ada.ID: {third, second}, strings.ToUpper(ada.ID): {third, second}, newID(): nil, "no id": nil} {
			got, err := s.Outbox.EventsOf(t.Context(), id, 2)
			noError(t, "EventsOf()", err)
			wantSame(t, append([]models.OutboxEvent{}, got...), append([]models.OutboxEvent{}, want...))
		}
		wantSame(t, lenOf(s.Outbox.EventsOf(t.Context(), ada.ID, -1)), 0)
	},
	"every field comes back": func(t *testing.T, s store) {
		first, second := event(account("Ada"), 1), event(account("Grace"), 1)
		second.Action, second.RequestID, second.Version = models.ActionDeleted, "", 9
		s.append(t, first, second)
		wantHeads(t, s, 10, first, second)
	},
	"the head of a user is its lowest version, and heads come oldest first": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, g1, a2, g2, a3 := event(ada, 1), event(grace, 1), event(ada, 2), event(grace, 2), event(ada, 3)
		s.append(t, a1, g1, a2, g2, a3)
		wantHeads(t, s, 10, a1, g1)
		s.mark(t, g1)
		wantHeads(t, s, 10, a1, g2)
		s.mark(t, a1, g2)
		wantHeads(t, s, 10, a2)
		s.mark(t, a2)
		wantHeads(t, s, 10, a3)
		s.mark(t, a3)
		wantHeads(t, s, 10)
	},
	"an older event that commits late is not missed": func(t *testing.T, s store) {
		late, early := event(account("Late"), 1), event(account("Early"), 1) // in the order of their ids
		s.append(t, early)
		wantHeads(t, s, 10, early)
		s.mark(t, early)
		s.append(t, late)
		wantHeads(t, s, 10, late)
	},
	"acknowledgements that mean nothing do no harm": func(t *testing.T, s store) {
		ada := event(account("Ada"), 1)
		s.append(t, ada)
		err := s.Outbox.MarkPublished(t.Context(), repositories.Lease{}, []repositories.Published{{EventID: newID(), StreamSequence: 1}, {EventID: "no id", StreamSequence: 2}}, now)
		noError(t, "MarkPublished() of strangers", err)
		noError(t, "MarkPublished() of none", s.Outbox.MarkPublished(t.Context(), repositories.Lease{}, nil, now))
		wantHeads(t, s, 10, ada)
		s.mark(t, ada)
		s.mark(t, ada)
		wantPending(t, s, 0)
	},
	"the backlog tells how many wait and since when": func(t *testing.T, s store) {
		pending, oldest, err := s.Outbox.Backlog(t.Context())
		noError(t, "Backlog()", err)
		if pending != 0 || !oldest.IsZero() {
			t.Fatalf("Backlog() of an empty outbox = %d, %v", pending, oldest)
		}
		first, second := event(account("Ada"), 1), event(account("Grace"), 1)
		second.OccurredAt = kept(now.Add(time.Minute))
		s.append(t, first, second)
		wantBacklog(t, s, 2, first.OccurredAt)
		s.mark(t, first)
		wantBacklog(t, s, 1, second.OccurredAt)
	},
	"what was published long ago is deleted, so many at a time": func(t *testing.T, s store) {
		ada := account("Ada")
		old, waits := []models.OutboxEvent{event(ada, 1), event(ada, 2), event(ada, 3)}, event(ada, 4)
		s.append(t, append(old, waits)...)
		s.mark(t, old...)
		remove := func(before time.Time, limit int, want int64) {
			t.Helper()
			wantGot(t, want)(s.Outbox.DeletePublished(t.Context(), before, limit))
		}
		remove(now, 10, 0) // published at that very time
		later := now.Add(time.Microsecond)
		remove(later, 2, 2)
		remove(later, 2, 1)
		remove(later.Add(time.Hour), 2, 0)
		wantHeads(t, s, 10, waits)
	},
	"one version of a user is one event": func(t *testing.T, s store) {
		ada := account("Ada")
		s.append(t, event(ada, 1))
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Outbox.Append(ctx, event(ada, 1)) })
		if err == nil {
			t.Fatal("a second event of one version was taken")
		}
		wantPending(t, s, 1)
	},
}

// stream is the id of the stream that the fixtures are published to: its creation in ns.
const stream int64 = 1_795_000_000_123_456_789

// mark acknowledges events at now, as the first of the stream.
func (s store) mark(t *testing.T, events ...models.OutboxEvent) {
	t.Helper()
	s.markFrom(t, stream, 1, now, events...)
}

// markFrom acknowledges events as those of a stream from a sequence on.
func (s store) markFrom(t *testing.T, streamID int64, sequence uint64, at time.Time, events ...models.OutboxEvent) {
	t.Helper()
	acks := make([]repositories.Published, len(events))
	for i, e := range events {
		acks[i] = repositories.Published{EventID: e.ID, StreamID: streamID, StreamSequence: sequence + uint64(i)}
	}
	noError(t, "MarkPublished()", s.Outbox.MarkPublished(t.Context(), repositories.Lease{}, acks, at))
}

func wantHeads(t *testing.T, s store, limit int, want ...models.OutboxEvent) {
	t.Helper()
	got, err := s.Outbox.Heads(t.Context(), limit)
	noError(t, "Heads()", err)
	wantSame(t, append([]models.OutboxEvent{}, got...), append([]models.OutboxEvent{}, want...))
}

func wantPending(t *testing.T, s store, want int64) {
	t.Helper()
	pending, _, err := s.Outbox.Backlog(t.Context())
	noError(t, "Backlog()", err)
	if pending != want {
		t.Fatalf("%d events wait, want %d", pending, want)
	}
}

func wantBacklog(t *testing.T, s store, want int64, since time.Time) {
	t.Helper()
	pending, oldest, err := s.Outbox.Backlog(t.Context())
	noError(t, "Backlog()", err)
	wantSame(t, []any{pending, oldest}, []any{want, since})
}
