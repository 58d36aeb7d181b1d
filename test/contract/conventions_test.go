package contract

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

func TestBodiesAreCheckedOnEveryRoute(t *testing.T) {
	t.Parallel()
	s := embedded(t).one
	a := s.Register(t)
	for _, c := range []struct {
		method, path, body, field string
	}{
		{"POST", "/auth/register", `{"email":"no","username":"somename","password":"` + client.Password + `"}`, "email"},
		{"POST", "/auth/login", `{"email":"a@example.com"}`, "password"},
		{"POST", "/auth/refresh", `{"refreshToken":""}`, "refreshToken"},
		{"POST", "/auth/password/forgot", `{}`, "email"},
		{"POST", "/auth/password/reset", `{"password":"` + client.Password + `"}`, "token"},
		{"POST", "/auth/password/reset", `{"token":"x"}`, "password"},
		{"POST", "/auth/email/verify", `{}`, "token"},
		{"POST", "/auth/exchange", `{}`, "code"},
		{"POST", "/auth/oauth/complete", `{"email":"a@example.com"}`, "ticket"},
		{"PATCH", "/users/me", `{"username":"a"}`, "username"},
		{"PATCH", "/users/me", `{"email":null}`, "email"},
		{"PUT", "/users/me/password", `{"currentPassword":"` + client.Password + `"}`, "newPassword"},
	} {
		t.Run(c.method+strings.ReplaceAll(c.path, "/", " ")+" "+c.field, func(t *testing.T) {
			t.Parallel()
			send := func(body, kind string) request {
				return request{Method: c.method, Path: c.path, Token: a.Token, Body: body, Header: map[string]string{"Content-Type": kind}}
			}
			got := s.Refuses(t, send(c.body, "application/json; charset=utf-8"), 422, "validation_failed")
			if !slices.ContainsFunc(got.Problem.Errors, func(e struct{ Field, Code, Message string }) bool { return e.Field == c.field }) {
				t.Errorf("%s: no error of %s", got.Body, c.field)
			}
			for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/problem+json"} {
				s.Refuses(t, send(c.body, kind), 415, "unsupported_media_type")
			}
			for _, body := range []string{"{", "nothing", `{"a":1}{"a":2}`, `{"a":1},`, "\xff"} {
				s.Refuses(t, send(body, "application/json"), 400, "invalid_json")
			}
			for _, body := range []string{"[]", `"text"`, "12", "true", `{"` + c.field + `":{"a":[]}}`, `{"` + c.field + `":17}`} {
				if got := s.Send(t, send(body, "application/json")); got.Status != 400 && got.Status != 422 {
					t.Errorf("%s of %s = %d %s, want 400 or 422", c.path, body, got.Status, got.Body)
				}
			}
			s.Refuses(t, send(`{"`+c.field+`":"`+strings.Repeat("x", 64<<10)+`"}`, "application/json"), 413, "payload_too_large")
		})
	}
}

func TestMethodsOfKnownRoutes(t *testing.T) {
	t.Parallel()
	s := embedded(t).one
	a := s.Register(t)
	for path, allow := range map[string]string{
		"/auth/register": "POST", "/auth/login": "POST", "/auth/refresh": "POST", "/auth/logout": "POST", "/auth/exchange": "POST", "/auth/oauth/complete": "POST",
		"/auth/password/forgot": "POST", "/auth/password/reset": "POST", "/auth/email/verify": "POST", "/auth/email/resend": "POST",
		"/users/me/password": "PUT", "/users/me/sessions": "DELETE, GET", "/users/me/sessions/" + client.SID(t, a.Token): "DELETE",
		"/users/me/export": "GET", "/users/me/audit": "GET", "/audit": "GET", "/users/me": "DELETE, GET, PATCH", "/users/me/oauth-providers": "GET",
		"/users/me/oauth-providers/line": "DELETE, POST", "/auth/google": "GET", "/auth/google/callback": "GET", "/internal/users": "GET",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if slices.Contains(strings.Split(allow, ", "), method) {
				continue
			}
			got := s.Refuses(t, request{Method: method, Path: path, Token: a.Token}, 405, "method_not_allowed")
			var allowed []string
			for name := range strings.SplitSeq(got.Header.Get("Allow"), ",") {
				if name = strings.TrimSpace(name); name != "HEAD" && name != "OPTIONS" {
					allowed = append(allowed, name)
				}
			}
			slices.Sort(allowed)
			if strings.Join(allowed, ", ") != allow {
				t.Errorf("%s %s: Allow is %q, want %s", method, path, got.Header.Get("Allow"), allow)
			}
		}
	}
	for _, path := range []string{"/auth/password", "/auth/email", "/users/me/other", "/audit/1", "/users/me/audit/1", "//other", "//api/v2/users/me"} {
		if got := s.Send(t, request{Method: "GET", Path: path, Token: a.Token}); got.Status != 404 || !slices.Contains([]string{"not_found", "provider_not_found"}, got.Problem.Code) {
			t.Errorf("GET %s = %d %s, want 404", path, got.Status, got.Body)
		}
	}
}

func TestBearersThatAreNoAccessTokens(t *testing.T) {
	t.Parallel()
	both := embedded(t)
	s := both.one
	a := s.Register(t)
	head, rest, _ := strings.Cut(a.Token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
	signed := func(claim string, value any) string { // with the right secret
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(a.Token, claims); err != nil {
			t.Fatal(err)
		}
		claims[claim] = value
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(both.env["JWT_SECRET"]))
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	for _, r := range []request{
		{Method: "POST", Path: "/auth/logout"},
		{Method: "POST", Path: "/auth/email/resend"},
		{Method: "GET", Path: "/users/me"},
		{Method: "DELETE", Path: "/users/me", Body: object("currentPassword", client.Password)},
		{Method: "GET", Path: "/users/me/sessions"},
		{Method: "DELETE", Path: "/users/me/sessions"},
		{Method: "DELETE", Path: "/users/me/sessions/" + client.SID(t, a.Token)},
		{Method: "GET", Path: "/users/me/oauth-providers"},
		{Method: "GET", Path: "/users/me/export"},
		{Method: "GET", Path: "/users/me/audit"},
		{Method: "GET", Path: "/audit"},
		{Method: "GET", Path: "/users"},
		{Method: "PUT", Path: "/users/me/password", Body: object("currentPassword", client.Password, "newPassword", client.Another)},
	} {
		for _, header := range []string{
			"", "Bearer", "Bearer ", "Basic YTpi", a.Token, "Token " + a.Token, "Bearer " + none + "." + payload + ".", "Bearer " + none + "." + payload + "." + signature,
			"Bearer " + head + "." + payload + "." + signature[:len(signature)-4] + "AAAA", "Bearer " + a.RefreshToken, "Bearer " + a.Token + "x", "Bearer x " + a.Token,
			signed("exp", "99999999999"), signed("iat", time.Now().Add(time.Hour).Unix()),
		} {
			r.Header = map[string]string{"Authorization": header}
			s.Refuses(t, r, 401, "unauthorized")
		}
	}
	both.lives(t, "the session", a)
	s.Must(t, request{Method: "GET", Path: "/users/me", Header: map[string]string{"Authorization": "bearer " + a.Token}}, 200, nil) // RFC 9110: in any case
	s.Refuses(t, request{Method: "GET", Path: "/users/me?access_token=" + a.Token}, 401, "unauthorized")
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := limited(t).one
	c := s.From(client.Address())
	for path, status := range map[string]int{"//health": 200, "/nowhere": 404, "/auth/login": 405, "/users/me": 401, "/auth/exchange": 429} {
		send := func(id string) answer {
			header := map[string]string{"X-Request-ID": id}
			if status == 429 {
				return untilLimited(t, c, header)
			}
			return c.Send(t, request{Method: "GET", Path: path, Header: header})
		}
		id := client.Name() + "." + strings.Repeat("x", 100) + "-_9"
		if got := send(id); got.Status != status || got.Header.Get("X-Request-ID") != id {
			t.Errorf("%s = %d with X-Request-ID %s, want %d with %s", path, got.Status, got.Header.Get("X-Request-ID"), status, id)
		}
		harness.Eventually(t, id+" is in the log", func() error {
			if !strings.Contains(s.Output(), `"`+id+`"`) {
				return harness.ErrNotYet
			}
			return nil
		})
		for _, bad := range []string{strings.Repeat("x", 129), "a b", "a/b", "ü", "a\"b", "<b>"} {
			if made := send(bad).Header.Get("X-Request-ID"); made == bad || len(made) != 36 {
				t.Errorf("%s with X-Request-ID %q: %q, want a UUID", path, bad, made)
			}
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	c := limited(t).one.From(client.Address())
	for name, send := range map[string]func(origin string) answer{
		"a preflight": func(origin string) answer {
			return c.Send(t, request{Method: "OPTIONS", Path: "/auth/refresh", Header: map[string]string{
				"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type",
			}})
		},
		"a 200": func(origin string) answer {
			return c.Must(t, request{Method: "GET", Path: "//health", Header: map[string]string{"Origin": origin}}, 200, nil)
		},
		"a 401": func(origin string) answer {
			return c.Refuses(t, request{Method: "GET", Path: "/users/me", Header: map[string]string{"Origin": origin}}, 401, "unauthorized")
		},
		"a 429": func(origin string) answer { return untilLimited(t, c, map[string]string{"Origin": origin}) },
	} {
		for _, origin := range []string{"https://evil.example", "null", frontend + ".evil.example", strings.Replace(frontend, "https", "http", 1)} {
			for field := range send(origin).Header {
				if strings.HasPrefix(field, "Access-Control") {
					t.Errorf("%s for %s has %s", name, origin, field)
				}
			}
		}
		got := send(frontend)
		if got.Header.Get("Access-Control-Allow-Origin") != frontend || got.Header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s = %d %v", name, got.Status, got.Header)
		}
		want, field := []string{"x-request-id", "retry-after", "ratelimit"}, "Access-Control-Expose-Headers"
		if name == "a preflight" {
			want, field = []string{"authorization", "content-type"}, "Access-Control-Allow-Headers"
			if got.Status >= 300 || !strings.Contains(got.Header.Get("Access-Control-Allow-Methods"), "POST") {
				t.Errorf("the preflight = %d %v", got.Status, got.Header)
			}
		}
		for _, one := range want {
			if !strings.Contains(strings.ToLower(got.Header.Get(field)), one) {
				t.Errorf("%s: %s is %q", name, field, got.Header.Get(field))
			}
		}
	}
}
