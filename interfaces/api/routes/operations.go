package routes

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/handlers"
)

// operations adds what operators and readers of the documentation ask for.
func operations(app *fiber.App, d Deps) {
	app.Get("/health", d.Health.Live)
	app.Get("/health/live", d.Health.Live)
	app.Get("/health/ready", d.Health.Ready)
	app.Get("/metrics", handlers.Metrics(d.Metrics))
	app.Get("/openapi.yaml", handlers.Document)
	app.Get("/docs", handlers.Docs)
	app.Get("/docs/:file", handlers.Docs)
	app.Get("/problems/:code", handlers.ProblemPage)
}
