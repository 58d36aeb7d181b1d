package routes

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// DevelopmentIDP is where the development identity provider is found.
const DevelopmentIDP = "/dev/idp"

// DevelopmentMail is where the mails of development are shown.
const DevelopmentMail = "/dev/mail"

// developmentMail mounts the page of the mails that development does not send.
func developmentMail(app *fiber.App, box http.Handler) {
	app.Get(DevelopmentMail, withItsOwnHeaders(adaptor.HTTPHandler(keepable(box))))
}

// developmentIDP mounts the identity provider of development. Its pages come with headers of
// their own, in place of those that every other response has.
func developmentIDP(app *fiber.App, idp http.Handler) {
	app.All(DevelopmentIDP+"/*", withItsOwnHeaders(adaptor.HTTPHandler(keepable(http.StripPrefix(DevelopmentIDP, idp)))))
}

// withItsOwnHeaders lets a handler set the headers itself that every other response has.
func withItsOwnHeaders(serve fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		for _, name := range []string{
			fiber.HeaderContentSecurityPolicy, fiber.HeaderXContentTypeOptions, fiber.HeaderXFrameOptions, fiber.HeaderReferrerPolicy,
		} {
			c.Response().Header.Del(name)
		}
		return serve(c)
	}
}

// keepable gives the handler requests of which it may keep any part. The adaptor makes them of
// memory that the next request overwrites.
func keepable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := r.WithContext(r.Context())
		own.Header = make(http.Header, len(r.Header))
		for name, values := range r.Header {
			for _, v := range values {
				own.Header.Add(strings.Clone(name), strings.Clone(v))
			}
		}
		own.Method, own.Host, own.RequestURI = strings.Clone(r.Method), strings.Clone(r.Host), strings.Clone(r.RequestURI)
		var err error
		if own.URL, err = url.ParseRequestURI(own.RequestURI); err != nil {
			http.Error(w, "Bad Request", http.StatusBadRequest)
			return
		}
		h.ServeHTTP(w, own)
	})
}
