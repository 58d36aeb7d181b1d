package middleware

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/request"
	"gofiber-auth/pkg/metrics"
)

// Metrics counts and times requests by method, route template and status.
func Metrics(m *metrics.Metrics) fiber.Handler {
	var templates request.Templates
	return func(c *fiber.Ctx) error {
		begun := time.Now()
		err := answer(c, c.Next())
		name, route := method(c), templates.Of(c)
		m.HTTPDuration.WithLabelValues(name, route).Observe(time.Since(begun).Seconds())
		m.HTTPRequests.WithLabelValues(name, route, strconv.Itoa(c.Response().StatusCode())).Inc()
		return err
	}
}
