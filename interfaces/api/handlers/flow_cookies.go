package handlers

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain/services"
)

// FlowCookies tie flows through identity providers to the browser that began them: each flow
// has a cookie of its own, so that several at once do not disturb each other.
type FlowCookies struct {
	// Secure keeps the cookies to HTTPS and, by the prefix of their names, to this very host: a
	// page on a sibling of the host could else plant one, and log its visitor in as somebody
	// else (RFC 6265bis section 4.1.3.2).
	Secure bool
}

const (
	flowCookieLife = 10 * time.Minute // as that of a state

	// Many flows that never came back, begun by a page that means ill, must not make the header
	// of every request too long to be read: from this size on, in bytes, the older ones go.
	tooManyFlowCookies = 12 << 10
)

func (f FlowCookies) prefix() string {
	if f.Secure {
		return "__Host-oauth-"
	}
	return "oauth-"
}

// keep gives the browser the cookie of a flow.
func (f FlowCookies) keep(c *fiber.Ctx, flow services.OAuthStart) {
	if len(c.Request().Header.Peek(fiber.HeaderCookie)) > tooManyFlowCookies {
		f.forgetAll(c)
	}
	f.set(c, flow.FlowID, flow.Binding, func(cookie *fasthttp.Cookie) { cookie.SetMaxAge(int(flowCookieLife / time.Second)) })
}

// binding returns what the browser keeps of a flow, or "".
func (f FlowCookies) binding(c *fiber.Ctx, flowID string) string {
	return c.Cookies(f.prefix() + flowID)
}

// forget makes the browser drop the cookie of a flow.
func (f FlowCookies) forget(c *fiber.Ctx, flowID string) {
	f.set(c, flowID, "", func(cookie *fasthttp.Cookie) { cookie.SetExpire(fasthttp.CookieExpireDelete) })
}

func (f FlowCookies) forgetAll(c *fiber.Ctx) {
	var flows []string
	for name := range c.Request().Header.Cookies() {
		if id, ok := strings.CutPrefix(string(name), f.prefix()); ok {
			flows = append(flows, id)
		}
	}
	for _, id := range flows {
		f.forget(c, id)
	}
}

func (f FlowCookies) set(c *fiber.Ctx, flowID, value string, life func(*fasthttp.Cookie)) {
	cookie := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(cookie)
	cookie.SetKey(f.prefix() + flowID)
	cookie.SetValue(value)
	cookie.SetPath("/")
	cookie.SetHTTPOnly(true)
	cookie.SetSecure(f.Secure)
	cookie.SetSameSite(fasthttp.CookieSameSiteLaxMode)
	life(cookie)
	c.Response().Header.SetCookie(cookie)
}
