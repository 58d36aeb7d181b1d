// Package handlers turns HTTP requests into calls of the use cases and their results into
// responses. No decision of the domain is made here.
package handlers

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/problem"
	"gofiber-auth/interfaces/api/request"
	"gofiber-auth/pkg/metrics"
)

// Auth answers /auth: registering, logging in and out, refreshing.
type Auth struct {
	Service services.Authentication
	Cookie  RefreshCookie
	Metrics *metrics.Metrics
}

// Register answers POST /auth/register.
func (h Auth) Register(c *fiber.Ctx) error {
	var in dto.RegisterRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	asCookie, err := h.Cookie.begins(c, in.RefreshCookie)
	if err != nil {
		return err
	}
	grant, err := h.Service.Register(c.UserContext(), in, middleware.ClientOf(c))
	if err != nil {
		return err
	}
	if grant.Pending {
		return accepted(c)
	}
	h.Metrics.Registrations.Inc()
	return c.Status(fiber.StatusCreated).JSON(h.Cookie.auth(c, grant, asCookie))
}

// Login answers POST /auth/login.
func (h Auth) Login(c *fiber.Ctx) error {
	var in dto.LoginRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	asCookie, err := h.Cookie.begins(c, in.RefreshCookie)
	if err != nil {
		return err
	}
	grant, err := h.Service.Login(c.UserContext(), in, middleware.ClientOf(c))
	h.Metrics.Logins.WithLabelValues(loginStatus(err)).Inc()
	if err != nil {
		return err
	}
	return c.JSON(h.Cookie.auth(c, grant, asCookie))
}

// Logout answers POST /auth/logout.
func (h Auth) Logout(c *fiber.Ctx) error {
	if err := h.Service.Logout(c.UserContext(), middleware.Principal(c)); err != nil {
		return err
	}
	h.Cookie.forget(c)
	return c.SendStatus(fiber.StatusNoContent)
}

func newAuth(g services.Grant) dto.Auth {
	return dto.Auth{
		Token: g.AccessToken, TokenType: "Bearer", ExpiresIn: g.ExpiresIn,
		RefreshToken: g.RefreshToken, RefreshExpiresIn: g.RefreshExpiresIn, User: dto.NewUser(g.User),
	}
}

// loginStatus returns the label of a log-in's end: "success" or the code that the client gets.
func loginStatus(err error) string {
	if err == nil {
		return "success"
	}
	return problem.For(err).Code
}
