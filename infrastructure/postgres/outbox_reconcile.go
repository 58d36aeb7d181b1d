package postgres

import (
	"context"
	"encoding/json"
	"math"
	"strings"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// RequeueLost looks at ranges of outbox_events_stream_idx, which mostly are empty.
func (r *Outbox) RequeueLost(ctx context.Context, lease repositories.Lease, l repositories.Loss, limit int) (requeued int64, err error) {
	numbers, err := json.Marshal(l.Deleted)
	if err != nil {
		return 0, err
	}
	parameters := map[string]any{
		"stream": l.StreamID, "since": stored(l.Since), "limit": max(0, limit), "numbers": string(numbers),
		"from": sequence(l.From), "first": sequence(l.First), "last": sequence(l.Last),
	}
	err = r.db.write(ctx, "requeue lost events", func(db *gorm.DB) error {
		return r.leased(db, lease, func(tx *gorm.DB) error {
			result := tx.Exec(r.requeueLost(len(l.Deleted) > 0), parameters)
			requeued = result.RowsAffected
			return result.Error
		})
	})
	return requeued, err
}

// requeueLost is the statement of RequeueLost. The two comparisons with stream_id in place
// of <> are ranges of the index.
func (r *Outbox) requeueLost(deleted bool) string {
	isLost := `(X.stream_id < @stream OR X.stream_id > @stream
		OR (X.stream_id = @stream AND X.stream_sequence >= @from AND X.stream_sequence < @first)
		OR (X.stream_id = @stream AND X.stream_sequence > @last)`
	if deleted {
		isLost += ` OR (X.stream_id = @stream AND X.stream_sequence IN ` + r.db.Dialect.Numbers() + `)`
	}
	isLost += `)`
	of := func(alias string) string { return strings.ReplaceAll(isLost, "X.", alias+".") }
	return `UPDATE outbox_events SET published_at = NULL, stream_id = NULL, stream_sequence = NULL WHERE id IN (
		SELECT e.id FROM outbox_events e WHERE e.published_at >= @since AND ` + of("e") + `
			AND NOT EXISTS (SELECT 1 FROM outbox_events d WHERE d.user_id = e.user_id AND d.id <> e.id
				AND d.action = 'deleted' AND d.published_at IS NOT NULL AND NOT ` + of("d") + `)
		LIMIT @limit)`
}

// sequence returns a stream's sequence as the databases hold it.
func sequence(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
