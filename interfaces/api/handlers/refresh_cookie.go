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

// CookieMode says whether a refresh token travels as a cookie, which no script can read, in place
// of a body.
type CookieMode string

// The modes. Any other value is CookieNever.
const (
	CookieAsk    CookieMode = "ask" // where the request asks for it
	CookieAlways CookieMode = "true"
	CookieNever  CookieMode = "false"
)

// RefreshCookie decides how refresh tokens travel.
type RefreshCookie struct {
	Mode    CookieMode
	Origins []string // of the pages that may refresh by cookie
}

// errOrigin refuses a page that is not known to be one of ours: a browser sends the cookie with
// any request that SameSite allows.
var errOrigin = func() *domain.Error {
	e := *domain.ErrForbidden
	e.Detail = "The Origin is not one of those that may refresh by cookie."
	return &e
}()

// begins decides whether the session that a request is about to begin gets its refresh token as a
// cookie; asked is the request's refreshCookie. It fails with domain.ErrValidation where the
// browser would drop the cookie, so call it before the use case.
func (r RefreshCookie) begins(c *fiber.Ctx, asked bool) (bool, error) {
	if asked && r.enabled() && c.Get("Sec-Fetch-Site") == "cross-site" {
		return false, domain.InvalidFields(domain.FieldError{
			Field: "refreshCookie", Code: "cross_site", Message: "needs a page of the same site: the browser would drop the cookie",
		})
	}
	return r.Mode == CookieAlways || (r.Mode == CookieAsk && asked), nil
}

// auth returns the body that tells of new tokens. With asCookie, the refresh token goes to the
// browser as a cookie instead.
func (r RefreshCookie) auth(c *fiber.Ctx, g services.Grant, asCookie bool) dto.Auth {
	body := newAuth(g)
	if asCookie {
		body.RefreshToken = ""
		r.set(c, g.RefreshToken, func(cookie *fasthttp.Cookie) { cookie.SetMaxAge(int(g.RefreshExpiresIn)) })
	}
	return body
}

// token reads the refresh token that a request brought, and whether it came as a cookie; one in
// the body wins. It returns what request.Decode does, domain.ErrForbidden for a cookie from an
// unknown origin and domain.ErrRefreshToken where a page that refreshes by cookie has none.
func (r RefreshCookie) token(c *fiber.Ctx) (in dto.RefreshRequest, byCookie bool, err error) {
	// With the body comes its media type, which no form of another site can send.
	if err := request.Decode(c, &in, true); err != nil || in.RefreshToken != "" || !r.enabled() {
		return in, false, err
	}
	in.RefreshToken = c.Cookies(refreshCookie)
	known := r.knows(c.Get(fiber.HeaderOrigin))
	switch {
	case !known && (in.RefreshToken != "" || r.Mode == CookieAlways):
		return in, false, errOrigin
	case known && in.RefreshToken == "":
		return in, false, domain.ErrRefreshToken
	}
	return in, in.RefreshToken != "", nil
}

func (r RefreshCookie) enabled() bool { return r.Mode == CookieAsk || r.Mode == CookieAlways }

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
	if r.enabled() {
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
