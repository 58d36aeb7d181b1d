package repositories

import (
	"context"
	"time"
)

// Devices is the networks and devices that users log in from, within a transaction that has
// locked the user.
type Devices interface {
	// Seen records a log-in and reports whether the owner is to be told of it: the fingerprint is
	// new, it is not the user's first, and none was told within the last day.
	Seen(ctx context.Context, userID string, fingerprint []byte, now time.Time) (tell bool, err error)
	// DeleteOfUser forgets them, so that a stranger who had the account is new to it.
	DeleteOfUser(ctx context.Context, userID string) error
}
