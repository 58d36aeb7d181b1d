package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// LastPublished goes by when the acknowledgement was noted.
func (r *Outbox) LastPublished(ctx context.Context) (repositories.Published, time.Time, error) {
	var row struct {
		ID             string
		StreamID       *int64 // NULL where an earlier version noted it
		StreamSequence *uint64
		PublishedAt    time.Time
	}
	err := r.db.read(ctx, "last published event", func(db *gorm.DB) error {
		return one(db.Raw(`SELECT id, stream_id, stream_sequence, published_at FROM outbox_events
			WHERE published_at IS NOT NULL ORDER BY published_at DESC, stream_sequence DESC LIMIT 1`), &row)
	})
	if err != nil {
		return repositories.Published{}, time.Time{}, err
	}
	last := repositories.Published{EventID: row.ID}
	if row.StreamID != nil && row.StreamSequence != nil {
		last.StreamID, last.StreamSequence = *row.StreamID, *row.StreamSequence
	}
	return last, stored(row.PublishedAt), nil
}

// LastSequence reads the end of an index.
func (r *Outbox) LastSequence(ctx context.Context, streamID int64) (last uint64, err error) {
	err = r.db.read(ctx, "last sequence of the stream", func(db *gorm.DB) error {
		return db.Raw(`SELECT coalesce(max(stream_sequence), 0) FROM outbox_events
			WHERE published_at IS NOT NULL AND stream_id = ?`, streamID).Scan(&last).Error
	})
	return last, err
}

// DeletePublished passes over events that another instance is deleting, and over those that
// are yet to be delivered by HTTP.
func (r *Outbox) DeletePublished(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = r.db.write(ctx, "delete published events", func(db *gorm.DB) error {
		result := db.Exec(`DELETE FROM outbox_events WHERE id IN (SELECT id FROM outbox_events e WHERE published_at < ?
			AND `+isDelivered+` ORDER BY published_at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, stored(t), max(0, limit))
		deleted = result.RowsAffected
		return result.Error
	})
	return deleted, err
}
