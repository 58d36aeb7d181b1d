package handlers

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
)

// Settings answers GET /auth/settings.
func Settings(s dto.Settings) fiber.Handler {
	return func(c *fiber.Ctx) error { return c.JSON(s) }
}
