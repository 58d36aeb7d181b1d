package services

import (
	"context"
	"time"
)

// Limit is how often something may happen: Burst times in Per, and after that as much more as
// time has passed (the generic cell rate algorithm).
type Limit struct {
	Name  string // in the RateLimit fields and in keys: "login", "address", "mail"
	Burst int
	Per   time.Duration
}

// LimitState is what a count came to.
type LimitState struct {
	Allowed    bool
	Remaining  int           // how many more may come at once
	RetryAfter time.Duration // where it is not allowed: when one will be
	Reset      time.Duration // when as many as Burst may come at once again
}

// RateLimiter counts, shared by all instances where there is a Redis. It never fails: where
// Redis is away it counts in the memory of this process.
type RateLimiter interface {
	// Take counts one for the key, if it may be. Keys may hold what is personal; they are hashed
	// before they are kept.
	Take(ctx context.Context, l Limit, key string) LimitState
	// Forget makes the key as good as new.
	Forget(ctx context.Context, l Limit, key string)
}

// BreachChecker tells whether a password is among those that were stolen somewhere.
type BreachChecker interface {
	// Breached returns within about a second. Where the answer cannot be had it is an error or, if
	// the operator prefers that, false.
	Breached(ctx context.Context, password string) (bool, error)
}
