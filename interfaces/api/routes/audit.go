package routes

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/handlers"
)

// audit adds the audit log and the export of what is held about somebody.
func audit(api fiber.Router, d Deps, bearer, admins fiber.Handler) {
	log := handlers.Audit{
		Service: d.Audit, Cursors: handlers.NewCursors(d.CursorSecret, "audit"),
		OwnCursors: handlers.NewCursors(d.CursorSecret, "own audit"),
	}
	api.Get("/users/me/audit", bearer, log.Own)
	api.Get("/users/me/export", bearer, handlers.Export{Service: d.Exporter}.Download)
	api.Get("/audit", bearer, admins, log.All)
}
