package routes

import (
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// DevelopmentIDP is where the development identity provider is found.
const DevelopmentIDP = "/dev/idp"

// developmentIDP mounts the identity provider of development. Its pages come with headers of
// their own, in place of those that every other response has.
func developmentIDP(app *fiber.App, idp http.Handler) {
	serve := adaptor.HTTPHandler(http.StripPrefix(DevelopmentIDP, idp))
	app.All(DevelopmentIDP+"/*", func(c *fiber.Ctx) error {
		for _, name := range []string{
			fiber.HeaderContentSecurityPolicy, fiber.HeaderXContentTypeOptions, fiber.HeaderXFrameOptions, fiber.HeaderReferrerPolicy,
		} {
			c.Response().Header.Del(name)
		}
		return serve(c)
	})
}
