package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

func TestTheRelayIsWokenByCommitsThatBringEvents(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	woken := 0
	work := postgres.NewUnitOfWork(db, func() { woken++ })
	ada := account("ada")
	appendEvent := func(ctx context.Context, r repositories.Set) error {
		err := r.Outbox.Append(ctx, ada.Event(newID(), models.ActionUpdated, "", time.Now()))
		if woken != 0 {
			t.Error("woken before the commit")
		}
		return err
	}
	steps := []struct {
		name string
		unit func(ctx context.Context, r repositories.Set) error
		want int
	}{
		{"no event", func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, ada) }, 0},
		{"rolled back", func(ctx context.Context, r repositories.Set) error {
			return errors.Join(appendEvent(ctx, r), errors.New("boom"))
		}, 0},
		{"two events", func(ctx context.Context, r repositories.Set) error {
			return errors.Join(appendEvent(ctx, r), appendEvent(ctx, r))
		}, 1},
	}
	for _, step := range steps {
		_ = work.Do(t.Context(), step.unit)
		if woken != step.want {
			t.Fatalf("after %s: woken %d times, want %d", step.name, woken, step.want)
		}
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func account(name string) models.User {
	now := time.Now()
	return models.User{
		ID: newID(), Email: name + "@example.com", Username: name, PasswordHash: "$2a$10$abcdefghijklmnopqrstuvwxyz",
		Role: models.RoleUser, IsActive: true, CreatedAt: now, UpdatedAt: now,
	}
}

func insert(ctx context.Context, db *postgres.Database, u models.User) error {
	return postgres.NewUnitOfWork(db, nil).Do(ctx, func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, u) })
}

func create(t testing.TB, db *postgres.Database, name string) models.User {
	t.Helper()
	u := account(name)
	if err := insert(t.Context(), db, u); err != nil {
		t.Fatal(err)
	}
	return u
}
