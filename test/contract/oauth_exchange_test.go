package contract

import (
	"slices"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

func TestOAuthVerifiers(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	b := s.browser()
	for name, wrong := range map[string]func(right string) string{
		"another":       func(string) string { return strings.Repeat("w", 43) },
		"none":          func(string) string { return "" },
		"the challenge": client.S256,
		"a shorter one": func(right string) string { return right[:len(right)-1] },
		"a longer one":  func(right string) string { return right + "a" },
		"a space more":  func(right string) string { return right + " " },
	} {
		a := person()
		code, right := b.Consent(t, fakeidp.Google, a)
		s.one.Refuses(t, client.Exchanging(code, wrong(right)), 400, "invalid_code")
		if got, _ := s.one.Exchange(t, code, right); got.Status != 400 || got.Code() != "invalid_code" {
			t.Errorf("%s does not burn the code: %d %s", name, got.Status, got.Body)
		}
		if made := s.users(t, a.Email); len(made) != 0 {
			t.Errorf("%s made the user %v", name, made)
		}
	}
	q := b.ComeBack(t, b.Decide(t, b.Begin(t, fakeidp.Google, false), person()))
	s.one.Refuses(t, client.Exchanging(q.Get("code"), strings.Repeat("v", 43)), 400, "invalid_code") // RFC 9700 section 4.8.2

	// A challenge without a method is S256, never "plain".
	f := client.Flow{Provider: fakeidp.LINE, Verifier: strings.Repeat("v", 43)}
	f.URL = b.Start(t, request{Method: "GET", Path: "/auth/line?code_challenge=" + client.S256(f.Verifier)})
	if got, _, _ := b.Finish(t, f, b.Decide(t, f, person())); got != "ok" {
		t.Errorf("a challenge without a method: %q, want ok", got)
	}
	for path, want := range map[string]string{"/auth/exchange": "invalid_code", "/auth/oauth/complete": "invalid_ticket"} {
		for _, value := range []string{strings.Repeat("a", 43), "\x00", "a"} {
			s.one.Refuses(t, request{Method: "POST", Path: path, Body: object("code", value, "ticket", value, "email", "a@example.com")}, 400, want)
		}
	}
}

// TestOAuthCodesWorkOnce has codes come again, at the other instance. That ends the session of the
// first exchange, and no other.
func TestOAuthCodesWorkOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, again := range []bool{true, false} { // with the verifier or without
			a := person()
			code, verifier := s.browser().Consent(t, fakeidp.Google, a)
			_, first := s.one.Exchange(t, code, verifier)
			s.lives(t, "the first exchange", first)
			other := s.browser().LogIn(t, fakeidp.Google, a)
			if !again {
				verifier = ""
			}
			s.two.Refuses(t, client.Exchanging(code, verifier), 400, "invalid_code")
			s.dead(t, "a code that came again", first)
			s.lives(t, "another log-in of the user", other)
		}
	})
}

// TestOAuthRequestIDs follows the ID of an exchange into the event, and the outcome into the metrics.
func TestOAuthRequestIDs(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	code, verifier := s.browser().Consent(t, fakeidp.LINE, person())
	r, id := client.Exchanging(code, verifier), "exchange-"+client.Name()
	r.Header = map[string]string{"X-Request-ID": id}
	got := s.one.Must(t, r, 200, nil)
	if got.Header.Get("X-Request-ID") != id || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("the headers of an exchange are %v", got.Header)
	}
	harness.Eventually(t, "the event of the exchange", func() error {
		if got := streamOf(t, s).actions(func(e userEvent) bool { return e.requestID == id }); !slices.Equal(got, []string{"created"}) {
			return harness.ErrNotYet
		}
		return nil
	})
	s.ends(t, "a denial", fakeidp.Facebook, fakeidp.Answer{Denied: "access_denied"}, "access_denied")
	for _, metric := range []string{
		`oauth_logins_total{provider="line",status="success"}`, `oauth_logins_total{provider="facebook",status="access_denied"}`,
		`oauth_provider_duration_seconds_count{call="token",provider="line"}`,
	} {
		if s.one.Metric(t, metric) == "" {
			t.Errorf("the metrics lack %s", metric)
		}
	}
}
