package middleware

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, X-Request-ID"
	corsExposed = "X-Request-ID, Retry-After, RateLimit"
	corsMaxAge  = "600" // seconds; how long a browser may go by an answer that has changed since
)

// CORS lets scripts of the given origins ("https://app.example.com") call this service with
// credentials. Any other origin gets no CORS header, which is how browsers are told no; its
// preflights go on to the router.
func CORS(origins []string) fiber.Handler {
	allowed := make(map[string]string, len(origins))
	for _, origin := range origins {
		if origin = strings.TrimSuffix(strings.ToLower(origin), "/"); origin != "" {
			allowed[origin] = origin
		}
	}
	return func(c *fiber.Ctx) error {
		// Also for who sends no Origin: a cache must not give that answer to one who does.
		c.Vary(fiber.HeaderOrigin)
		origin, ok := allowed[string(c.Request().Header.Peek(fiber.HeaderOrigin))]
		if !ok {
			return c.Next()
		}
		h := &c.Response().Header
		h.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		h.Set(fiber.HeaderAccessControlAllowCredentials, "true")
		if c.Method() != fiber.MethodOptions || len(c.Request().Header.Peek(fiber.HeaderAccessControlRequestMethod)) == 0 {
			h.Set(fiber.HeaderAccessControlExposeHeaders, corsExposed)
			return c.Next()
		}
		c.Vary(fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
		h.Set(fiber.HeaderAccessControlAllowMethods, corsMethods)
		h.Set(fiber.HeaderAccessControlAllowHeaders, corsHeaders)
		h.Set(fiber.HeaderAccessControlMaxAge, corsMaxAge)
		c.Status(fiber.StatusNoContent)
		return nil
	}
}
