package handlers

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/openapi"
	"gofiber-auth/interfaces/api/problem"
)

// Document answers GET /openapi.yaml.
func Document(c *fiber.Ctx) error { return sendFile(c, openapi.DocumentFile()) }

// Docs answers GET /docs and GET /docs/{file}, the files that the page asks for.
func Docs(c *fiber.Ctx) error {
	file, found := openapi.PageFile(c.Params("file"))
	if !found {
		return fiber.ErrNotFound
	}
	return sendFile(c, file)
}

// sendFile sends a file of the documentation, compressed where the client takes that.
func sendFile(c *fiber.Ctx, f openapi.File) error {
	c.Set(fiber.HeaderContentSecurityPolicy, openapi.ContentSecurityPolicy)
	c.Set(fiber.HeaderContentType, f.ContentType)
	c.Set(fiber.HeaderCacheControl, "no-cache") // a new version may have another under the same name
	c.Set(fiber.HeaderETag, f.ETag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if c.Get(fiber.HeaderIfNoneMatch) == f.ETag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	if c.AcceptsEncodings("gzip", "identity") == "gzip" && strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(f.Gzip())
	}
	return c.Send(f.Body)
}

// ProblemPage answers GET /problems/{code}: what the type of a problem document means. The
// code has dashes there, as in a type.
func ProblemPage(c *fiber.Ctx) error {
	for _, e := range problem.Catalog() {
		if e.Type != "/problems/"+c.Params("code") {
			continue
		}
		var page bytes.Buffer
		if err := openapi.ProblemPage(&page, openapi.Problem{Title: e.Title, Status: e.Status, Code: e.Code, Detail: e.Detail}); err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, openapi.ContentSecurityPolicy)
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		return c.Send(page.Bytes())
	}
	return fiber.ErrNotFound
}
