package repositories

import (
	"context"
	"time"
)

// OneTimeStore keeps for a short time what random tokens stand for: OAuth states, one-time
// codes, tickets. Keys are hashes of the tokens, never the tokens. Where several instances run,
// all of them see the same store. Methods return domain.ErrNotFound for what was never put, was
// taken, or is too old.
type OneTimeStore interface {
	// Put keeps value for ttl. It returns domain.ErrOverloaded when there is no room.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Get returns the value and leaves it there.
	Get(ctx context.Context, key string) (OneTimeValue, error)
	// Take returns the value and removes it; of many calls at once, one gets it.
	Take(ctx context.Context, key string) ([]byte, error)
	// Use counts a use of the value. Of many calls at once one gets Uses 1, the next 2 and so on.
	// From its first use on the value stays for keep, however long it had left.
	Use(ctx context.Context, key string, keep time.Duration) (OneTimeValue, error)
}

// OneTimeValue is a value with how often it has been used.
type OneTimeValue struct {
	Value []byte
	Uses  int
}
