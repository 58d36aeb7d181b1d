package middleware

import (
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/problem"
	"gofiber-auth/interfaces/api/request"
)

// Logger writes one line for each request. The route is a template: paths and queries hold
// tokens and addresses, so neither is in the line.
func Logger(log *slog.Logger) fiber.Handler {
	var templates request.Templates
	return func(c *fiber.Ctx) error {
		begun := time.Now()
		err := answer(c, c.Next())
		ctx := c.UserContext()
		if !log.Enabled(ctx, slog.LevelInfo) {
			return err
		}
		attrs := append(make([]slog.Attr, 0, 7),
			slog.String("method", method(c)),
			slog.String("route", templates.Of(c)),
			slog.Int("status", c.Response().StatusCode()),
			slog.Float64("duration_ms", float64(time.Since(begun).Microseconds())/1000),
			slog.Int("bytes", responseSize(c)),
			slog.String("client_ip", clientIP(c)),
		)
		if code := problem.Code(c); code != "" {
			attrs = append(attrs, slog.String("code", code))
		}
		log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
		return err
	}
}

// responseSize is the size in bytes of the body that will be sent; 0 where it is not known yet.
func responseSize(c *fiber.Ctx) int {
	switch {
	case c.Method() == fiber.MethodHead, c.Response().StatusCode() == fiber.StatusNoContent:
		return 0 // whatever the body holds, it is not sent
	case c.Response().IsBodyStream(): // Body would read it all
		return max(0, c.Response().Header.ContentLength())
	default:
		return len(c.Response().Body())
	}
}
