package repositories

import (
	"context"
	"time"
)

// UsedStates remembers the OAuth states that have been used, within a bound: beyond it, those
// that would expire first are forgotten first. Where several instances run, all of them share it.
type UsedStates interface {
	// MarkUsed reports whether the key is marked for the first time, and remembers it for ttl. Of
	// many calls at once one gets true.
	MarkUsed(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
}
