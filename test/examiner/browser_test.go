package examiner

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/fakeidp"
)

// consent goes through a log-in at a provider and returns the one-time code.
func (i *instance) consent(t *testing.T, provider string, person fakeidp.Answer) string {
	t.Helper()
	var begun struct{ URL string }
	a := i.must(t, request{method: "GET", path: "/auth/" + provider + "?state=" + rand.Text()}, 200, &begun)
	var cookies []string
	for _, c := range a.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	back := i.w.providers.Visit(t, begun.URL, person)
	a = i.must(t, request{
		method: "GET", path: "/auth/" + provider + "/callback?" + back.RawQuery,
		header: map[string]string{"Cookie": strings.Join(cookies, "; ")},
	}, http.StatusFound, nil)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatalf("the callback goes to %s: %v", a.header.Get("Location"), err)
	}
	i.w.secret("one-time code", to.Query().Get("code"))
	return to.Query().Get("code")
}

// come logs somebody in by a provider: a user without a password.
func (i *instance) come(t *testing.T, person fakeidp.Answer) auth {
	t.Helper()
	var a auth
	i.must(t, request{method: "POST", path: "/auth/exchange", body: object("code", i.consent(t, fakeidp.Google, person))}, 200, &a)
	return i.w.seen(a)
}

// jar is the refresh cookie that an answer sets; nil: none.
func jar(a answer) *http.Cookie {
	for _, c := range a.cookies {
		if c.Name == "__Host-refresh" {
			return c
		}
	}
	return nil
}

// withCookie holds a log-in in cookie mode to the contract and returns the cookie's value.
func (w *world) withCookie(t *testing.T, a answer) (string, auth) {
	t.Helper()
	c := jar(a)
	if c == nil {
		t.Fatalf("no cookie comes with %d %s", a.status, a.body)
	}
	if c.Path != "/" || c.Domain != "" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || len(c.Value) < 43 {
		t.Errorf("the cookie is %s", a.header.Values("Set-Cookie"))
	}
	if c.MaxAge <= 0 && c.Expires.IsZero() || c.MaxAge > 30*24*60*60 {
		t.Errorf("the cookie ends after %d s, at %s; want the session's end", c.MaxAge, c.Expires)
	}
	var members map[string]any
	var got auth
	if err := json.Unmarshal(a.body, &members); err != nil {
		t.Fatal(err)
	}
	if _, there := members["refreshToken"]; there || strings.Contains(string(a.body), c.Value) {
		t.Errorf("the refresh token is in the body: %s", a.body)
	}
	if members["refreshExpiresIn"] == nil || members["token"] == nil {
		t.Errorf("Auth is %s", a.body)
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	w.secret("refresh token", c.Value)
	return c.Value, w.seen(got)
}

// byCookie is a refresh as a browser makes it.
func byCookie(value string) request {
	return request{method: "POST", path: "/auth/refresh", body: `{}`, header: map[string]string{"Cookie": "__Host-refresh=" + value, "Origin": frontend}}
}

// TestCookieMode goes through all that gives or takes a refresh token.
func TestCookieMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{providers: true, env: map[string]string{"REFRESH_COOKIE": "true", "CORS_ALLOWED_ORIGINS": frontend + ",https://second.example.org:8443"}})
	i := w.one
	register := func(t *testing.T) (string, auth) {
		t.Helper()
		name := w.name()
		return w.withCookie(t, i.must(t, request{method: "POST", path: "/auth/register", body: object("email", name+"@example.com", "username", name, "password", password)}, 201, nil))
	}
	t.Run("every Auth", func(t *testing.T) {
		t.Parallel()
		_, a := register(t)
		cookie, _ := w.withCookie(t, i.must(t, request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", password)}, 200, nil))
		next, _ := w.withCookie(t, i.must(t, byCookie(cookie), 200, nil))
		if next == cookie {
			t.Error("a refresh gives the same token")
		}
		code := i.consent(t, fakeidp.Google, fakeidp.Answer{Subject: w.name(), Email: w.name() + "@example.com", Verified: true})
		w.withCookie(t, i.must(t, request{method: "POST", path: "/auth/exchange", body: object("code", code)}, 200, nil))
		code = i.consent(t, fakeidp.LINE, fakeidp.Answer{Subject: w.name()})
		noMail := i.refuses(t, request{method: "POST", path: "/auth/exchange", body: object("code", code)}, 409, "email_required")
		if jar(noMail) != nil {
			t.Error("a refused exchange sets the cookie")
		}
		complete := object("ticket", noMail.problem.Ticket, "email", w.name()+"@example.com")
		cookie, _ = w.withCookie(t, i.must(t, request{method: "POST", path: "/auth/oauth/complete", body: complete}, 201, nil))
		w.withCookie(t, i.must(t, byCookie(cookie), 200, nil))
	})
	t.Run("all origins of the list, all spellings of JSON", func(t *testing.T) {
		t.Parallel()
		for _, origin := range []string{frontend, "https://second.example.org:8443"} {
			for _, kind := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
				cookie, _ := register(t)
				r := byCookie(cookie)
				r.header["Origin"], r.header["Content-Type"] = origin, kind
				a := i.must(t, r, 200, nil)
				if a.header.Get("Access-Control-Allow-Origin") != origin || a.header.Get("Access-Control-Allow-Credentials") != "true" {
					t.Errorf("CORS says %v", a.header)
				}
			}
		}
	})
	t.Run("forged", func(t *testing.T) {
		t.Parallel()
		for name, change := range map[string]map[string]string{
			"no origin": {"Origin": ""}, "null": {"Origin": "null"}, "a foreign one": {"Origin": "https://evil.example"},
			"another port": {"Origin": frontend + ":8443"}, "without TLS": {"Origin": strings.Replace(frontend, "https", "http", 1)},
			"a subdomain": {"Origin": strings.Replace(frontend, "//", "//evil.", 1)}, "a suffix": {"Origin": frontend + ".evil.example"},
			"a path": {"Origin": frontend + "/"}, "two": {"Origin": frontend + " " + "https://evil.example"},
			"a referrer in place": {"Origin": "", "Referer": frontend + "/"}, "of the same host": {"Origin": i.base},
		} {
			cookie, _ := register(t)
			r := byCookie(cookie)
			for k, v := range change {
				r.header[k] = v
			}
			a := i.refuses(t, r, 403, "forbidden")
			if change["Origin"] != "" && a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: CORS allows it", name)
			}
			if jar(a) != nil {
				t.Errorf("%s: a cookie is set: %v", name, a.header.Values("Set-Cookie"))
			}
			i.must(t, byCookie(cookie), 200, nil) // it is as good as before
		}
	})
	t.Run("not JSON", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; application/json", ""} {
			cookie, _ := register(t)
			r := byCookie(cookie)
			r.header["Content-Type"] = kind
			i.refuses(t, r, 415, "unsupported_media_type")
			i.must(t, byCookie(cookie), 200, nil)
		}
		cookie, _ := register(t)
		r := byCookie(cookie)
		r.body = ""
		if a := i.send(t, r); a.status < 400 {
			t.Errorf("a refresh without a body = %d, want it refused: a form can send that", a.status)
		}
		r.body = "{"
		r.header["Content-Type"] = "application/json"
		i.refuses(t, r, 400, "invalid_json")
		i.must(t, byCookie(cookie), 200, nil)
	})
	t.Run("no cookie, or a bad one", func(t *testing.T) {
		t.Parallel()
		for _, value := range []string{"", "x", strings.Repeat("A", 43)} {
			a := i.send(t, byCookie(value))
			if a.status != 401 || a.problem.Code != "invalid_refresh_token" {
				t.Errorf("refresh with the cookie %q = %d %s, want 401 invalid_refresh_token", value, a.status, a.body)
			}
		}
		a := i.send(t, request{method: "POST", path: "/auth/refresh", body: `{}`, header: map[string]string{"Origin": frontend}})
		if a.status != 401 || a.problem.Code != "invalid_refresh_token" {
			t.Errorf("refresh without the cookie = %d %s, want 401 invalid_refresh_token", a.status, a.body)
		}
	})
	t.Run("the cookie counts, not the body", func(t *testing.T) {
		t.Parallel()
		mine, a := register(t)
		theirs, b := register(t)
		r := byCookie(mine)
		r.body = object("refreshToken", theirs)
		got := i.send(t, r)
		var out auth
		if err := jsonOf(got, 200, &out); err != nil || out.User.ID != a.User.ID {
			t.Errorf("refresh with a cookie and another's token in the body = %d for %s, want the cookie's user", got.status, out.User.ID)
		}
		w.seen(out)
		w.lives(t, "the other", b)
		i.must(t, byCookie(theirs), 200, nil)
	})
	t.Run("log-out clears", func(t *testing.T) {
		t.Parallel()
		cookie, a := register(t)
		out := i.must(t, request{method: "POST", path: "/auth/logout", token: a.Token, header: map[string]string{"Origin": frontend, "Cookie": "__Host-refresh=" + cookie}}, 204, nil)
		c := jar(out)
		if c == nil || c.Value != "" || c.MaxAge >= 0 && (c.Expires.IsZero() || c.Expires.After(time.Now())) || c.Path != "/" || !c.Secure || c.Domain != "" {
			t.Errorf("log-out sets %v, want the cookie cleared", out.header.Values("Set-Cookie"))
		}
		if a := i.send(t, byCookie(cookie)); a.status != 401 {
			t.Errorf("refresh after log-out = %d", a.status)
		}
	})
	t.Run("rotation, grace and theft", func(t *testing.T) {
		t.Parallel()
		first, _ := register(t)
		tabs := make([]answer, 10)
		atOnce(len(tabs), func(n int) { tabs[n] = i.send(t, byCookie(first)) })
		var next string
		var a auth
		for _, tab := range tabs {
			if tab.status != 200 {
				t.Fatalf("a tab gets %d %s", tab.status, tab.body)
			}
			next, a = w.withCookie(t, tab)
		}
		i.must(t, byCookie(next), 200, nil)
		i.refuses(t, byCookie(first), 401, "refresh_token_reused")
		if got := i.send(t, request{method: "GET", path: "/users/me", token: a.Token}); got.status != 401 {
			t.Errorf("the stolen session's access token = %d", got.status)
		}
	})
}
