// Package routes puts handlers and middleware together into the service's HTTP application.
package routes

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/handlers"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/server"
	"gofiber-auth/pkg/metrics"
)

// Deps is all that the routes need. Every field is required, but for SyncToken, Demo and the
// lists.
type Deps struct {
	Authentication services.Authentication
	Authenticator  services.Authenticator
	Accounts       services.Accounts
	Sessions       services.SessionList
	Administration services.Administration
	OAuth          services.OAuth
	Identities     services.LinkedIdentities
	Recovery       services.Recovery
	Snapshots      services.Snapshots
	Limiter        services.RateLimiter
	Audit          services.AuditLog
	Exporter       services.Exporter
	CursorSecret   []byte // keys the cursors of lists
	Health         handlers.Health
	Metrics        *metrics.Metrics
	Log            *slog.Logger

	Frontend       *url.URL            // where browsers go after an identity provider
	SecureCookies  bool                // anywhere but in development
	RefreshCookie  handlers.CookieMode // whether refresh tokens travel as cookies; empty: never
	SyncToken      string              // of other services; empty: no routes for them
	Demo           fs.FS               // the demo front end; nil: none
	DevelopmentIDP http.Handler        // the identity provider of development; nil: none

	DevelopmentMail http.Handler // the mails of development; nil: none

	Settings dto.Settings // what GET /auth/settings answers

	Production     bool
	AllowedOrigins []string
	TrustedProxies []netip.Prefix
}

// New returns the application that cmd/api serves and that tests drive.
func New(d Deps) *fiber.App {
	app := server.New(server.Options{
		Log: d.Log, Metrics: d.Metrics,
		AllowedOrigins: d.AllowedOrigins, TrustedProxies: d.TrustedProxies, Production: d.Production,
	})
	operations(app, d)
	if d.DevelopmentIDP != nil || d.DevelopmentMail != nil {
		app.Use("/dev", middleware.Local())
	}
	if d.DevelopmentIDP != nil {
		developmentIDP(app, d.DevelopmentIDP)
	}
	if d.DevelopmentMail != nil {
		developmentMail(app, d.DevelopmentMail)
	}
	demo(app, d.Demo)

	var (
		auth  = handlers.Auth{Service: d.Authentication, Cookie: d.refreshCookie(), Metrics: d.Metrics}
		users = handlers.Users{Service: d.Accounts, Cookie: d.refreshCookie()}
		oauth = handlers.OAuth{
			Service: d.OAuth, Links: d.Identities, Frontend: d.Frontend, Metrics: d.Metrics, Log: d.Log,
			Cookies: handlers.FlowCookies{Secure: d.SecureCookies}, Refresh: d.refreshCookie(),
		}
		admin = handlers.Admin{Service: d.Administration, Cursors: handlers.NewCursors(d.CursorSecret, "users")}

		body   = middleware.JSONBody()
		bearer = middleware.Authenticate(d.Authenticator)
		admins = middleware.RequireAdmin()

		// What guesses, hashes or sends mail. Before all else, so that what is refused costs nothing.
		sensitive = middleware.LimitAddress(d.Limiter)
	)
	// Middleware stands at each route rather than at a prefix, so that an unknown route is a
	// 404 and a wrong method a 405 before anything is asked of the caller.
	names := new(fixedNames)
	api := app.Group("/api/v1", middleware.NoStore(), names.allow)

	api.Post("/auth/register", sensitive, body, auth.Register)
	api.Post("/auth/login", sensitive, body, auth.Login)
	api.Post("/auth/refresh", sensitive, body, auth.Refresh)
	api.Post("/auth/logout", bearer, body, auth.Logout)

	api.Get("/auth/settings", handlers.Settings(d.Settings))
	recovery(api, d.Recovery, sensitive, body, bearer, middleware.AuthenticateIfPresent(d.Authenticator))

	api.Post("/auth/exchange", sensitive, body, oauth.Exchange)
	api.Post("/auth/oauth/complete", sensitive, body, oauth.Complete)
	// Not by Get, which would answer HEAD, too: who only looks must not use a flow up.
	api.Add(fiber.MethodGet, "/auth/:provider", names.win, sensitive, oauth.Start)
	api.Add(fiber.MethodGet, "/auth/:provider/callback", oauth.Callback)

	api.Get("/users/me/oauth-providers", bearer, oauth.Identities)
	api.Post("/users/me/oauth-providers/:provider", sensitive, bearer, body, oauth.Link)
	api.Delete("/users/me/oauth-providers/:provider", sensitive, bearer, body, oauth.Unlink)

	api.Get("/users/me", bearer, users.Me)
	api.Patch("/users/me", sensitive, bearer, body, users.Update)
	api.Delete("/users/me", sensitive, bearer, body, users.Delete)
	api.Put("/users/me/password", sensitive, bearer, body, users.ChangePassword)
	sessions(api, d, bearer, body)

	audit(api, d, bearer, admins)

	api.Get("/users", bearer, admins, admin.List)
	api.Post("/users", bearer, admins, body, admin.Create)
	api.Get("/users/:id", bearer, admins, admin.User)
	api.Patch("/users/:id", bearer, admins, body, admin.Update)
	api.Delete("/users/:id", bearer, admins, body, admin.Delete)

	if d.SyncToken != "" {
		internal := handlers.Internal{Service: d.Snapshots, Cursors: handlers.NewCursors(d.CursorSecret, "snapshot")}
		api.Get("/internal/users", middleware.RequireService(d.SyncToken), internal.Users)
	}
	return app
}
