package repositorytest

import (
	"context"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"testing"
	"time"
)

// all asks for everything that is due.
var all = repositories.DeliveryQuery{Fresh: 100, Failed: 100}

var deliveryTests = map[string]func(t *testing.T, s store){
	"every field comes back": func(t *testing.T, s store) {
		e := event(account("Ada"), 7)
		s.appendByHTTP(t, e)
		wantGot(t, []repositories.Delivery{{Event: e}})(s.Deliveries.Due(t.Context(), all))
	},
	"only events of units of work that deliver wait": func(t *testing.T, s store) {
		s.append(t, event(account("Ada"), 1))
		wantDue(t, s, all)
		wantUndelivered(t, s, 0, time.Time{})
	},
	"a user's next event follows when the one before is delivered": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, g1, a2, g2, a3 := event(ada, 1), event(grace, 1), event(ada, 2), event(grace, 2), event(ada, 3)
		s.appendByHTTP(t, a1, g1, a2, g2, a3)
		wantDue(t, s, all, a1, g1)
		s.deliver(t, g1)
		wantDue(t, s, all, a1, g2)
		s.deliver(t, a1, g2)
		wantDue(t, s, all, a2)
		s.deliver(t, a2)
		wantDue(t, s, all, a3)
		s.deliver(t, a3)
		wantDue(t, s, all)
		a4 := event(ada, 4)
		s.appendByHTTP(t, a4)
		wantDue(t, s, all, a4)
	},
	"events that the outbox got meanwhile without delivery make no gap to fall into": func(t *testing.T, s store) {
		ada := account("Ada")
		e := []models.OutboxEvent{event(ada, 1), event(ada, 2), event(ada, 3)}
		s.appendByHTTP(t, e[0])
		s.append(t, e[1]) // as by an instance that does not deliver
		s.deliver(t, e[0])
		wantDue(t, s, all)
		s.appendByHTTP(t, e[2])
		wantDue(t, s, all, e[2])
		s.deliver(t, e[2])
		wantDue(t, s, all)
	},
	"what failed waits for its time and keeps its user's others": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, a2, g1 := event(ada, 1), event(ada, 2), event(grace, 1)
		s.appendByHTTP(t, a1, a2, g1)
		s.fail(t, time.Hour, a1)
		wantDue(t, s, all, g1)
		wantGot(t, []repositories.Delivery{{Event: a1, Failures: 1}})(s.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Failed: 1, Early: true}))
		s.fail(t, 100*time.Millisecond, a1)
		var due []repositories.Delivery
		soon(t, "its time comes", func() bool {
			var err error
			due, err = s.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Failed: 10})
			noError(t, "Due()", err)
			return len(due) > 0
		})
		wantSame(t, due, []repositories.Delivery{{Event: a1, Failures: 2}})
		s.deliver(t, a1, g1)
		wantGot(t, []repositories.Delivery{{Event: a2}})(s.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Fresh: 10})) // its failures are not those of the one before
	},
	"no more than asked for, of either kind": func(t *testing.T, s store) {
		var e [6]models.OutboxEvent
		for i := range e {
			e[i] = event(account(string(rune('A'+i))), 1)
			s.appendByHTTP(t, e[i])
		}
		s.fail(t, 0, e[0])
		s.fail(t, 0, e[1])
		s.fail(t, 0, e[2])
		wantDue(t, s, repositories.DeliveryQuery{Fresh: 2}, e[3], e[4])
		wantDue(t, s, repositories.DeliveryQuery{Failed: 2}, e[0], e[1])
		wantDue(t, s, repositories.DeliveryQuery{Fresh: 1, Failed: 1}, e[3], e[0])
		wantDue(t, s, repositories.DeliveryQuery{})
	},
	"what failed can be made due at once": func(t *testing.T, s store) {
		a, b, c, ok := event(account("A"), 1), event(account("B"), 1), event(account("C"), 1), event(account("OK"), 1)
		for i, e := range []models.OutboxEvent{a, b, c} {
			s.appendByHTTP(t, e)
			s.fail(t, time.Duration(i+1)*time.Hour, e)
		}
		s.appendByHTTP(t, ok)
		wantDue(t, s, all, ok)
		hasten := func(limit int, want int64) {
			t.Helper()
			wantGot(t, want)(s.Deliveries.Hasten(t.Context(), limit))
		}
		hasten(2, 2)
		hasten(2, 1)
		hasten(2, 0)
		due, err := s.Deliveries.Due(t.Context(), all)
		noError(t, "Due()", err)
		if len(due) != 4 {
			t.Fatalf("%d are due, want 4", len(due))
		}
		due, err = s.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Failed: 10})
		noError(t, "Due()", err)
		if len(due) != 3 || due[0].Failures != 1 {
			t.Fatalf("what failed is %v", due)
		}
	},
	"results that mean nothing do no harm": func(t *testing.T, s store) {
		ada := account("Ada")
		a1, a2 := event(ada, 1), event(ada, 2)
		s.appendByHTTP(t, a1, a2)
		s.deliver(t, a1)
		s.deliver(t, a1) // by two instances
		s.fail(t, time.Hour, a1)
		err := s.Deliveries.Settle(t.Context(), []repositories.DeliveryResult{{EventID: newID()}, {EventID: "no id"}, {EventID: newID(), Failed: true}})
		noError(t, "Settle() of strangers", err)
		noError(t, "Settle() of none", s.Deliveries.Settle(t.Context(), nil))
		wantDue(t, s, all, a2)
	},
	"the backlog tells how many wait and since when": func(t *testing.T, s store) {
		wantUndelivered(t, s, 0, time.Time{})
		ada, grace := account("Ada"), account("Grace")
		a1, a2, g1 := event(ada, 1), event(ada, 2), event(grace, 1)
		a2.OccurredAt, g1.OccurredAt = kept(now.Add(time.Minute)), kept(now.Add(time.Hour))
		s.appendByHTTP(t, a1, a2, g1)
		s.mark(t, a1, a2, g1) // what the bus has makes no difference
		wantUndelivered(t, s, 3, a1.OccurredAt)
		s.deliver(t, a1)
		wantUndelivered(t, s, 2, a2.OccurredAt)
		s.deliver(t, a2)
		wantUndelivered(t, s, 1, g1.OccurredAt)
	},
	"what waits to be delivered stays in the outbox": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, a2, g1 := event(ada, 1), event(ada, 2), event(grace, 1)
		s.appendByHTTP(t, a1, a2)
		s.append(t, g1)
		s.mark(t, a1, a2, g1)
		sweep := func(want int64) {
			t.Helper()
			wantGot(t, want)(s.Outbox.DeletePublished(t.Context(), now.Add(time.Hour), 10))
		}
		sweep(1) // Grace's
		s.deliver(t, a1)
		sweep(1)
		wantDue(t, s, all, a2)
		s.deliver(t, a2)
		sweep(1)
	},
	"an event that comes while the one before is settled is not lost": func(t *testing.T, s store) {
		ada := account("Ada")
		const last = 40
		errs := make(chan error, 1)
		s.appendByHTTP(t, event(ada, 1))
		go func() {
			var err error
			for v := int64(2); v <= last && err == nil; v++ {
				err = s.ByHTTP.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Outbox.Append(ctx, event(ada, v)) })
			}
			errs <- err
		}()
		next, running := int64(1), true
		soon(t, "every event has come by", func() bool {
			due, err := s.Deliveries.Due(t.Context(), all)
			noError(t, "Due()", err)
			for _, d := range due {
				wantSame(t, d.Event.Version, next)
				s.deliver(t, d.Event)
				next++
			}
			select {
			case err := <-errs:
				noError(t, "Do()", err)
				running = false
			default:
			}
			return next > last && !running
		})
	},
}

// appendByHTTP stores events, each in a unit of work that delivers.
func (s store) appendByHTTP(t *testing.T, events ...models.OutboxEvent) {
	t.Helper()
	for _, e := range events {
		noError(t, "Do()", s.ByHTTP.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Outbox.Append(ctx, e) }))
	}
}

func (s store) deliver(t *testing.T, events ...models.OutboxEvent) {
	t.Helper()
	var results []repositories.DeliveryResult
	for _, e := range events {
		results = append(results, repositories.DeliveryResult{EventID: e.ID})
	}
	noError(t, "Settle()", s.Deliveries.Settle(t.Context(), results))
}

func (s store) fail(t *testing.T, retryIn time.Duration, e models.OutboxEvent) {
	t.Helper()
	err := s.Deliveries.Settle(t.Context(), []repositories.DeliveryResult{{EventID: e.ID, Failed: true, RetryIn: retryIn}})
	noError(t, "Settle()", err)
}

// wantDue compares what is due, in its order.
func wantDue(t *testing.T, s store, q repositories.DeliveryQuery, want ...models.OutboxEvent) {
	t.Helper()
	due, err := s.Deliveries.Due(t.Context(), q)
	noError(t, "Due()", err)
	got := []models.OutboxEvent{}
	for _, d := range due {
		got = append(got, d.Event)
	}
	wantSame(t, got, append([]models.OutboxEvent{}, want...))
}

func wantUndelivered(t *testing.T, s store, want int64, since time.Time) {
	t.Helper()
	pending, oldest, err := s.Deliveries.Undelivered(t.Context())
	noError(t, "Undelivered()", err)
	wantSame(t, []any{pending, oldest}, []any{want, since})
}
