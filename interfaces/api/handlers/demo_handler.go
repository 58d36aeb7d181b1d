package handlers

import (
	"io/fs"
	"path"

	"github.com/gofiber/fiber/v2"
)

// demoPolicy lets the demo load its own files, call this service and nothing else. Whatever
// were to get into the page could run no script and send nothing elsewhere.
const demoPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// demoTypes is not left to package mime, which asks the machine that it runs on.
var demoTypes = map[string]string{
	".html": fiber.MIMETextHTMLCharsetUTF8,
	".js":   fiber.MIMETextJavaScriptCharsetUTF8,
	".css":  "text/css; charset=utf-8",
}

// Demo answers with a file of the demo front end.
func Demo(files fs.FS, name string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, demoPolicy)
		c.Set(fiber.HeaderContentType, demoTypes[path.Ext(name)])
		c.Set(fiber.HeaderCacheControl, "no-cache") // the next build may have another under the same name
		return c.Send(body)
	}
}
