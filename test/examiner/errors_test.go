package examiner

import (
	"slices"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

// bodies is the routes that take one, with a body in which a field is wrong, and which.
var bodies = []struct {
	method, path, body, field string
	bearer                    bool
}{
	{"POST", "/auth/register", `{"email":"no","username":"somebody","password":"` + password + `"}`, "email", false},
	{"POST", "/auth/login", `{"email":"a@example.com"}`, "password", false},
	{"POST", "/auth/refresh", `{"refreshToken":""}`, "refreshToken", false},
	{"POST", "/auth/password/forgot", `{"email":""}`, "email", false},
	{"POST", "/auth/password/forgot", `{}`, "email", false},
	{"POST", "/auth/password/reset", `{"password":"` + password + `"}`, "token", false},
	{"POST", "/auth/password/reset", `{"token":"x"}`, "password", false},
	{"POST", "/auth/email/verify", `{}`, "token", false},
	{"POST", "/auth/exchange", `{}`, "code", false},
	{"POST", "/auth/oauth/complete", `{"email":"a@example.com"}`, "ticket", false},
	{"PATCH", "/users/me", `{"username":"a"}`, "username", true},
	{"PATCH", "/users/me", `{"email":null}`, "email", true},
	{"PUT", "/users/me/password", `{"currentPassword":"` + password + `"}`, "newPassword", true},
}

// TestBodies sends every route what is no body of it.
func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{providers: true})
	a := w.one.register(t)
	for _, c := range bodies {
		t.Run(c.method+strings.ReplaceAll(c.path, "/", " ")+" "+c.field, func(t *testing.T) {
			t.Parallel()
			r := request{method: c.method, path: c.path, body: c.body}
			if c.bearer {
				r.token = a.Token
			}
			with := func(body, kind string) request {
				r := r
				r.body, r.header = body, map[string]string{"Content-Type": kind}
				return r
			}
			got := w.one.refuses(t, r, 422, "validation_failed")
			if !slices.ContainsFunc(got.problem.Errors, func(e struct{ Field, Code, Message string }) bool { return e.Field == c.field }) {
				t.Errorf("%s: no error of %s", got.body, c.field)
			}
			for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/problem+json"} {
				w.one.refuses(t, with(c.body, kind), 415, "unsupported_media_type")
			}
			for _, body := range []string{"{", "nothing", `{"a":1}{"a":2}`, `{"a":1},`, "\xff"} {
				w.one.refuses(t, with(body, "application/json"), 400, "invalid_json")
			}
			for _, body := range []string{"[]", `"text"`, "12", "null", "true", `{"` + c.field + `":{"a":[]}}`, `{"` + c.field + `":17}`} {
				if got := w.one.send(t, with(body, "application/json")); got.status != 400 && got.status != 422 && (c.method != "PATCH" || body != "null") {
					t.Errorf("%s of %s = %d %s, want 400 or 422", c.path, body, got.status, got.body)
				}
			}
			w.one.refuses(t, with(`{"`+c.field+`":"`+strings.Repeat("x", 64<<10)+`"}`, "application/json"), 413, "payload_too_large")
			if got := w.one.send(t, request{method: c.method, path: c.path, token: r.token}); got.status < 400 && c.method != "PATCH" {
				t.Errorf("%s without a body = %d", c.path, got.status)
			}
		})
	}
}

// TestMethods asks known routes for what they do not do, and for what does not exist.
func TestMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{providers: true})
	a := w.one.register(t)
	for path, allow := range map[string]string{
		"/auth/register": "POST", "/auth/login": "POST", "/auth/refresh": "POST", "/auth/logout": "POST", "/auth/exchange": "POST", "/auth/oauth/complete": "POST",
		"/auth/password/forgot": "POST", "/auth/password/reset": "POST", "/auth/email/verify": "POST", "/auth/email/resend": "POST",
		"/users/me/password": "PUT", "/users/me/sessions": "DELETE, GET", "/users/me/sessions/" + sid(t, a.Token): "DELETE",
		"/users/me/export": "GET", "/users/me/audit": "GET", "/audit": "GET", "/users/me": "DELETE, GET, PATCH", "/users/me/oauth-providers": "GET",
		"/users/me/oauth-providers/line": "DELETE, POST", "/auth/google": "GET", "/auth/google/callback": "GET",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if slices.Contains(strings.Split(allow, ", "), method) {
				continue
			}
			got := w.one.refuses(t, request{method: method, path: path, token: a.Token}, 405, "method_not_allowed")
			var allowed []string
			for name := range strings.SplitSeq(got.header.Get("Allow"), ",") {
				if name = strings.TrimSpace(name); name != "HEAD" && name != "OPTIONS" {
					allowed = append(allowed, name)
				}
			}
			slices.Sort(allowed)
			if strings.Join(allowed, ", ") != allow {
				t.Errorf("%s %s: Allow is %q, want %s", method, path, got.header.Get("Allow"), allow)
			}
		}
	}
	for _, path := range []string{"/auth/password", "/auth/email", "/auth/password/other", "/users/me/other", "/audit/1", "/users/me/audit/1", "/users/me/export/all", "//other", "//api/v2/users/me"} {
		if got := w.one.send(t, request{method: "GET", path: path, token: a.Token}); got.status != 404 || !slices.Contains([]string{"not_found", "provider_not_found"}, got.problem.Code) {
			t.Errorf("GET %s = %d %s, want 404", path, got.status, got.body)
		}
	}
}

// TestBearers tries what is no access token at every protected route.
func TestBearers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	a := w.one.register(t)
	head, rest, _ := strings.Cut(a.Token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
	routes := []request{
		{method: "POST", path: "/auth/logout"},
		{method: "POST", path: "/auth/email/resend"},
		{method: "GET", path: "/users/me"},
		{method: "GET", path: "/users/me/sessions"},
		{method: "DELETE", path: "/users/me/sessions"},
		{method: "DELETE", path: "/users/me/sessions/" + sid(t, a.Token)},
		{method: "GET", path: "/users/me/export"},
		{method: "GET", path: "/users/me/audit"},
		{method: "GET", path: "/audit"},
		{method: "PUT", path: "/users/me/password", body: object("currentPassword", password, "newPassword", another)},
	}
	for _, r := range routes {
		for _, header := range []string{
			"", "Bearer", "Bearer ", "Basic YTpi", a.Token, "Token " + a.Token, "Bearer " + none + "." + payload + ".", "Bearer " + none + "." + payload + "." + signature,
			"Bearer " + head + "." + payload + "." + signature[:len(signature)-4] + "AAAA", "Bearer " + a.RefreshToken, "Bearer " + a.Token + "x", "Bearer x " + a.Token,
		} {
			r.header = map[string]string{"Authorization": header}
			w.one.refuses(t, r, 401, "unauthorized")
		}
	}
	w.lives(t, "the session", a)
	if got := w.one.send(t, request{method: "GET", path: "/users/me", header: map[string]string{"Authorization": "bearer " + a.Token}}); got.status != 200 {
		t.Errorf("the scheme in lower case = %d, and it is told apart without regard to case (RFC 9110)", got.status)
	}
}

// TestRequestIDs follows them into answers of all kinds, and into the log.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"RATE_LIMIT_ENABLED": "true"}})
	for n := range 105 { // the last are limited
		want := "examiner." + strings.Repeat("x", n) + "-_9"
		got := w.one.send(t, request{method: "POST", path: "/auth/exchange", body: object("code", "x"), header: map[string]string{"X-Request-ID": want}})
		if id := got.header.Get("X-Request-ID"); id != want {
			t.Errorf("%d with X-Request-ID %s, want %s", got.status, id, want)
		}
		if n%20 == 0 {
			harness.Eventually(t, want+" is in the log", func() error {
				if !strings.Contains(w.one.Output(), `"`+want+`"`) {
					return harness.ErrNotYet
				}
				return nil
			})
		}
	}
	for _, id := range []string{strings.Repeat("x", 129), "a b", "a/b", "ü", "a\"b", "<b>"} {
		for _, path := range []string{"/users/me", "/nowhere", "//health", "/auth/refresh"} {
			got := w.one.send(t, request{method: "GET", path: path, header: map[string]string{"X-Request-ID": id}})
			if new := got.header.Get("X-Request-ID"); new == id || len(new) != 36 {
				t.Errorf("GET %s with X-Request-ID %q: %q, want a UUID", path, id, new)
			}
		}
	}
}
