package postgres

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Outbox is the outbox outside the transactions that append to it.
type Outbox struct{ db *Database }

var (
	_ repositories.OutboxQueue     = (*Outbox)(nil)
	_ repositories.Backlog         = (*Outbox)(nil)
	_ repositories.PublishedEvents = (*Outbox)(nil)
	_ repositories.Replays         = (*Outbox)(nil)
)

// NewOutbox returns the outbox of db.
func NewOutbox(db *Database) *Outbox { return &Outbox{db} }

// waits says which events wait, in the words of the index outbox_events_pending_idx.
const waits = "published_at IS NULL AND version > 0"

// HeadsQuery is the query of Outbox.Heads. It asks, for each event that waits, whether it is
// its user's oldest: there is no cursor that an event could slip behind by committing late.
// The scalar subquery is one probe of outbox_events_pending_user_idx. Written as NOT EXISTS it
// would become a join, whose plan goes by statistics that are wrong whenever a backlog has
// just grown: seconds were seen.
const HeadsQuery = `SELECT id, user_id, version, action, email, username, request_id, occurred_at
	FROM outbox_events e
	WHERE ` + waits + ` AND version = (
		SELECT min(o.version) FROM outbox_events o WHERE o.user_id = e.user_id AND o.published_at IS NULL)
	ORDER BY id LIMIT ?`

// Heads returns the oldest unpublished event of each user.
func (r *Outbox) Heads(ctx context.Context, limit int) ([]models.OutboxEvent, error) {
	var rows []outboxRow
	err := r.db.read(ctx, "heads of the outbox", func(db *gorm.DB) error {
		return r.db.planAnew(db, func(tx *gorm.DB) error { return tx.Raw(HeadsQuery, max(0, limit)).Scan(&rows).Error })
	})
	if err != nil {
		return nil, err
	}
	events := make([]models.OutboxEvent, len(rows))
	for i := range rows {
		events[i] = rows[i].model()
	}
	return events, nil
}

// MarkPublished keeps what an earlier acknowledgement of an event said.
func (r *Outbox) MarkPublished(ctx context.Context, l repositories.Lease, acks []repositories.Published, at time.Time) error {
	type ack struct {
		ID       string `json:"id"`
		Stream   int64  `json:"stream"`
		Sequence uint64 `json:"sequence"`
	}
	list := make([]ack, 0, len(acks))
	for _, a := range acks {
		if id, ok := canonicalID(a.EventID); ok {
			list = append(list, ack{id, a.StreamID, a.StreamSequence})
		}
	}
	if len(list) == 0 {
		return nil
	}
	parameter, err := json.Marshal(list) // one parameter, one statement, however many
	if err != nil {
		return err
	}
	return r.db.write(ctx, "mark events as published", func(db *gorm.DB) error {
		return r.leased(db, l, func(tx *gorm.DB) error {
			return tx.Exec(`UPDATE outbox_events SET published_at = ?, stream_id = acks.stream, stream_sequence = acks.sequence
				FROM `+r.db.Dialect.Acks()+` WHERE outbox_events.id = acks.id AND outbox_events.published_at IS NULL`,
				stored(at), string(parameter)).Error
		})
	})
}

// leased runs the statement of fn in a transaction in which the lease is the holder's, and
// cannot become another's. Where no lease is asked for, the statement needs no transaction.
func (r *Outbox) leased(db *gorm.DB, l repositories.Lease, fn func(tx *gorm.DB) error) error {
	if l == (repositories.Lease{}) {
		return r.db.planAnew(db, fn)
	}
	return r.db.plannedAnew(db, func(tx *gorm.DB) error {
		var held int
		query := tx.Raw("SELECT 1 FROM relay_leases WHERE name = ? AND holder = ? "+r.db.Dialect.ForUpdate(), l.Name, l.Holder)
		if err := query.Scan(&held).Error; err != nil {
			return err
		}
		if held == 0 {
			return repositories.ErrLeaseLost
		}
		return fn(tx)
	})
}

// Backlog counts the events that wait.
func (r *Outbox) Backlog(ctx context.Context) (pending int64, oldest time.Time, err error) {
	var row struct {
		OccurredAt time.Time
		Pending    int64
	}
	err = r.db.read(ctx, "backlog of the outbox", func(db *gorm.DB) error {
		return db.Raw(`SELECT occurred_at, (SELECT count(*) FROM outbox_events WHERE ` + waits + `) AS pending
			FROM outbox_events WHERE ` + waits + ` ORDER BY id LIMIT 1`).Scan(&row).Error
	})
	if err != nil || row.Pending == 0 {
		return 0, time.Time{}, err
	}
	return row.Pending, stored(row.OccurredAt), nil
}

// outbox is the outbox within a transaction; events counts what it was given.
type outbox struct {
	transaction
	events *int
	byHTTP bool // events are to be delivered by HTTP, too
}

func (r outbox) Append(ctx context.Context, e models.OutboxEvent) error {
	row := newOutboxRow(e)
	if err := r.run(ctx, "append event", func(tx *gorm.DB) error { return tx.Create(&row).Error }); err != nil {
		return err
	}
	if r.byHTTP {
		if err := r.deliver(ctx, row); err != nil {
			return err
		}
	}
	*r.events++
	return nil
}
