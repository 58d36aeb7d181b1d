package routes

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/handlers"
)

// sessions adds what users do with their own sessions.
func sessions(api fiber.Router, d Deps, bearer, body fiber.Handler) {
	h := handlers.Sessions{Service: d.Sessions, Cookie: d.refreshCookie()}
	api.Get("/users/me/sessions", bearer, h.List)
	api.Delete("/users/me/sessions", bearer, body, h.EndOthers)
	api.Delete("/users/me/sessions/:id", bearer, body, h.End)
}

// refreshCookie says how refresh tokens travel.
func (d Deps) refreshCookie() handlers.RefreshCookie {
	return handlers.RefreshCookie{Mode: d.RefreshCookie, Origins: d.AllowedOrigins}
}
