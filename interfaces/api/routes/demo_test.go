package routes_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	demo "gofiber-auth/examples/frontend"
	"gofiber-auth/interfaces/api/routes"
)

var demoAddresses = map[string]string{ // and their types
	"/": "text/html", "/auth/callback?code=x&state=y": "text/html",
	"/auth/verify-email?token=x": "text/html", "/auth/reset-password?token=x": "text/html",
	"/app.js": "text/javascript", "/api.js": "text/javascript", "/oauth.js": "text/javascript", "/texts.js": "text/javascript",
	"/session.js": "text/javascript", "/account.js": "text/javascript", "/mails.js": "text/javascript",
	"/style.css": "text/css",
}

func TestDemoIsServedWhereItIsGiven(t *testing.T) {
	t.Parallel()
	deps := newAPI(t).deps
	deps.Demo = demo.Files
	app := routes.New(deps)
	for address, contentType := range demoAddresses {
		res, err := app.Test(httptest.NewRequest("GET", address, nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != contentType+"; charset=utf-8" {
			t.Errorf("%s = %d %s, want 200 %s", address, res.StatusCode, res.Header.Get("Content-Type"), contentType)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control = %q", address, got)
		}
		policy := strings.Split(res.Header.Get("Content-Security-Policy"), "; ")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !slices.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", address, policy, want)
			}
		}
	}
	for _, address := range []string{"/index.html", "/frontend.go", "/README.md", "/..%2fgo.mod", "/auth/callback/", "/auth/verify-email/"} {
		res, err := app.Test(httptest.NewRequest("GET", address, nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 404 {
			t.Errorf("%s = %d, want 404", address, res.StatusCode)
		}
	}
}

// Production and tests have none.
func TestDemoIsNotThereWhereItIsNotGiven(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for address := range demoAddresses {
		a.send(t, "GET", address, "", "").want(t, 404, "not_found")
	}
}
