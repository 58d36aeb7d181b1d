package middleware

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/request"
)

// RequestID gives the request its id: in c.UserContext(), where the logs and the events of the
// request find it, and in the response's X-Request-ID.
func RequestID() fiber.Handler {
	return func(c *fiber.Ctx) error {
		request.ID(c)
		return c.Next()
	}
}
