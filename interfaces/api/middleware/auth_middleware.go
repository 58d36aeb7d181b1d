package middleware

import (
	"bytes"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

type principalKey struct{}

// Authenticate lets pass who bears a valid access token; Principal then tells who that is. The
// token comes in the Authorization header alone: addresses end up in logs. Whoever does not
// pass gets domain.ErrUnauthorized or domain.ErrTokenExpired.
func Authenticate(a services.Authenticator) fiber.Handler {
	return func(c *fiber.Ctx) error {
		token, ok := bearerToken(c.Request().Header.PeekAll(fiber.HeaderAuthorization))
		if !ok {
			return domain.ErrUnauthorized
		}
		principal, err := a.Authenticate(c.UserContext(), token)
		if err != nil {
			return err
		}
		c.Locals(principalKey{}, principal)
		caller := contextutil.CallerOf(c.UserContext())
		caller.UserID = principal.User.ID
		c.SetUserContext(contextutil.WithCaller(c.UserContext(), caller))
		return c.Next()
	}
}

// AuthenticateIfPresent is Authenticate for a request that has an Authorization header; others pass
// without a principal.
func AuthenticateIfPresent(a services.Authenticator) fiber.Handler {
	authenticate := Authenticate(a)
	return func(c *fiber.Ctx) error {
		if len(c.Request().Header.PeekAll(fiber.HeaderAuthorization)) == 0 {
			return c.Next()
		}
		return authenticate(c)
	}
}

// OptionalPrincipal returns the bearer of the request, if there is one.
func OptionalPrincipal(c *fiber.Ctx) (models.Principal, bool) {
	principal, ok := c.Locals(principalKey{}).(models.Principal)
	return principal, ok
}

// Principal returns who makes the request. It panics on a route without Authenticate: going on
// as nobody would be worse.
func Principal(c *fiber.Ctx) models.Principal {
	principal, ok := OptionalPrincipal(c)
	if !ok {
		panic("middleware: Principal on a route without Authenticate")
	}
	return principal
}

// RequireAdmin lets pass admins alone, after Authenticate; others get domain.ErrForbidden.
func RequireAdmin() fiber.Handler {
	return func(c *fiber.Ctx) error {
		if !Principal(c).User.IsActiveAdmin() {
			return domain.ErrForbidden
		}
		return c.Next()
	}
}

// bearerToken returns a copy of the token of the one Authorization header that there may be
// (RFC 6750 section 2.1). Two of them could mean one user to a proxy and another one here.
func bearerToken(headers [][]byte) (string, bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, _ := bytes.Cut(headers[0], []byte(" "))
	token = bytes.TrimLeft(token, " ")
	if !bytes.EqualFold(scheme, []byte("Bearer")) || !isToken68(token) {
		return "", false
	}
	return string(token), true
}

// isToken68 reports whether b is of the characters of a token (RFC 9110 section 11.2).
func isToken68(b []byte) bool {
	b = bytes.TrimRight(b, "=")
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~', c == '+', c == '/':
		default:
			return false
		}
	}
	return len(b) > 0
}
