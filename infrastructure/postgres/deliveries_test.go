package postgres_test

import (
	"context"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/storage"
)

// A delivery is settled while the user's next event is appended and not committed yet, the
// worst moment: it must wait and see that event, or it would wait for ever in the outbox.
func TestADeliveryIsSettledWhileAnEventIsAppended(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	s := storage.New(db)
	event := func(version int64) models.OutboxEvent {
		return models.OutboxEvent{
			ID: newID(), UserID: "01990000-0000-7000-8000-000000000001", Version: version, Action: models.ActionUpdated,
			Email: "ada@example.com", Username: "ada", OccurredAt: time.Now(),
		}
	}
	first, second := event(1), event(2)
	add := func(ctx context.Context, r repositories.Set) error { return r.Outbox.Append(ctx, first) }
	if err := s.ByHTTP.Do(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	settled := make(chan error, 1)
	err := s.ByHTTP.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		if err := r.Outbox.Append(ctx, second); err != nil {
			return err
		}
		go func() {
			settled <- s.Deliveries.Settle(t.Context(), []repositories.DeliveryResult{{EventID: first.ID}})
		}()
		return awaitLock(ctx, t, db)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	due, err := s.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Fresh: 10})
	if err != nil || len(due) != 1 || due[0].Event.ID != second.ID {
		t.Fatalf("%v is due, %v, want version 2", due, err)
	}
}

// awaitLock returns when a statement waits for a lock.
func awaitLock(ctx context.Context, t *testing.T, db *postgres.Database) error {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiting int
		err := pool(t, db).QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil || waiting > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
