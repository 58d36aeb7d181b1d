package middleware

import "github.com/gofiber/fiber/v2"

// SecurityHeaders tells browsers to make nothing of a response but what it says it is. A page
// for people sets a Content-Security-Policy of its own. In production browsers are also told to
// come by HTTPS alone, for a year; they heed that only where they came by HTTPS.
func SecurityHeaders(production bool) fiber.Handler {
	type header struct{ name, value string }
	headers := []header{
		{fiber.HeaderXContentTypeOptions, "nosniff"},
		{fiber.HeaderXFrameOptions, "DENY"},
		{fiber.HeaderReferrerPolicy, "no-referrer"},
		{fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	}
	if production {
		headers = append(headers, header{fiber.HeaderStrictTransportSecurity, "max-age=31536000"})
	}
	return func(c *fiber.Ctx) error {
		for _, h := range headers {
			c.Response().Header.Set(h.name, h.value)
		}
		return c.Next()
	}
}

// NoStore keeps responses that hold a token or a user out of every cache.
func NoStore() fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Response().Header.Set(fiber.HeaderCacheControl, "no-store")
		return c.Next()
	}
}
