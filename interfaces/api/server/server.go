// Package server is the HTTP server that the routes stand on: fasthttp's limits, and the
// middleware that every request passes, in the one order that works.
package server

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/problem"
	"gofiber-auth/interfaces/api/request"
	"gofiber-auth/pkg/metrics"
)

// Options is what New needs to know. Log and Metrics are required; a time of zero means its
// default.
type Options struct {
	Log            *slog.Logger
	Metrics        *metrics.Metrics
	AllowedOrigins []string       // CORS_ALLOWED_ORIGINS
	TrustedProxies []netip.Prefix // TRUSTED_PROXIES
	Production     bool           // whether browsers are told to come by HTTPS alone

	RequestTimeout time.Duration // for a use case, from the last byte of the request, time in the password queue included; 30 s
	ReadTimeout    time.Duration // for a whole request, from its first byte; 10 s
	WriteTimeout   time.Duration // for a whole response; 10 s
	IdleTimeout    time.Duration // between two requests; 75 s, more than proxies keep theirs
}

// maxChunked is how much of a chunked body is read, in bytes. What is over request.MaxBody is
// refused all the same; but fasthttp, when it gives up in the middle of a chunked body, has
// forgotten the request: its id, its origin and its route.
const maxChunked = 1 << 20

// roomForChunks is fasthttp's HeaderReceived.
func roomForChunks(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if h.ContentLength() == -1 { // chunked
		return fasthttp.RequestConfig{MaxRequestBodySize: maxChunked}
	}
	return fasthttp.RequestConfig{}
}

// maxHeader is the size in bytes of the longest request line with its header fields.
const maxHeader = 16 << 10

// New returns an app that every request enters through its id, the client's address, the
// request's log line and metrics, recovery from panics, the security headers, CORS and a
// deadline, so routes.New adds no middleware but what belongs to a route: NoStore, JSONBody,
// Authenticate, RequireAdmin, LimitAddress.
//
// "/users" is not "/users/" and not "/Users": one resource, one address. With a group that
// means Get("", …), not Get("/", …).
func New(o Options) *fiber.App {
	app := fiber.New(fiber.Config{
		Immutable:                    true, // else Params, Get and Cookies change under who keeps them
		StrictRouting:                true,
		CaseSensitive:                true,
		RequestMethods:               methods,
		ErrorHandler:                 problem.ErrorHandler(o.Log),
		BodyLimit:                    request.MaxBody,
		DisablePreParseMultipartForm: true, // it would be parsed, into files even, to be refused
		ReadBufferSize:               maxHeader,
		ReadTimeout:                  or(o.ReadTimeout, 10*time.Second),
		WriteTimeout:                 or(o.WriteTimeout, 10*time.Second),
		IdleTimeout:                  or(o.IdleTimeout, 75*time.Second),
		DisableDefaultContentType:    true,
		DisableStartupMessage:        true,
	})
	e := edge{app: app.Handler()}
	s := app.Server()
	s.Handler = e.serve
	s.ErrorHandler = e.refuse
	s.ExpectHandler = e.expect
	s.HeaderReceived = roomForChunks
	s.CloseOnShutdown = true // tells keep-alive clients to go elsewhere while the service drains

	app.Use(
		middleware.Recover(), // for the next five
		middleware.RequestID(),
		middleware.NewClientAddress(o.TrustedProxies),
		middleware.Caller(),
		middleware.Logger(o.Log),
		middleware.Metrics(o.Metrics),
		middleware.Recover(), // so that panics of handlers are logged, counted and answered like any failure
		middleware.SecurityHeaders(o.Production),
		middleware.CORS(o.AllowedOrigins), // before anything that refuses: a page may read refusals too
		refused,
		middleware.Deadline(or(o.RequestTimeout, 30*time.Second)),
	)
	return app
}

// Serve serves app on ln until app is shut down. Use it rather than app.Listener: it makes
// sure that who is refused in the middle of a request gets to read why.
func Serve(app *fiber.App, ln net.Listener) error {
	return app.Listener(listener{ln})
}

func or(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}
