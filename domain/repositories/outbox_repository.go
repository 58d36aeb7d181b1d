package repositories

import (
	"context"
	"errors"
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
	StreamID       int64  // of the stream that has it, see models.StreamState
	StreamSequence uint64 // that the stream gave it
}

// OutboxQueue is the outbox as the relay sees it.
type OutboxQueue interface {
	// Heads returns the oldest unpublished event of each user, up to limit of them, oldest
	// first. At most one event of a user: the next may go out only when this one has.
	Heads(ctx context.Context, limit int) ([]models.OutboxEvent, error)
	// MarkPublished takes acknowledged events off the queue, or returns ErrLeaseLost.
	MarkPublished(ctx context.Context, l Lease, acks []Published, at time.Time) error
	// RequeueLost puts up to limit events that the stream has lost on the queue again and
	// returns how many, or ErrLeaseLost. It is to be called until it returns less than limit,
	// before anything else is published.
	RequeueLost(ctx context.Context, l Lease, lost Loss, limit int) (int64, error)
}

// Lease is a lease that has to be the holder's when something is written, and stays so until
// that is committed: what an instance learned while it relayed must not be noted after another
// one has begun to. The zero Lease asks for nothing.
type Lease struct{ Name, Holder string }

// ErrLeaseLost says that the lease is not the holder's, and that nothing was written.
var ErrLeaseLost = errors.New("the lease is another instance's")

// Loss says which of the acknowledged events a stream has lost: those that another stream
// acknowledged, and those of its own whose sequences it does not have. Of a user whose
// deletion it still has, nothing counts as lost: what is published again after the deletion
// would bring the user back to whoever began to read in between.
type Loss struct {
	StreamID int64
	From     uint64    // no event below this sequence is looked at
	First    uint64    // from From up to here, exclusive, the stream has lost all
	Last     uint64    // above it, too
	Deleted  []uint64  // and these
	Since    time.Time // only what was acknowledged at or after this; the rest went by its age
}

// Backlog is what waits in the outbox.
type Backlog interface {
	// Backlog returns how many events wait and when the oldest of them was made (the zero
	// time where none waits).
	Backlog(ctx context.Context) (pending int64, oldest time.Time, err error)
}

// PublishedEvents is what the outbox keeps of events that the bus has.
type PublishedEvents interface {
	// LastPublished returns the newest acknowledgement and when it was noted, or
	// domain.ErrNotFound where none is kept.
	LastPublished(ctx context.Context) (Published, time.Time, error)
	// LastSequence returns the highest sequence that a stream is known to have acknowledged, or 0.
	LastSequence(ctx context.Context, streamID int64) (uint64, error)
	// DeletePublished removes up to limit events that were published before t and returns how many.
	DeletePublished(ctx context.Context, t time.Time, limit int) (int64, error)
}

// EventHistory is the events of one user that the outbox still has, published or not.
type EventHistory interface {
	// EventsOf returns up to limit events of the user, the newest first.
	EventsOf(ctx context.Context, userID string, limit int) ([]models.OutboxEvent, error)
}

// Replays is the outbox for publishing again by hand.
type Replays interface {
	// Requeue puts published events on the queue again: those of the selection behind after, in
	// the order of user and version, up to limit. It returns how many, and the last of them. Of a
	// user whose deletion is published, only the deletion goes out again.
	Requeue(ctx context.Context, s Selection, after Place, limit int) (n int64, last Place, err error)
	// WithoutEvent returns up to limit users of the selection above the id after, in order, whose
	// newest event the outbox no longer has: its place, were it there.
	WithoutEvent(ctx context.Context, s Selection, after string, limit int) ([]Place, error)
	// Waiting returns how many events wait that happened before t.
	Waiting(ctx context.Context, t time.Time) (int64, error)
}

// Selection chooses events and users; its zero value is all.
type Selection struct {
	UserID string    // only this user's
	Since  time.Time // only events that happened, and users that changed, at or after this
}

// Place is an event by its user and version; the zero Place is before all.
type Place struct {
	UserID  string
	Version int64
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
