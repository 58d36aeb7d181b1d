package contract

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

// replace puts a value in the query of a callback.
func replace(t testing.TB, callback, name, value string) string {
	t.Helper()
	path, query, _ := strings.Cut(callback, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	q.Set(name, value)
	return path + "?" + q.Encode()
}

func TestOAuthStates(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	t.Run("work once", func(t *testing.T) {
		t.Parallel()
		b := s.browser()
		f := b.Begin(t, fakeidp.Google, true)
		callback := b.Decide(t, f, person())
		first := b.ComeBack(t, callback)
		fails(t, "the same callback again", b.ComeBack(t, callback), "invalid_state")
		fails(t, "the same state with a new code", b.ComeBack(t, replace(t, callback, "code", "another")), "invalid_state")
		if got, _ := b.Exchange(t, first.Get("code"), f.Verifier); got.Status != 200 {
			t.Errorf("the code of the first callback: %d %s, want 200", got.Status, got.Body)
		}
	})
	t.Run("of another provider", func(t *testing.T) {
		t.Parallel()
		for _, of := range fakeidp.Names {
			for _, at := range fakeidp.Names {
				if at != of {
					b := s.browser()
					callback := b.Decide(t, b.Begin(t, of, true), person())
					fails(t, of+" at "+at, b.ComeBack(t, strings.Replace(callback, "/"+of+"/", "/"+at+"/", 1)), "invalid_state")
				}
			}
		}
	})
	t.Run("made up", func(t *testing.T) {
		t.Parallel()
		for _, query := range []string{
			"", "code=a", "state=a", "code=a&state=", "code=a&state=" + strings.Repeat("A", 43), "error=access_denied", "error=access_denied&state=a",
			"code=a&state=" + strings.Repeat("A", 2000), "code=a&state=%00", "code=a&state=%zz", "state=%ff&code=%ff",
		} {
			fails(t, query, s.browser().ComeBack(t, "/auth/google/callback?"+query), "invalid_state")
		}
	})
	t.Run("in another browser", func(t *testing.T) {
		t.Parallel()
		b, other := s.browser(), s.browser()
		other.Begin(t, fakeidp.Google, false)
		for why, a := range map[string]fakeidp.Answer{"consent": person(), "denial": {Denied: "access_denied"}} {
			f := b.Begin(t, fakeidp.Google, false)
			stolen := request{Method: http.MethodGet, Path: b.Decide(t, f, a)}
			fails(t, why+", no cookie", s.browser().ComeBack(t, stolen.Path), "invalid_state")
			fails(t, why+", cookie of another flow", other.ComeBack(t, stolen.Path), "invalid_state")
			stolen.Header = map[string]string{"Sec-Purpose": "prefetch;prerender"}
			s.one.Refuses(t, stolen, 503, "unavailable")
			b.Send(t, request{Method: http.MethodHead, Path: stolen.Path})
			if got, _, _ := b.Finish(t, f, stolen.Path); got != map[string]string{"consent": "ok", "denial": "access_denied"}[why] {
				t.Errorf("%s: after visits of others its own browser ends with %q", why, got)
			}
		}
		f := b.Begin(t, fakeidp.Google, true)
		if got, _, _ := other.Finish(t, f, b.Decide(t, f, person())); got != "ok" {
			t.Errorf("with a code_challenge the log-in ends with %q, want ok", got)
		}
	})
	t.Run("with the code of another flow", func(t *testing.T) {
		t.Parallel()
		for _, provider := range fakeidp.Names {
			victim, attacker := s.browser(), s.browser()
			callback := victim.Decide(t, victim.Begin(t, provider, true), person())
			stolen, err := url.Parse(attacker.Decide(t, attacker.Begin(t, provider, true), person()))
			if err != nil {
				t.Fatal(err)
			}
			fails(t, provider, victim.ComeBack(t, replace(t, callback, "code", stolen.Query().Get("code"))), "provider_error")
		}
		s.idp.Forgive("code_verifier is not that")
	})
	t.Run("of many flows in one browser, out of order", func(t *testing.T) {
		t.Parallel()
		b := s.browser()
		var flows []client.Flow
		var callbacks []string
		for i := range 12 {
			f := b.Begin(t, fakeidp.Names[i%3], i%2 == 0)
			flows, callbacks = append(flows, f), append(callbacks, b.Decide(t, f, person()))
		}
		for _, i := range []int{7, 0, 11, 3, 1, 2, 10, 4, 9, 8, 5, 6} {
			if got, _, _ := b.Finish(t, flows[i], callbacks[i]); got != "ok" {
				t.Errorf("flow %d: %q, want ok", i, got)
			}
		}
	})
}

// TestOAuthFrontEndState has the state of the front end come back unchanged.
func TestOAuthFrontEndState(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for _, state := range []string{
		"plain", "a b", "a+b", "a%20b", "%", "&code=evil&x=", "#fragment", "?", "=", "/../..", `"quoted"`, `\`, "<script>", "ภาษาไทย", "e\u0301", "a;b",
		"https://evil.example/?a=b", `{"next":"/a b","n":1}`, strings.Repeat("s", 500), "0", "null", "a\tb",
	} {
		for _, denied := range []string{"", "access_denied"} {
			b, a := s.browser(), person()
			a.Denied = denied
			begin := request{Method: http.MethodGet, Path: "/auth/line?" + url.Values{"state": {state}}.Encode()}
			q := b.ComeBack(t, b.Decide(t, client.Flow{Provider: fakeidp.LINE, URL: b.Start(t, begin)}, a))
			if q.Get("state") != state || q.Get("error") != denied || q.Get("code") == "evil" {
				t.Errorf("the state %q comes back as %q, with %v", state, q.Get("state"), q)
			}
		}
	}
	for n, want := range map[int]int{1024: 200, 1025: 422, 3000: 422} {
		got := s.one.Send(t, request{Method: http.MethodGet, Path: "/auth/google?state=" + strings.Repeat("s", n)})
		if got.Status != want {
			t.Errorf("a state of %d characters = %d %s, want %d", n, got.Status, got.Body, want)
		}
	}
}

func TestOAuthErrorsOfProviders(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for denied, want := range map[string]string{
		"access_denied": "access_denied", "server_error": "provider_error", "temporarily_unavailable": "provider_error",
		"<script>": "provider_error", "account_disabled": "provider_error", "invalid_state": "provider_error",
	} {
		for _, provider := range fakeidp.Names {
			b := s.browser()
			f := b.Begin(t, provider, true)
			callback := b.Decide(t, f, fakeidp.Answer{Denied: denied})
			q := b.ComeBack(t, callback)
			if fails(t, provider+" says "+denied, q, want); q.Get("state") != f.State {
				t.Errorf("%s says %s: the state is %q", provider, denied, q.Get("state"))
			}
			fails(t, "the error again", b.ComeBack(t, callback), "invalid_state")
			fails(t, "a code after the error", b.ComeBack(t, "/auth/"+provider+"/callback?code=a&state="+url.QueryEscape(f.IDPState(t))), "invalid_state")
		}
	}
}

// TestOAuthStartByRedirect begins flows as links do. The cookie has a name of its own and does not
// hold the state.
func TestOAuthStartByRedirect(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for _, provider := range fakeidp.Names {
		b := s.browser()
		got := b.Send(t, request{Method: http.MethodGet, Path: "/auth/" + provider + "?redirect=true&state=mine"})
		f := client.Flow{Provider: provider, URL: got.Header.Get("Location"), State: "mine"}
		if got.Status != 302 || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") || got.Header.Get("Referrer-Policy") != "no-referrer" || len(got.Cookies) != 1 {
			t.Fatalf("%s: %d %v", provider, got.Status, got.Header)
		}
		if c := got.Cookies[0]; c.Path != "/" || c.MaxAge != 600 || strings.Contains(c.Name+c.Value, f.IDPState(t)) || len(c.Value) < 22 {
			t.Errorf("%s: the cookie %s", provider, c)
		}
		if got, _, _ := b.Finish(t, f, b.Decide(t, f, person())); got != "ok" {
			t.Errorf("%s: the log-in ends with %q, want ok", provider, got)
		}
	}
}
