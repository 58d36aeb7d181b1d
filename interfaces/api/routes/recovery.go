package routes

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/handlers"
)

// recovery adds what goes through a person's mailbox.
func recovery(api fiber.Router, service services.Recovery, sensitive, body, bearer, optional fiber.Handler) {
	h := handlers.Recovery{Service: service}
	api.Post("/auth/password/forgot", sensitive, body, h.ForgotPassword)
	api.Post("/auth/password/reset", sensitive, body, h.ResetPassword)
	api.Post("/auth/email/verify", sensitive, optional, body, h.VerifyEmail)
	api.Post("/auth/email/resend", sensitive, bearer, body, h.ResendVerification)
}
