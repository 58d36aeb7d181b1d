package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/request"
)

// refreshCookie is bound by its prefix to this very host and to HTTPS (RFC 6265bis section
// 4.1.3.2); browsers take http://localhost for as good.
const refreshCookie = "__Host-refresh"

// RefreshCookie decides how refresh tokens travel. In cookie mode no script ever sees one: it
// goes to browsers as a cookie and comes back as one. Otherwise it stands in bodies, and a
// cookie of that name means nothing.
type RefreshCookie struct {
	Enabled bool
	Origins []string // of the pages that may refresh; in cookie mode
}

// errOrigin refuses a page that is not known to be one of ours: a browser sends the cookie along
// whoever asks it to, within the limits of SameSite.
var errOrigin = func() *domain.Error {
	e := *domain.ErrForbidden
	e.Detail = "The Origin is not one of those that may refresh by cookie."
	return &e
}()

// auth returns the body that tells of new tokens, and gives the browser its cookie.
func (r RefreshCookie) auth(c *fiber.Ctx, g services.Grant) dto.Auth {
	body := newAuth(g)
	if r.Enabled {
		body.RefreshToken = ""
		r.set(c, g.RefreshToken, func(cookie *fasthttp.Cookie) { cookie.SetMaxAge(int(g.RefreshExpiresIn)) })
	}
	return body
}

// token reads the refresh token that a request brought. It returns what request.Decode does
// and, in cookie mode, domain.ErrForbidden or, without a cookie, domain.ErrRefreshToken.
func (r RefreshCookie) token(c *fiber.Ctx) (dto.RefreshRequest, error) {
	var in dto.RefreshRequest
	if r.Enabled && !r.knows(c.Get(fiber.HeaderOrigin)) {
		return in, errOrigin
	}
	// In cookie mode the body says nothing. But it has to be there, since with it comes its media
	// type, which no form of another site can send.
	if err := request.Decode(c, &in, true); err != nil || !r.Enabled {
		return in, err
	}
	if in.RefreshToken = c.Cookies(refreshCookie); in.RefreshToken == "" {
		return in, domain.ErrRefreshToken
	}
	return in, nil
}

func (r RefreshCookie) knows(origin string) bool {
	for _, known := range r.Origins {
		if origin != "" && strings.EqualFold(origin, strings.TrimSuffix(known, "/")) {
			return true
		}
	}
	return false
}

// forget makes the browser drop its cookie.
func (r RefreshCookie) forget(c *fiber.Ctx) {
	if r.Enabled {
		r.set(c, "", func(cookie *fasthttp.Cookie) { cookie.SetExpire(fasthttp.CookieExpireDelete) })
	}
}

func (RefreshCookie) set(c *fiber.Ctx, value string, life func(*fasthttp.Cookie)) {
	cookie := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(cookie)
	cookie.SetKey(refreshCookie)
	cookie.SetValue(value)
	cookie.SetPath("/")
	cookie.SetHTTPOnly(true)
	cookie.SetSecure(true)
	cookie.SetSameSite(fasthttp.CookieSameSiteStrictMode)
	life(cookie)
	c.Response().Header.SetCookie(cookie)
}
