package repositorytest

import (
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var replayTests = map[string]func(t *testing.T, s store){
	"published events go out again, in the order of user and version, so many at a time": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace") // in the order of their ids
		a1, a2, g1, waits := event(ada, 1), event(ada, 2), event(grace, 1), event(grace, 2)
		s.append(t, g1, a1, a2, waits)
		s.mark(t, g1, a1, a2)
		last := s.wantReplay(t, repositories.Selection{}, repositories.Place{}, 2, 2)
		wantSame(t, last, repositories.Place{UserID: ada.ID, Version: 2})
		wantHeads(t, s, 10, a1, waits)
		last = s.wantReplay(t, repositories.Selection{}, last, 2, 1)
		wantSame(t, last, repositories.Place{UserID: grace.ID, Version: 1})
		wantSame(t, s.wantReplay(t, repositories.Selection{}, last, 2, 0), last)
		wantPending(t, s, 4)
	},
	"of one user or since a time": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		old, young, graces := event(ada, 1), event(ada, 2), event(grace, 1)
		old.OccurredAt = kept(now.Add(-time.Microsecond))
		s.append(t, old, young, graces)
		s.mark(t, old, young, graces)
		s.wantReplay(t, repositories.Selection{UserID: newID()}, repositories.Place{}, 10, 0)
		s.wantReplay(t, repositories.Selection{UserID: "no id"}, repositories.Place{}, 10, 0)
		s.wantReplay(t, repositories.Selection{UserID: ada.ID, Since: now}, repositories.Place{}, 10, 1)
		wantHeads(t, s, 10, young)
		s.wantReplay(t, repositories.Selection{Since: now}, repositories.Place{}, 10, 1)
		s.wantReplay(t, repositories.Selection{UserID: ada.ID}, repositories.Place{}, 10, 1)
		wantPending(t, s, 3)
	},
	"of a user whose deletion is published only the deletion": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		a1, a2, g1, g2 := event(ada, 1), deletion(ada, 2), event(grace, 1), deletion(grace, 2)
		s.append(t, a1, a2, g1, g2)
		s.mark(t, a1, a2, g1) // grace's deletion waits and will follow
		s.wantReplay(t, repositories.Selection{}, repositories.Place{}, 10, 2)
		wantHeads(t, s, 10, a2, g1)
	},
	"older events that wait": func(t *testing.T, s store) {
		ada := account("Ada")
		old, young, published := event(ada, 1), event(ada, 2), event(ada, 3)
		young.OccurredAt = kept(now.Add(time.Second))
		s.append(t, old, young, published)
		s.mark(t, published)
		for before, want := range map[time.Time]int64{now: 0, now.Add(time.Second): 1, now.Add(time.Minute): 2} {
			wantGot(t, want)(s.Outbox.Waiting(t.Context(), before))
		}
	},
	"users whose newest event is gone": func(t *testing.T, s store) {
		gone, behind, has := account("Gone"), account("Behind"), account("Has")
		behind.Version, has.Version = 3, 2
		gone.UpdatedAt = kept(now.Add(-time.Microsecond))
		s.create(t, gone, behind, has)
		s.append(t, event(behind, 2), event(has, 2))
		s.wantWithoutEvent(t, repositories.Selection{}, "", 10, gone, behind)
		s.wantWithoutEvent(t, repositories.Selection{}, "", 1, gone)
		s.wantWithoutEvent(t, repositories.Selection{}, gone.ID, 10, behind)
		s.wantWithoutEvent(t, repositories.Selection{Since: now}, "", 10, behind)
		s.wantWithoutEvent(t, repositories.Selection{UserID: gone.ID}, "", 10, gone)
		s.wantWithoutEvent(t, repositories.Selection{UserID: has.ID}, "", 10)
		s.wantWithoutEvent(t, repositories.Selection{UserID: "no id"}, "", 10)
	},
}

func (s store) wantReplay(t *testing.T, sel repositories.Selection, after repositories.Place, limit int, want int64) repositories.Place {
	t.Helper()
	n, last, err := s.Outbox.Requeue(t.Context(), sel, after, limit)
	noError(t, "Requeue()", err)
	if n != want {
		t.Fatalf("%d events were requeued, want %d", n, want)
	}
	return last
}

func (s store) wantWithoutEvent(t *testing.T, sel repositories.Selection, after string, limit int, want ...models.User) {
	t.Helper()
	got, err := s.Outbox.WithoutEvent(t.Context(), sel, after, limit)
	noError(t, "WithoutEvent()", err)
	places := []repositories.Place{}
	for _, u := range want {
		places = append(places, repositories.Place{UserID: u.ID, Version: u.Version})
	}
	wantSame(t, append([]repositories.Place{}, got...), places)
}
