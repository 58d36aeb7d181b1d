package middleware_test

import (
	"context"
	"io"
	"testing"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/pkg/contextutil"
)

// doorman knows two tokens.
type doorman struct{}

func (doorman) Authenticate(ctx context.Context, token string) (models.Principal, error) {
	if contextutil.RequestID(ctx) == "" {
		return models.Principal{}, domain.ErrInternal // the context of the request did not come through
	}
	switch token {
	case "user.token-_~+/==":
		return models.Principal{User: models.User{ID: "ada", Role: models.RoleUser, IsActive: true}}, nil
	case "admin":
		return models.Principal{User: models.User{ID: "grace", Role: models.RoleAdmin, IsActive: true}}, nil
	case "expired":
		return models.Principal{}, domain.ErrTokenExpired
	default:
		return models.Principal{}, domain.ErrUnauthorized
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	const good = "user.token-_~+/=="
	whoami := func(c *fiber.Ctx) error { return c.SendString(middleware.Principal(c).User.ID) }
	for name, tt := range map[string]struct {
		headers []string
		status  int
		code    string
	}{
		"none":               {nil, 401, "unauthorized"},
		"a token":            {[]string{"Bearer " + good}, 200, ""},
		"other case":         {[]string{"bEARER " + good}, 200, ""},
		"more spaces":        {[]string{"Bearer   " + good}, 200, ""},
		"expired":            {[]string{"Bearer expired"}, 401, "token_expired"},
		"unknown":            {[]string{"Bearer nobody"}, 401, "unauthorized"},
		"two headers":        {[]string{"Bearer " + good, "Bearer " + good}, 401, "unauthorized"},
		"two in one":         {[]string{"Bearer " + good + ", Bearer " + good}, 401, "unauthorized"},
		"something after it": {[]string{"Bearer " + good + " x"}, 401, "unauthorized"},
		"no scheme":          {[]string{good}, 401, "unauthorized"},
		"another scheme":     {[]string{"Basic " + good}, 401, "unauthorized"},
		"a longer scheme":    {[]string{"BearerX " + good}, 401, "unauthorized"},
		"no space":           {[]string{"Bearer" + good}, 401, "unauthorized"},
		"a tab":              {[]string{"Bearer\t" + good}, 401, "unauthorized"},
		"no token":           {[]string{"Bearer "}, 401, "unauthorized"},
		"padding alone":      {[]string{"Bearer =="}, 401, "unauthorized"},
		"quoted":             {[]string{`Bearer "` + good + `"`}, 401, "unauthorized"},
		"empty":              {[]string{""}, 401, "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request("GET")
			for _, h := range tt.headers {
				req.Header.Add("Authorization", h)
			}
			res, code := send(t, newApp(io.Discard, middleware.RequestID(), middleware.Authenticate(doorman{}), whoami), req)
			if res.StatusCode != tt.status || code != tt.code {
				t.Errorf("%d %q, want %d %q", res.StatusCode, code, tt.status, tt.code)
			}
			if (res.Header.Get("WWW-Authenticate") != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate = %q with %d", res.Header.Get("WWW-Authenticate"), res.StatusCode)
			}
			if body, _ := io.ReadAll(res.Body); tt.status == 200 && string(body) != "ada" {
				t.Errorf("Principal is %q, want ada", body)
			}
		})
	}
	t.Run("in the query", func(t *testing.T) {
		t.Parallel()
		req := requestTo("GET", "/things/1?access_token=admin&token=admin")
		if res, _ := send(t, newApp(io.Discard, middleware.RequestID(), middleware.Authenticate(doorman{}), whoami), req); res.StatusCode != 401 {
			t.Errorf("status = %d, want 401: addresses end up in logs", res.StatusCode)
		}
	})
}

func TestRequireAdmin(t *testing.T) {
	t.Parallel()
	app := newApp(io.Discard, middleware.RequestID(), middleware.Authenticate(doorman{}), middleware.RequireAdmin(), ok)
	for token, want := range map[string]int{"user.token-_~+/==": 403, "admin": 200, "nobody": 401} {
		if res, _ := send(t, app, request("GET", "Authorization", "Bearer "+token)); res.StatusCode != want {
			t.Errorf("%s: status = %d, want %d", token, res.StatusCode, want)
		}
	}
}

// TestPrincipalWithoutAuthenticate: a route that forgot it answers 500, not as nobody.
func TestPrincipalWithoutAuthenticate(t *testing.T) {
	t.Parallel()
	app := newApp(io.Discard, middleware.Recover(), middleware.RequireAdmin(), ok)
	if res, code := send(t, app, request("GET")); res.StatusCode != 500 || code != "internal" {
		t.Errorf("%d %q, want 500 internal", res.StatusCode, code)
	}
}
