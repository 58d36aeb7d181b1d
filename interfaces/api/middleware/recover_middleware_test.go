package middleware_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/interfaces/api/middleware"
)

func TestRecover(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"text":                   "boom of ada@example.com",
		"an error":               errors.New("boom of ada@example.com"),
		"an error of the domain": domain.ErrNotFound, // still a bug: who means it returns it
		"a number":               42,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			app := newApp(&log, middleware.Recover(), func(*fiber.Ctx) error { panic(value) })
			res, code := send(t, app, request("GET"))
			if res.StatusCode != 500 || code != "internal" {
				t.Errorf("%d %q, want 500 internal", res.StatusCode, code)
			}
			if body, _ := io.ReadAll(res.Body); strings.Contains(string(body), "boom") {
				t.Errorf("the panic left the house: %s", body)
			}
			if line := log.String(); !strings.Contains(line, "panic: ") || !strings.Contains(line, "recover_middleware_test.go") || strings.Contains(line, "ada@") {
				t.Errorf("want the panic and its stack, without addresses: %s", line)
			}
		})
	}
}
