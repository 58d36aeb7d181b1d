package handlers

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
)

// Refresh answers POST /auth/refresh.
func (h Auth) Refresh(c *fiber.Ctx) error {
	in, byCookie, err := h.Cookie.token(c)
	if err != nil {
		return err
	}
	grant, err := h.Service.Refresh(c.UserContext(), in)
	h.Metrics.Refreshes.WithLabelValues(loginStatus(err)).Inc()
	if byCookie && (errors.Is(err, domain.ErrRefreshToken) || errors.Is(err, domain.ErrRefreshReused)) {
		h.Cookie.forget(c) // it is worth nothing any more
	}
	if err != nil {
		return err
	}
	return c.JSON(h.Cookie.auth(c, grant, byCookie || h.Cookie.Mode == CookieAlways))
}
