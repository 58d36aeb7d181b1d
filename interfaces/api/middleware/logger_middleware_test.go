package middleware_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain"
	"gofiber-auth/interfaces/api/middleware"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	fails := func(*fiber.Ctx) error { return domain.ErrNotFound }
	for name, tt := range map[string]struct {
		method  string
		path    string
		handler fiber.Handler
		want    map[string]any
	}{
		"success":   {"GET", "/things/1?token=secret", ok, map[string]any{"method": "GET", "route": "/things/:id", "status": 200.0, "bytes": 2.0, "client_ip": "0.0.0.0"}},
		"a problem": {"DELETE", "/things/secret", fails, map[string]any{"method": "DELETE", "route": "/things/:id", "status": 404.0, "code": "not_found", "client_ip": "0.0.0.0"}},
		"unmatched": {"GET", "/secret?secret", ok, map[string]any{"method": "GET", "route": "unmatched", "status": 404.0, "code": "not_found", "client_ip": "0.0.0.0"}},
		"HEAD":      {"HEAD", "/things/1", ok, map[string]any{"method": "HEAD", "route": "/things/:id", "status": 200.0, "bytes": 0.0, "client_ip": "0.0.0.0"}},
		"a stream": {"GET", "/things/1?token=secret", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("12345"), 5) },
			map[string]any{"method": "GET", "route": "/things/:id", "status": 200.0, "bytes": 5.0, "client_ip": "0.0.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			app := fiber.New(fiber.Config{ErrorHandler: newApp(io.Discard, ok).Config().ErrorHandler})
			app.Use(middleware.RequestID(), middleware.NewClientAddress([]netip.Prefix{}), middleware.Logger(logTo(&log)))
			app.All("/things/:id", tt.handler)
			send(t, app, requestTo(tt.method, tt.path))

			if strings.Contains(log.String(), "secret") {
				t.Errorf("the path or the query is in the log: %s", log.String())
			}
			var got map[string]any
			if err := json.Unmarshal(log.Bytes(), &got); err != nil {
				t.Fatalf("want one line of JSON: %v in %s", err, log.String())
			}
			if took, ok := got["duration_ms"].(float64); !ok || took < 0 || took > 60_000 {
				t.Errorf("duration_ms = %v", got["duration_ms"])
			}
			if tt.want["code"] != nil {
				tt.want["bytes"] = got["bytes"] // of a problem document, however long
			}
			tt.want["msg"], tt.want["level"] = "request", "INFO"
			for _, varies := range []string{"time", "duration_ms"} {
				delete(got, varies)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
