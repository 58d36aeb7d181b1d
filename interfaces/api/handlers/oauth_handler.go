package handlers

import (
	"errors"
	"log/slog"
	"net/url"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/problem"
	"gofiber-auth/interfaces/api/request"
	"gofiber-auth/pkg/metrics"
)

// OAuth answers what logging in through identity providers and linking them asks for.
type OAuth struct {
	Service  services.OAuth
	Links    services.LinkedIdentities
	Frontend *url.URL // where the browser goes after the provider
	Cookies  FlowCookies
	Refresh  RefreshCookie
	Metrics  *metrics.Metrics
	Log      *slog.Logger
}

// Start answers GET /auth/{provider}.
func (h OAuth) Start(c *fiber.Ctx) error {
	for _, name := range []string{"state", "code_challenge", "code_challenge_method", "redirect"} {
		if len(c.Context().QueryArgs().PeekMulti(name)) > 1 {
			return domain.InvalidFields(domain.FieldError{Field: name, Code: "format", Message: "is there more than once"})
		}
	}
	start, err := h.Service.Start(c.UserContext(), dto.StartOAuthRequest{
		Provider: c.Params("provider"), State: c.Query("state"),
		CodeChallenge: c.Query("code_challenge"), CodeChallengeMethod: c.Query("code_challenge_method"),
	})
	if err != nil {
		return err
	}
	h.Cookies.keep(c, start)
	if c.QueryBool("redirect") {
		return c.Redirect(start.URL, fiber.StatusFound)
	}
	return c.JSON(dto.OAuthURL{URL: start.URL})
}

// Callback answers GET /auth/{provider}/callback. Whatever happens there, the browser goes on
// to the front end, which alone can show a person what went wrong.
func (h OAuth) Callback(c *fiber.Ctx) error {
	if isPrefetch(c) {
		return domain.ErrUnavailable.Because(errors.New("a browser only prefetches the callback"))
	}
	ctx, provider := c.UserContext(), c.Params("provider")
	result, err := h.Service.Callback(ctx, provider, services.OAuthCallback{
		State: once(c, "state"), Error: once(c, "error"),
		Response: services.AuthResponse{Code: once(c, "code"), Issuer: issuer(c)},
		Binding:  func(flowID string) string { return h.Cookies.binding(c, flowID) },
	})
	if errors.Is(err, domain.ErrProviderUnknown) {
		return err
	}
	if result.FlowID != "" {
		h.Cookies.forget(c, result.FlowID)
	}
	query := url.Values{}
	if result.State != "" {
		query.Set("state", result.State)
	}
	switch {
	case err != nil:
		code := problem.For(err).Code
		query.Set("error", code)
		h.Metrics.OAuthLogins.WithLabelValues(provider, code).Inc()
		h.Log.LogAttrs(ctx, levelOf(err), "the flow through an identity provider failed",
			slog.String("provider", provider), slog.String("outcome", code), slog.String("error", problem.Scrub(err.Error())))
	case result.Linked != "":
		query.Set("linked", result.Linked)
		h.count(c, provider, "linked")
	default:
		query.Set("code", result.Code)
	}
	target := h.Frontend.JoinPath("auth", "callback")
	target.RawQuery = query.Encode()
	return c.Redirect(target.String(), fiber.StatusFound)
}

// isPrefetch reports whether a browser asks for what its user has not chosen to visit yet. Browsers
// send these headers for nothing else.
func isPrefetch(c *fiber.Ctx) bool { return c.Get("Sec-Purpose") != "" || c.Get("Purpose") != "" }

// levelOf tells the operator's troubles from the person's.
func levelOf(err error) slog.Level {
	if known, ok := errors.AsType[*domain.Error](err); ok && known.Kind != domain.Unavailable && known.Kind != domain.Internal {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// once returns a parameter of the query, or "" where it is there more than once (RFC 6749
// section 3.1) or no text.
func once(c *fiber.Ctx, name string) string {
	values := c.Context().QueryArgs().PeekMulti(name)
	if len(values) != 1 || !utf8.Valid(values[0]) {
		return ""
	}
	return string(values[0])
}

// issuer returns the parameter iss. One that cannot be read is nobody's name, rather than none.
func issuer(c *fiber.Ctx) string {
	if iss := once(c, "iss"); iss != "" || !c.Context().QueryArgs().Has("iss") {
		return iss
	}
	return "unreadable"
}

// Exchange answers POST /auth/exchange.
func (h OAuth) Exchange(c *fiber.Ctx) error {
	var in dto.ExchangeRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	asCookie, err := h.Refresh.begins(c, in.RefreshCookie)
	if err != nil {
		return err
	}
	grant, err := h.Service.Exchange(c.UserContext(), in, middleware.ClientOf(c))
	return h.answer(c, fiber.StatusOK, grant, asCookie, err)
}

// Complete answers POST /auth/oauth/complete.
func (h OAuth) Complete(c *fiber.Ctx) error {
	var in dto.CompleteOAuthRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	asCookie, err := h.Refresh.begins(c, in.RefreshCookie)
	if err != nil {
		return err
	}
	grant, err := h.Service.Complete(c.UserContext(), in, middleware.ClientOf(c))
	return h.answer(c, fiber.StatusCreated, grant, asCookie, err)
}

// answer counts how a log-in ended and answers with the session.
func (h OAuth) answer(c *fiber.Ctx, status int, grant services.OAuthGrant, asCookie bool, err error) error {
	if grant.Provider == "" {
		grant.Provider = "unknown" // the code or the ticket was nobody's
	}
	h.count(c, grant.Provider, loginStatus(err))
	if err != nil {
		return err
	}
	if grant.Pending {
		return accepted(c)
	}
	return c.Status(status).JSON(dto.OAuthAuth{Auth: h.Refresh.auth(c, grant.Grant, asCookie), IsNewUser: grant.IsNewUser, TakenOver: grant.TakenOver})
}

func (h OAuth) count(c *fiber.Ctx, provider, outcome string) {
	h.Metrics.OAuthLogins.WithLabelValues(provider, outcome).Inc()
	h.Log.LogAttrs(c.UserContext(), slog.LevelInfo, "log-in through an identity provider",
		slog.String("provider", provider), slog.String("outcome", outcome))
}

// Identities answers GET /users/me/oauth-providers.
func (h OAuth) Identities(c *fiber.Ctx) error {
	identities, err := h.Links.List(c.UserContext(), middleware.Principal(c))
	if err != nil {
		return err
	}
	return c.JSON(dto.NewLinkedIdentities(identities))
}

// Link answers POST /users/me/oauth-providers/{provider}. A user without a password sends no body.
func (h OAuth) Link(c *fiber.Ctx) error {
	var in dto.ProofRequest
	if err := request.Decode(c, &in, false); err != nil {
		return err
	}
	start, err := h.Links.Link(c.UserContext(), middleware.Principal(c), c.Params("provider"), in)
	if err != nil {
		return err
	}
	h.Cookies.keep(c, start)
	return c.JSON(dto.OAuthURL{URL: start.URL})
}

// Unlink answers DELETE /users/me/oauth-providers/{provider}. A user without a password sends no body.
func (h OAuth) Unlink(c *fiber.Ctx) error {
	var in dto.ProofRequest
	if err := request.Decode(c, &in, false); err != nil {
		return err
	}
	principal, provider := middleware.Principal(c), c.Params("provider")
	if err := h.Links.Unlink(c.UserContext(), principal, provider, in); err != nil {
		return err
	}
	if principal.Session.BeganBy(provider) {
		h.Refresh.forget(c)
	}
	return c.SendStatus(fiber.StatusNoContent)
}
