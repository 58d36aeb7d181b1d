package handlers

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/request"
)

// Recovery answers /auth/password and /auth/email: what goes through a person's mailbox.
type Recovery struct {
	Service services.Recovery
}

// ForgotPassword answers POST /auth/password/forgot: the same, whoever's the address is.
func (h Recovery) ForgotPassword(c *fiber.Ctx) error {
	var in dto.ForgotPasswordRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	if err := h.Service.ForgotPassword(c.UserContext(), in); err != nil {
		return err
	}
	return accepted(c)
}

// ResetPassword answers POST /auth/password/reset.
func (h Recovery) ResetPassword(c *fiber.Ctx) error {
	var in dto.ResetPasswordRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	if err := h.Service.ResetPassword(c.UserContext(), in); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// VerifyEmail answers POST /auth/email/verify.
func (h Recovery) VerifyEmail(c *fiber.Ctx) error {
	var in dto.VerifyEmailRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	var bearer *models.Principal
	if p, ok := middleware.OptionalPrincipal(c); ok {
		bearer = &p
	}
	if err := h.Service.VerifyEmail(c.UserContext(), in, bearer, middleware.ClientOf(c)); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// ResendVerification answers POST /auth/email/resend.
func (h Recovery) ResendVerification(c *fiber.Ctx) error {
	if err := h.Service.ResendVerification(c.UserContext(), middleware.Principal(c)); err != nil {
		return err
	}
	return accepted(c)
}

// accepted answers that a mail is on its way, with no body: c.SendStatus would write one.
func accepted(c *fiber.Ctx) error {
	c.Status(fiber.StatusAccepted)
	return nil
}
