package middleware_test

import (
	"io"
	"testing"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/interfaces/api/middleware"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "",
	}
	res, _ := send(t, newApp(io.Discard, middleware.SecurityHeaders(false), ok), request("GET"))
	wantHeaders(t, res, want)

	want["Strict-Transport-Security"] = "max-age=31536000"
	fails := func(*fiber.Ctx) error { return domain.ErrNotFound }
	res, _ = send(t, newApp(io.Discard, middleware.SecurityHeaders(true), fails), request("GET"))
	wantHeaders(t, res, want)

	page := func(c *fiber.Ctx) error {
		c.Set("Content-Security-Policy", "default-src 'self'")
		return nil
	}
	res, _ = send(t, newApp(io.Discard, middleware.SecurityHeaders(false), page), request("GET"))
	wantHeaders(t, res, map[string]string{"Content-Security-Policy": "default-src 'self'"})
}

func TestNoStore(t *testing.T) {
	t.Parallel()
	res, _ := send(t, newApp(io.Discard, middleware.NoStore(), ok), request("GET"))
	wantHeaders(t, res, map[string]string{"Cache-Control": "no-store"})
}
