package serviceimpl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/test/storage"
)

func newReplay(store *storage.Storage) *serviceimpl.Replay {
	return serviceimpl.NewReplay(serviceimpl.ReplayDeps{Work: store.Work, Events: store.Outbox, Now: now})
}

// forgetful drops the ids of what it has, as a stream does after its duplicate window.
func (b *bus) forgetful() {
	b.set(func(b *bus) {
		for i := range b.events {
			b.events[i].ID = "forgotten"
		}
	})
}

func TestReplay(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		ada, grace := newID(), newID()
		commit(t, store, ada, 1, 3)
		pass(time.Hour)
		later := now()
		commit(t, store, grace, 1, 2)
		relay, _ := newRelay(store, b, "a")
		defer running(t, relay)()
		synctest.Wait()
		replay := newReplay(store)
		for _, tt := range []struct {
			selection  repositories.Selection
			ada, grace []int64
		}{
			{repositories.Selection{}, []int64{1, 2, 3}, []int64{1, 2}},
			{repositories.Selection{UserID: ada}, []int64{1, 2, 3}, nil},
			{repositories.Selection{Since: later}, nil, []int64{1, 2}},
		} {
			b.forgetful()
			had, begun := b.had(), now().Add(time.Second)
			done, err := replay.Requeue(t.Context(), tt.selection, 0)
			if want := int64(len(tt.ada) + len(tt.grace)); err != nil || done != (serviceimpl.Replayed{Events: want}) {
				t.Errorf("%+v: %+v, %v, want %d events", tt.selection, done, err, want)
			}
			if err := replay.AwaitPublished(t.Context(), begun); err != nil {
				t.Error(err)
			}
			if a, g := b.since(had, ada), b.since(had, grace); !slices.Equal(a, tt.ada) || !slices.Equal(g, tt.grace) {
				t.Errorf("%+v: ada %v, grace %v, want %v and %v", tt.selection, a, g, tt.ada, tt.grace)
			}
		}
		if _, err := replay.Requeue(t.Context(), repositories.Selection{UserID: newID()}, 0); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("of nobody: %v, want %v", err, domain.ErrNotFound)
		}
	})
}

// Past the outbox's retention the user as it is goes out, under an id that is always the same.
func TestReplayOfWhatTheOutboxNoLongerHas(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		changed := now().Add(-30 * 24 * time.Hour)
		users := map[int64]models.User{}
		for _, version := range []int64{1, 4} {
			users[version] = models.User{
				ID: newID(), Email: fmt.Sprintf("user%d@example.com", version), Username: fmt.Sprintf("User%d", version),
				Role: models.RoleUser, Version: version, UpdatedAt: changed,
			}
		}
		err := store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return errors.Join(r.Users.Create(ctx, users[1]), r.Users.Create(ctx, users[4]))
		})
		if err != nil {
			t.Fatal(err)
		}
		relay, _ := newRelay(store, b, "a")
		stop := running(t, relay)
		replay := newReplay(store)
		for range 2 { // and once more, by then from the outbox
			b.forgetful()
			if _, err := replay.Requeue(t.Context(), repositories.Selection{}, 0); err != nil {
				t.Fatal(err)
			}
			if err := replay.AwaitPublished(t.Context(), now()); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		if n := b.had(); n != 4 {
			t.Fatalf("%d events were published, want 2 twice", n)
		}
		for _, e := range b.events[2:] {
			u := users[e.Version]
			id := uuid.NewSHA1(uuid.MustParse(u.ID), fmt.Append(nil, u.Version)).String()
			want := models.OutboxEvent{
				ID: id, UserID: u.ID, Version: u.Version, Action: models.ActionUpdated, Email: u.Email, Username: u.Username, OccurredAt: changed,
			}
			if u.Version == 1 {
				want.Action = models.ActionCreated
			}
			if e != want {
				t.Errorf("published %+v, want %+v", e, want)
			}
		}
	})
}

func TestReplayKeepsItsRate(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		commit(t, store, newID(), 1, 100)
		relay, _ := newRelay(store, b, "a")
		relay.Drain(t.Context())
		begun := time.Now()
		done, err := newReplay(store).Requeue(t.Context(), repositories.Selection{}, 20)
		if took := time.Since(begun); err != nil || done.Events != 100 || took < 5*time.Second || took > 6*time.Second {
			t.Errorf("%+v, %v in %s, want 100 events in 5 s", done, err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		relay.Drain(t.Context())
		if done, err := newReplay(store).Requeue(ctx, repositories.Selection{}, 20); !errors.Is(err, context.DeadlineExceeded) || done.Events > 22 {
			t.Errorf("cut short: %+v, %v", done, err)
		}
	})
}
