package request_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/request"
	"gofiber-auth/pkg/contextutil"
)

func TestID(t *testing.T) {
	t.Parallel()
	const fresh = "" // stands for a new UUID
	for name, tt := range map[string]struct{ given, want string }{
		"none":                {"", fresh},
		"a UUID":              {"0190a5d4-0000-7000-8000-000000000001", "0190a5d4-0000-7000-8000-000000000001"},
		"all that is allowed": {"AZaz09._-", "AZaz09._-"},
		"one character":       {"a", "a"},
		"128 characters":      {strings.Repeat("a", 128), strings.Repeat("a", 128)},
		"129 characters":      {strings.Repeat("a", 129), fresh},
		"a space":             {"a b", fresh},
		"a quote":             {`a"b`, fresh},
		"Thai":                {"รหัส", fresh},
		"a path":              {"../a", fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first, second, inContext string
			app := fiber.New(fiber.Config{Immutable: true})
			app.Get("/", func(c *fiber.Ctx) error {
				first, second, inContext = request.ID(c), request.ID(c), contextutil.RequestID(c.UserContext())
				return nil
			})
			req := httptest.NewRequest("GET", "/", nil)
			if tt.given != "" {
				req.Header.Set("X-Request-ID", tt.given)
			}
			res, err := app.Test(req)
			if err != nil {
				t.Fatal(err)
			}
			if echoed := res.Header.Get("X-Request-ID"); first != second || first != inContext || first != echoed {
				t.Errorf("ID() = %q, then %q; in the context %q, in the response %q: want one", first, second, inContext, echoed)
			}
			switch isUUID := regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`).MatchString(first); {
			case tt.want == fresh && (!isUUID || first == tt.given):
				t.Errorf("ID() = %q, want a new UUID", first)
			case tt.want != fresh && first != tt.want:
				t.Errorf("ID() = %q, want %q", first, tt.want)
			}
		})
	}
}

// TestIDMayBeKept overwrites the request's memory, as the next request does.
func TestIDMayBeKept(t *testing.T) {
	t.Parallel()
	c := posted(t, nil)
	c.Request().Header.Set("X-Request-ID", "aaaa")
	id := request.ID(c)
	c.Request().Header.Set("X-Request-ID", "bbbb")
	if id != "aaaa" || contextutil.RequestID(c.UserContext()) != "aaaa" {
		t.Errorf("the id became %q", id)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ method, path, want string }{
		"a route":                   {"GET", "/users/1", "/users/:id"},
		"HEAD of a route":           {"HEAD", "/users/1", "/users/:id"},
		"the root":                  {"GET", "/", "/"},
		"unknown, beside the root":  {"GET", "/nowhere/secret", request.Unmatched},
		"unknown, in a group":       {"GET", "/group/secret", request.Unmatched},
		"in a group":                {"GET", "/group/in", "/group/in"},
		"another method":            {"PUT", "/users/1", request.Unmatched},
		"answered in the middle":    {"GET", "/stop/here", request.Unmatched},
		"answered in a route's own": {"POST", "/users", "/users"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var templates request.Templates
			var got string
			ok := func(c *fiber.Ctx) error { return c.SendString("ok") }
			app := fiber.New()
			app.Use(func(c *fiber.Ctx) error {
				err := c.Next()
				got = templates.Of(c)
				return err
			})
			app.Use("/stop", ok)
			app.Group("/group", func(c *fiber.Ctx) error { return c.Next() }).Get("/in", ok)
			app.Get("/", ok)
			app.Get("/users/:id", ok)
			app.Post("/users", func(*fiber.Ctx) error { return fiber.ErrForbidden }, ok)
			if _, err := app.Test(httptest.NewRequest(tt.method, tt.path, nil)); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("Of(%s %s) = %q, want %q", tt.method, tt.path, got, tt.want)
			}
		})
	}
}
