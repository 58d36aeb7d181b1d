package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/repositorytest"
)

func TestSessionChanges(t *testing.T) {
	t.Parallel()
	repositorytest.RunSessionChanges(t, func(changed func(context.Context, []repositories.SessionChange)) repositories.UnitOfWork {
		return postgres.NewUnitOfWork(migrated(t), nil, postgres.OnSessions(changed))
	})
}

// What a transaction did that had to be tried again is not told.
func TestSessionChangesOfAnAttemptThatFailed(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada := create(t, db, "ada")
	var told []repositories.SessionChange
	work := postgres.NewUnitOfWork(db, nil, postgres.OnSessions(func(_ context.Context, changes []repositories.SessionChange) {
		told = append(told, changes...)
	}))
	attempt := 0
	err := work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		attempt++
		s := models.Session{ID: newID(), UserID: ada.ID, ExpiresAt: time.Now().Add(time.Hour)}
		if err := r.Sessions.Create(ctx, s, models.RefreshToken{Hash: []byte(s.ID), SessionID: s.ID}); err != nil {
			return err
		}
		if attempt == 1 {
			return &pgconn.PgError{Code: "40001"} // serialization_failure
		}
		return nil
	})
	if err != nil || attempt != 2 || len(told) != 1 {
		t.Errorf("Do() = %v after %d attempts, which told of %d sessions", err, attempt, len(told))
	}
}
