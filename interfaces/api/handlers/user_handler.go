package handlers

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/request"
)

// Users answers /users/me: what users do with their own accounts.
type Users struct {
	Service services.Accounts
	Cookie  RefreshCookie
}

// Me answers GET /users/me, from what authentication has just read of the database.
func (h Users) Me(c *fiber.Ctx) error {
	return c.JSON(dto.NewUser(middleware.Principal(c).User))
}

// Update answers PATCH /users/me.
func (h Users) Update(c *fiber.Ctx) error {
	var in dto.UpdateUserRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	user, err := h.Service.Update(c.UserContext(), middleware.Principal(c), in)
	if err != nil {
		return err
	}
	return c.JSON(dto.NewUser(user))
}

// ChangePassword answers PUT /users/me/password.
func (h Users) ChangePassword(c *fiber.Ctx) error {
	var in dto.ChangePasswordRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	asCookie, err := h.Cookie.begins(c, in.RefreshCookie)
	if err != nil {
		return err
	}
	grant, err := h.Service.ChangePassword(c.UserContext(), middleware.Principal(c), in, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	return c.JSON(h.Cookie.auth(c, grant, asCookie))
}

// Delete answers DELETE /users/me. A user without a password sends no body.
func (h Users) Delete(c *fiber.Ctx) error {
	var in dto.DeleteUserRequest
	if err := request.Decode(c, &in, false); err != nil {
		return err
	}
	if err := h.Service.Delete(c.UserContext(), middleware.Principal(c), in); err != nil {
		return err
	}
	h.Cookie.forget(c)
	return c.SendStatus(fiber.StatusNoContent)
}
