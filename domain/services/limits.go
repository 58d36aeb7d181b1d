package services

import (
	"context"
	"time"

	"gofiber-auth/domain"
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

// Exceeded is the cause of a domain.ErrRateLimited: which limit it was, and what was left of it.
type Exceeded struct {
	Limit Limit
	State LimitState
}

// Error names the limit.
func (e *Exceeded) Error() string { return "the limit " + e.Limit.Name + " is reached" }

// Exceeded returns the domain.ErrRateLimited that says when to try again, where s is not
// allowed; else nil.
func (l Limit) Exceeded(s LimitState) error {
	if s.Allowed {
		return nil
	}
	return domain.ErrRateLimited.After(s.RetryAfter).Because(&Exceeded{l, s})
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

// Unlimited is the RateLimiter of who wants none: it counts nothing, and everything may be. What
// remains is always the whole Burst, which it never is where something was counted.
type Unlimited struct{}

var _ RateLimiter = Unlimited{}

// Take implements RateLimiter.
func (Unlimited) Take(_ context.Context, l Limit, _ string) LimitState {
	return LimitState{Allowed: true, Remaining: l.Burst}
}

// Forget implements RateLimiter.
func (Unlimited) Forget(context.Context, Limit, string) {}

// BreachChecker tells whether a password is among those that were stolen somewhere.
type BreachChecker interface {
	// Breached returns within about a second. Where the answer cannot be had it is
	// domain.ErrUnavailable or, if the operator prefers that, false.
	Breached(ctx context.Context, password string) (bool, error)
}

// NoBreachCheck is the BreachChecker of who has no list of stolen passwords: it knows of none.
type NoBreachCheck struct{}

var _ BreachChecker = NoBreachCheck{}

// Breached implements BreachChecker.
func (NoBreachCheck) Breached(context.Context, string) (bool, error) { return false, nil }
