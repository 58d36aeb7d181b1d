package server_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain/models"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/server"
	"gofiber-auth/pkg/metrics"
)

type anyone struct{}

func (anyone) Authenticate(context.Context, string) (models.Principal, error) {
	return models.Principal{User: models.User{ID: "u"}}, nil
}

// BenchmarkEdge is what a request costs before and after its handler: bare Fiber, with the
// middleware of New, and with what GET /users/me adds to that (but for the verification of the
// token). The difference to bare is the price of the edge.
func BenchmarkEdge(b *testing.B) {
	ok := func(c *fiber.Ctx) error { return c.SendString("ok") }
	bare := fiber.New(fiber.Config{DisableStartupMessage: true})
	bare.Get("/api/v1/users/me", ok)
	edged := server.New(server.Options{
		Log: slog.New(slog.NewJSONHandler(struct{ io.Writer }{io.Discard}, nil)), Metrics: metrics.New("test"),
		AllowedOrigins: []string{"http://localhost:3000"},
	})
	edged.Get("/plain", ok)
	edged.Get("/api/v1/users/me", middleware.NoStore(), middleware.Authenticate(anyone{}), ok)

	for _, run := range []struct {
		name string
		app  *fiber.App
		path string
	}{{"bare", bare, "/api/v1/users/me"}, {"edge", edged, "/plain"}, {"me", edged, "/api/v1/users/me"}} {
		b.Run(run.name, func(b *testing.B) {
			run.app.Handler() // builds the routes
			handler := run.app.Server().Handler
			var ctx fasthttp.RequestCtx
			ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, nil)
			ctx.Request.Header.SetHost("localhost")
			ctx.Request.Header.Set("Authorization", "Bearer abc.def.ghi")
			ctx.Request.Header.Set("User-Agent", "bench")
			ctx.Request.SetRequestURI(run.path)
			b.ReportAllocs()
			for b.Loop() {
				handler(&ctx)
				ctx.ResetUserValues()
				ctx.Response.Reset()
			}
		})
	}
}
