package repositories

import (
	"context"
	"time"
)

// SessionAddresses tells where users are logged in.
type SessionAddresses interface {
	// AddressesOf returns the client addresses of the user's sessions that live at t, those of the
	// session used last first, at most limit. Nobody is logged in of an id that is no user's.
	AddressesOf(ctx context.Context, userID string, t time.Time, limit int) ([]string, error)
}
