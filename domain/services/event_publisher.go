package services

import (
	"context"

	"gofiber-auth/domain/models"
)

// PublishResult is what became of one event: the sequence that the stream gave it, or an error.
type PublishResult struct {
	StreamSequence uint64
	Err            error
}

// EventPublisher puts events on the bus.
type EventPublisher interface {
	// Stream tells what the stream holds, and makes it where there is none. It returns
	// domain.ErrUnavailable while the bus does not answer, and other errors where the stream
	// takes no events.
	Stream(ctx context.Context) (models.StreamState, error)
	// Publish sends the events together and waits for the bus's acknowledgement of each, or
	// until ctx ends; the results stand in the order of the events. It sends at most one event
	// of a user at a time, so an event that fails holds up nobody else's. Where the stream may no
	// longer be the one that Stream told the caller of, it sends none and returns
	// domain.ErrUnavailable: somebody else may have looked since, and compared nothing.
	Publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent) []PublishResult
}
