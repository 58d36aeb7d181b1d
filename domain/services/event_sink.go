package services

import (
	"context"

	"gofiber-auth/domain/models"
)

// EventSink is a receiver of events beside the bus, which takes them one by one.
type EventSink interface {
	// Deliver returns nil once the receiver has accepted the event, and no later than soon after
	// ctx ends. After an error the receiver may have it all the same. The error holds nothing of
	// the person, nor credentials.
	Deliver(ctx context.Context, e models.OutboxEvent) error
}
