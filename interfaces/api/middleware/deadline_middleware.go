package middleware

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Deadline ends c.UserContext() d after the request came in. A use case that runs into it is
// answered with 503 overloaded. The context ends with the request in any case, so nothing that
// outlives the request may hold on to it.
func Deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(c.UserContext(), d)
		defer cancel()
		c.SetUserContext(ctx)
		return c.Next()
	}
}
