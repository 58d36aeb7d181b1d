package examiner

import (
	"strings"
	"testing"
)

// TestCORS asks as browsers do before and with requests of front ends.
func TestCORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"REFRESH_COOKIE": "true", "RATE_LIMIT_ENABLED": "true"}})
	preflight := func(origin, method string) answer {
		return w.one.send(t, request{method: "OPTIONS", path: "/auth/refresh", header: map[string]string{"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}})
	}
	got := preflight(frontend, "POST")
	if got.status >= 300 || got.header.Get("Access-Control-Allow-Origin") != frontend || got.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("the preflight = %d %v", got.status, got.header)
	}
	allowed := strings.ToLower(got.header.Get("Access-Control-Allow-Headers"))
	if !strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "content-type") || !strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("the preflight = %v", got.header)
	}
	for n := range 103 { // the last are limited
		for _, origin := range []string{frontend, "https://evil.example", "null"} {
			if n < 100 && origin != frontend {
				continue
			}
			got := w.one.send(t, request{method: "POST", path: "/auth/exchange", body: object("code", "x"), header: map[string]string{"Origin": origin}})
			if origin != frontend {
				for name := range got.header {
					if strings.HasPrefix(name, "Access-Control") {
						t.Errorf("%d for %s has %s", got.status, origin, name)
					}
				}
				continue
			}
			exposed := strings.ToLower(got.header.Get("Access-Control-Expose-Headers"))
			for _, name := range []string{"x-request-id", "retry-after", "ratelimit"} {
				if !strings.Contains(exposed, name) {
					t.Errorf("%d exposes %q", got.status, exposed)
				}
			}
			if got.header.Get("Access-Control-Allow-Origin") != frontend {
				t.Errorf("%d has no Access-Control-Allow-Origin", got.status)
			}
		}
	}
	got = preflight("https://evil.example", "POST")
	for name := range got.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("the preflight of another origin has %s", name)
		}
	}
}

// TestAddressesOfMails tries what is no address, wherever one is given, and looks for mails.
func TestAddressesOfMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	a, _ := w.newMember(t)
	for _, email := range []string{
		"a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a@example.com;b@example.com", "<a@example.com>", "Ada <a@example.com>", "a@example.com>\r\nRCPT TO:<b@example.com",
		"a b@example.com", "ü@example.com", "a@exämple.com", "a@", "@example.com", "a", "a@@example.com", "a@example.com\x00", "a@example.com\n", strings.Repeat("a", 250) + "@example.com", "a@-", "a@example..com", ".a.@example.com.",
	} {
		name := w.name()
		w.one.refuses(t, request{method: "POST", path: "/auth/register", body: object("email", email, "username", name, "password", password)}, 422, "validation_failed")
		w.one.refuses(t, request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", email, "currentPassword", password)}, 422, "validation_failed")
		if got := w.one.send(t, forgot(email)); got.status != 202 && got.status != 422 {
			t.Errorf("forgot of %q = %d %s", email, got.status, got.body)
		}
	}
	w.newMember(t)
	if got := len(w.sink.Mails("")); got != 2 {
		t.Errorf("%d mails went out, want two", got)
	}
}
