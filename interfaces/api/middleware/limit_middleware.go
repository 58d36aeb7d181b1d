package middleware

import (
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/services"
)

// The fields of draft-ietf-httpapi-ratelimit-headers-11.
const (
	headerRateLimit       = "RateLimit"
	headerRateLimitPolicy = "RateLimit-Policy"
)

// addressLimit is of all sensitive requests of one client address together.
var addressLimit = services.Limit{Name: "address", Burst: 100, Per: time.Minute}

// LimitAddress counts requests by the client's address, IPv6 by its /64, and refuses what is too
// much with domain.ErrRateLimited. It tells clients in the RateLimit fields how they stand; so
// it does of a limit that the use case found to be reached. Use one for all routes, after
// NewClientAddress.
func LimitAddress(limiter services.RateLimiter) fiber.Handler {
	return func(c *fiber.Ctx) error {
		state := limiter.Take(c.UserContext(), addressLimit, ClientOf(c).Network())
		tellLimit(c, addressLimit, state)
		if err := addressLimit.Exceeded(state); err != nil {
			return err
		}
		err := c.Next()
		if reached, ok := errors.AsType[*services.Exceeded](err); ok {
			tellLimit(c, reached.Limit, reached.State)
		}
		return err
	}
}

// tellLimit adds a limit to the fields. Who is under no limit is told of none.
func tellLimit(c *fiber.Ctx, l services.Limit, s services.LimitState) {
	if s.Remaining >= l.Burst {
		return
	}
	c.Append(headerRateLimitPolicy, fmt.Sprintf("%q;q=%d;w=%d", l.Name, l.Burst, seconds(l.Per)))
	c.Append(headerRateLimit, fmt.Sprintf("%q;r=%d;t=%d", l.Name, s.Remaining, seconds(untilMore(l, s))))
}

// untilMore returns when one more will be left than is now.
func untilMore(l services.Limit, s services.LimitState) time.Duration {
	if !s.Allowed {
		return s.RetryAfter
	}
	return s.Reset - l.Per/time.Duration(l.Burst)*time.Duration(l.Burst-s.Remaining-1)
}

// seconds rounds up, as Retry-After does.
func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }
