package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
)

// Sessions answers /users/me/sessions.
type Sessions struct {
	Service services.SessionList
	Cookie  RefreshCookie
}

// List answers GET /users/me/sessions.
func (h Sessions) List(c *fiber.Ctx) error {
	principal := middleware.Principal(c)
	sessions, err := h.Service.Sessions(c.UserContext(), principal)
	if err != nil {
		return err
	}
	return c.JSON(dto.NewSessions(sessions, principal.Session.ID))
}

// End answers DELETE /users/me/sessions/{id}.
func (h Sessions) End(c *fiber.Ctx) error {
	principal, id := middleware.Principal(c), c.Params("id")
	if err := h.Service.EndSession(c.UserContext(), principal, id); err != nil {
		return err
	}
	if strings.EqualFold(id, principal.Session.ID) {
		h.Cookie.forget(c)
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// EndOthers answers DELETE /users/me/sessions.
func (h Sessions) EndOthers(c *fiber.Ctx) error {
	if err := h.Service.EndOtherSessions(c.UserContext(), middleware.Principal(c)); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
