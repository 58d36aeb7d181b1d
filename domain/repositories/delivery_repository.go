package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Deliveries is the events that wait to be delivered by HTTP, apart from what the bus has of
// them. An event joins them in the transaction that appends it, where its unit of work is one
// that delivers; until it is settled, the outbox keeps it.
type Deliveries interface {
	// Due returns users' next events, those first whose turn it has been for longest. At most
	// one event of a user: the next may go out only when this one is delivered.
	Due(ctx context.Context, q DeliveryQuery) ([]Delivery, error)
	// Settle notes how tries ended. What is settled already, by whomever, stays as it is.
	Settle(ctx context.Context, results []DeliveryResult) error
	// Hasten makes due at once what up to limit users wait for longest among what failed, and
	// returns how many these were. It is to be called until it returns less than limit.
	Hasten(ctx context.Context, limit int) (int64, error)
	// Undelivered returns how many events wait and when the oldest of them was made (the zero
	// time where none waits).
	Undelivered(ctx context.Context) (pending int64, oldest time.Time, err error)
}

// Delivery is an event that waits.
type Delivery struct {
	Event    models.OutboxEvent
	Failures int // the tries of it so far
}

// DeliveryQuery says how many deliveries are wanted.
type DeliveryQuery struct {
	Fresh  int  // of those that have not been tried
	Failed int  // of those that failed
	Early  bool // the latter whether or not their time has come
}

// DeliveryResult is how the try of an event ended.
type DeliveryResult struct {
	EventID string
	Failed  bool
	RetryIn time.Duration // where it failed: when to try again, by the database's clock
}
