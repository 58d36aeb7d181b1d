package handlers

import (
	"context"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Check tells how a part is in a few words that may be shown to anybody: "ok", or what is
// wrong with it, such as "down: not connected".
type Check func(ctx context.Context) string

// Health answers the health routes.
type Health struct {
	Service  string
	Version  string
	Database Check // without it nothing can be answered
	Events   Check // without it changes commit and their events wait
	Cache    Check
	Draining func() bool // whether the process is about to stop
}

// checkPatience is how long one part may take to answer a readiness check.
const checkPatience = time.Second

// Live answers GET /health and GET /health/live: the process answers.
func (h Health) Live(c *fiber.Ctx) error {
	return c.JSON(fiber.Map{"status": "ok", "service": h.Service, "version": h.Version})
}

// Ready answers GET /health/ready: 503 while the database is away or the process is about to
// stop. The event bus being away degrades the service only.
func (h Health) Ready(c *fiber.Ctx) error {
	checks := map[string]Check{"database": h.Database, "events": h.Events, "cache": h.Cache}
	results := runChecks(c.UserContext(), checks)
	status, code := "ok", fiber.StatusOK
	for _, result := range results {
		if result != "ok" {
			status = "degraded"
		}
	}
	if results["database"] != "ok" || h.Draining() {
		status, code = "unavailable", fiber.StatusServiceUnavailable
	}
	return c.Status(code).JSON(fiber.Map{
		"status": status, "checks": results, "service": h.Service, "version": h.Version,
	})
}

// runChecks runs all checks at once. Each returns when its context ends, after checkPatience at
// the latest.
func runChecks(ctx context.Context, checks map[string]Check) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	results := make(map[string]string, len(checks))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, check := range checks {
		wg.Go(func() {
			result := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			results[name] = result
		})
	}
	wg.Wait()
	return results
}
