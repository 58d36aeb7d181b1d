package middleware_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/pkg/contextutil"
)

func TestDeadline(t *testing.T) {
	t.Parallel()
	var kept context.Context
	waits := func(c *fiber.Ctx) error {
		kept = c.UserContext()
		<-kept.Done()
		return fmt.Errorf("query: %w", kept.Err())
	}
	res, code := send(t, newApp(io.Discard, middleware.RequestID(), middleware.Deadline(10*time.Millisecond), waits),
		request("GET", "X-Request-ID", "id-1"))
	if res.StatusCode != 503 || code != "overloaded" || res.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %q, Retry-After %q; want 503 overloaded, 1", res.StatusCode, code, res.Header.Get("Retry-After"))
	}
	if got := contextutil.RequestID(kept); got != "id-1" {
		t.Errorf("the context lost its request id: %q", got)
	}
}
