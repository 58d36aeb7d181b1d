package services

import (
	"context"

	"gofiber-auth/domain/models"
)

// Snapshots is all users, for a service that begins to follow the events.
type Snapshots interface {
	// Begin returns the place in the stream behind which the events follow that the users do
	// not show yet: the highest sequence that the present stream is known to have
	// acknowledged, or 0, all of the stream, where nothing is known. Call it before Users.
	Begin(ctx context.Context) (streamSequence uint64, err error)
	// Users returns up to limit users above the id after, in the order of their ids, and
	// whether there are more. It returns domain.ErrNotFound where after is no id.
	Users(ctx context.Context, after string, limit int) (users []models.User, more bool, err error)
}
