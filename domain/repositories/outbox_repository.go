package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Outbox is the outbox within a transaction.
type Outbox interface {
	// Append stores an event, which commits with the change that caused it or not at all.
	Append(ctx context.Context, e models.OutboxEvent) error
}

// Published says that the bus has an event.
type Published struct {
	EventID        string
	StreamSequence uint64 // that the stream gave it
}

// OutboxQueue is the outbox as the relay sees it.
type OutboxQueue interface {
	// Heads returns the oldest unpublished event of each user, up to limit of them, oldest
	// first. At most one event of a user: the next may go out only when this one has.
	Heads(ctx context.Context, limit int) ([]models.OutboxEvent, error)
	// MarkPublished takes acknowledged events off the queue.
	MarkPublished(ctx context.Context, acks []Published, at time.Time) error
	// Backlog returns how many events wait and when the oldest of them was made (the zero
	// time where none waits).
	Backlog(ctx context.Context) (pending int64, oldest time.Time, err error)
	// DeletePublished removes up to limit events that were published before t and returns how many.
	DeletePublished(ctx context.Context, t time.Time, limit int) (int64, error)
}

// Leases lets one instance of several do a thing. A lease that its holder does not renew
// ends by itself.
type Leases interface {
	// Acquire takes or renews the lease for ttl, by the database's clock, and reports whether
	// holder has it now.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Release ends the lease if holder has it.
	Release(ctx context.Context, name, holder string) error
}
