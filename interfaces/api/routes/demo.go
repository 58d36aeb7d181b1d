package routes

import (
	"io/fs"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/handlers"
)

// demoPage is the one page of the demo front end.
const demoPage = "index.html"

// demo adds the demo front end: its page where FRONTEND_URL and the redirects of a log-in
// lead, and the files that the page asks for. Without files nothing is added.
func demo(app *fiber.App, files fs.FS) {
	if files == nil {
		return
	}
	app.Get("/", handlers.Demo(files, demoPage))
	app.Get("/auth/callback", handlers.Demo(files, demoPage))
	names, _ := fs.Glob(files, "*") // fails for a bad pattern alone
	for _, name := range names {
		if name != demoPage {
			app.Get("/"+name, handlers.Demo(files, name))
		}
	}
}
