package routes

import (
	"io/fs"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/handlers"
)

// demoPage is the one page of the demo front end.
const demoPage = "index.html"

// demoAddresses are where the page is: where FRONTEND_URL, the redirects of a log-in and the
// links of mails lead.
var demoAddresses = []string{"/", "/auth/callback", "/auth/verify-email", "/auth/reset-password"}

// demo adds the demo front end: its page, and the files that the page asks for. Without files
// nothing is added.
func demo(app *fiber.App, files fs.FS) {
	if files == nil {
		return
	}
	for _, address := range demoAddresses {
		app.Get(address, handlers.Demo(files, demoPage))
	}
	names, _ := fs.Glob(files, "*") // fails for a bad pattern alone
	for _, name := range names {
		if name != demoPage {
			app.Get("/"+name, handlers.Demo(files, name))
		}
	}
}
