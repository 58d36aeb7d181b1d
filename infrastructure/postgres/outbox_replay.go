package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// noID is below every id.
const noID = "00000000-0000-0000-0000-000000000000"

// Requeue takes the events of a user in one transaction or in several, always in order.
func (r *Outbox) Requeue(ctx context.Context, s repositories.Selection, after repositories.Place, limit int) (n int64, last repositories.Place, err error) {
	if after.UserID == "" {
		after.UserID = noID
	}
	if !ids(&s.UserID, &after.UserID) {
		return 0, after, nil
	}
	var rows []struct {
		ID, UserID string
		Version    int64
	}
	err = r.db.write(ctx, "requeue published events", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			rows = nil // it may run again
			query := tx.Table("outbox_events e").Select("e.id, e.user_id, e.version").
				Where("e.published_at IS NOT NULL AND (e.user_id, e.version) > (?, ?)", after.UserID, after.Version).
				Where(`(e.action = 'deleted' OR NOT EXISTS (SELECT 1 FROM outbox_events d
					WHERE d.user_id = e.user_id AND d.action = 'deleted' AND d.published_at IS NOT NULL))`)
			if s.UserID != "" {
				query = query.Where("e.user_id = ?", s.UserID)
			}
			if !s.Since.IsZero() {
				query = query.Where("e.occurred_at >= ?", stored(s.Since))
			}
			if err := query.Order("e.user_id, e.version").Limit(max(0, limit)).Scan(&rows).Error; err != nil || len(rows) == 0 {
				return err
			}
			chosen := make([]string, len(rows))
			for i := range rows {
				chosen[i] = rows[i].ID
			}
			return tx.Exec(`UPDATE outbox_events SET published_at = NULL, stream_id = NULL, stream_sequence = NULL WHERE id IN ?`, chosen).Error
		})
	})
	if err != nil || len(rows) == 0 {
		return 0, after, err
	}
	end := rows[len(rows)-1]
	return int64(len(rows)), repositories.Place{UserID: end.UserID, Version: end.Version}, nil
}

// WithoutEvent finds the users whose newest event has been deleted, or was never written.
func (r *Outbox) WithoutEvent(ctx context.Context, s repositories.Selection, after string, limit int) (found []repositories.Place, err error) {
	if after == "" {
		after = noID
	}
	if !ids(&s.UserID, &after) {
		return nil, nil
	}
	err = r.db.read(ctx, "users without an event", func(db *gorm.DB) error {
		query := db.Table("users u").Where("u.id > ?", after).
			Where("NOT EXISTS (SELECT 1 FROM outbox_events e WHERE e.user_id = u.id AND e.version = u.version)")
		if s.UserID != "" {
			query = query.Where("u.id = ?", s.UserID)
		}
		if !s.Since.IsZero() {
			query = query.Where("u.updated_at >= ?", stored(s.Since))
		}
		return query.Order("u.id").Limit(max(0, limit)).Select("u.id AS user_id, u.version").Scan(&found).Error
	})
	return found, err
}

// Waiting counts what was requeued and has not gone out yet.
func (r *Outbox) Waiting(ctx context.Context, t time.Time) (n int64, err error) {
	err = r.db.read(ctx, "older events that wait", func(db *gorm.DB) error {
		return db.Raw("SELECT count(*) FROM outbox_events WHERE "+waits+" AND occurred_at < ?", stored(t)).Scan(&n).Error
	})
	return n, err
}

// ids brings ids into the form in which they are stored, and reports whether all are ids; an
// empty one stays empty.
func ids(list ...*string) bool {
	for _, id := range list {
		canonical, ok := canonicalID(*id)
		if *id != "" && !ok {
			return false
		}
		*id = canonical
	}
	return true
}
