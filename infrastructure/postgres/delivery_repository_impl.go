package postgres

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// Deliveries is the events that wait to be delivered by HTTP.
type Deliveries struct{ db *Database }

var _ repositories.Deliveries = (*Deliveries)(nil)

// NewDeliveries returns the deliveries of db.
func NewDeliveries(db *Database) *Deliveries { return &Deliveries{db} }

// deliveryRow is a delivery with its event.
type deliveryRow struct {
	Event    outboxRow `gorm:"embedded"`
	Failures int
}

// DueQuery is the query of Deliveries.Due: its two halves, each of which reads as many entries
// of its index as are asked for, whatever else waits.
const DueQuery = `SELECT e.id, e.user_id, e.version, e.action, e.email, e.username, e.request_id, e.occurred_at, d.failures
	FROM (
		SELECT * FROM (
			SELECT event_id, failures, next_attempt_at FROM http_deliveries
			WHERE failures = 0 ORDER BY next_attempt_at LIMIT @fresh) AS fresh
		UNION ALL
		SELECT * FROM (
			SELECT event_id, failures, next_attempt_at FROM http_deliveries
			WHERE failures > 0 AND next_attempt_at <= @until ORDER BY next_attempt_at LIMIT @failed) AS failed
	) AS d JOIN outbox_events e ON e.id = d.event_id
	ORDER BY d.next_attempt_at`

// early is longer than any wait, even by a clock that was wrong.
const early = 100 * 365 * 24 * time.Hour

// Due finds what has not been tried and what failed by an index each.
func (r *Deliveries) Due(ctx context.Context, q repositories.DeliveryQuery) ([]repositories.Delivery, error) {
	until := r.db.Dialect.After(0)
	if q.Early {
		until = r.db.Dialect.After(early)
	}
	var rows []deliveryRow
	err := r.db.read(ctx, "due deliveries", func(db *gorm.DB) error {
		return r.db.planAnew(db, func(tx *gorm.DB) error {
			return tx.Raw(DueQuery, map[string]any{"fresh": max(0, q.Fresh), "failed": max(0, q.Failed), "until": until}).Scan(&rows).Error
		})
	})
	if err != nil {
		return nil, err
	}
	due := make([]repositories.Delivery, len(rows))
	for i := range rows {
		due[i] = repositories.Delivery{Event: rows[i].Event.model(), Failures: rows[i].Failures}
	}
	return due, nil
}

// nextDelivery is the user's next event that waits, if there is one. It sees what Append has
// committed only where the row has been locked by a statement before.
const nextDelivery = `FROM outbox_events o WHERE o.user_id = http_deliveries.user_id
	AND o.version > http_deliveries.version AND o.version <= http_deliveries.last_version`

// Settle locks the users' rows first, all in one order: Append, which makes a row or prolongs
// it, then comes wholly before or wholly after.
func (r *Deliveries) Settle(ctx context.Context, results []repositories.DeliveryResult) error {
	var all, delivered []string
	results = slices.Clone(results)
	for i := range results {
		id, ok := canonicalID(results[i].EventID)
		if results[i].EventID = id; !ok {
			continue
		}
		all = append(all, id)
		if !results[i].Failed {
			delivered = append(delivered, id)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return r.db.write(ctx, "settle deliveries", func(db *gorm.DB) error {
		return r.db.plannedAnew(db, func(tx *gorm.DB) error { return r.settle(tx, all, delivered, results) })
	})
}

func (r *Deliveries) settle(tx *gorm.DB, all, delivered []string, results []repositories.DeliveryResult) error {
	if lock := r.db.Dialect.ForUpdate(); lock != "" {
		if err := tx.Exec("SELECT user_id FROM http_deliveries WHERE event_id IN ? ORDER BY user_id "+lock, all).Error; err != nil {
			return err
		}
	}
	if len(delivered) > 0 {
		if err := tx.Exec("DELETE FROM http_deliveries WHERE event_id IN ? AND NOT EXISTS (SELECT 1 "+nextDelivery+")", delivered).Error; err != nil {
			return err
		}
		if err := tx.Exec("UPDATE http_deliveries SET (event_id, version) = (SELECT o.id, o.version "+nextDelivery+
			" ORDER BY o.version LIMIT 1), failures = 0, next_attempt_at = ? WHERE event_id IN ?", r.db.Dialect.After(0), delivered).Error; err != nil {
			return err
		}
	}
	for _, result := range results {
		if !result.Failed || result.EventID == "" {
			continue
		}
		if err := tx.Exec("UPDATE http_deliveries SET failures = failures + 1, next_attempt_at = ? WHERE event_id = ?",
			r.db.Dialect.After(result.RetryIn), result.EventID).Error; err != nil {
			return err
		}
	}
	return nil
}

// Hasten passes over rows that are being settled.
func (r *Deliveries) Hasten(ctx context.Context, limit int) (hastened int64, err error) {
	now := r.db.Dialect.After(0)
	err = r.db.write(ctx, "hasten failed deliveries", func(db *gorm.DB) error {
		return r.db.plannedAnew(db, func(tx *gorm.DB) error {
			result := tx.Exec(`UPDATE http_deliveries SET next_attempt_at = ? WHERE user_id IN (
				SELECT user_id FROM http_deliveries WHERE failures > 0 AND next_attempt_at > ?
				ORDER BY next_attempt_at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, now, now, max(0, limit))
			hastened = result.RowsAffected
			return result.Error
		})
	})
	return hastened, err
}

// Undelivered goes by the ids of events, which are in the order of time.
func (r *Deliveries) Undelivered(ctx context.Context) (pending int64, oldest time.Time, err error) {
	var row struct {
		OccurredAt time.Time
		Pending    int64
	}
	err = r.db.read(ctx, "backlog of deliveries", func(db *gorm.DB) error {
		return db.Raw(`SELECT occurred_at, (SELECT CAST(sum(last_version - version + 1) AS BIGINT) FROM http_deliveries) AS pending
			FROM outbox_events WHERE id = (SELECT event_id FROM http_deliveries ORDER BY event_id LIMIT 1)`).Scan(&row).Error
	})
	if err != nil || row.Pending == 0 {
		return 0, time.Time{}, err
	}
	return row.Pending, stored(row.OccurredAt), nil
}

// isDelivered is the condition that an event e of the outbox does not wait to be delivered.
const isDelivered = `NOT EXISTS (SELECT 1 FROM http_deliveries d
	WHERE d.user_id = e.user_id AND e.version BETWEEN d.version AND d.last_version)`

// deliver puts an event that was appended in the same transaction behind those of its user that
// wait. It changes a row that is there already, if only to lock it: one that is being settled
// may be about to go.
func (t transaction) deliver(ctx context.Context, row outboxRow) error {
	return t.run(ctx, "queue delivery", func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO http_deliveries (user_id, event_id, version, last_version, next_attempt_at)
			VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET last_version =
			CASE WHEN excluded.last_version > http_deliveries.last_version THEN excluded.last_version ELSE http_deliveries.last_version END`,
			row.UserID, row.ID, row.Version, row.Version, t.db.Dialect.After(0)).Error
	})
}
