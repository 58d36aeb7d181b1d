package simulator_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// visited starts a server that nobody must visit, and counts who does.
func visited(t *testing.T, visits *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL
}

// TestKeysAreKept has many people log in, and the keys read as rarely as can be.
func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	google, line := w.Providers[fakeidp.Google], w.Providers[fakeidp.LINE]
	person := func() fakeidp.Answer {
		return fakeidp.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true}
	}
	in := func(why, provider string, a fakeidp.Answer, want string) {
		t.Helper()
		if got, _, _ := w.newBrowser().outcome(t, provider, a); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
	first := google.Key()
	atOnce(20, func(int) { in("at once, before the keys were read", fakeidp.Google, person(), "ok") })
	if n := google.KeysRead.Load(); n != 1 {
		t.Errorf("20 log-ins at once have read the keys %d times, want once", n)
	}
	for range 5 {
		in("LINE by HS256", fakeidp.LINE, person(), "ok")
	}
	if n := line.KeysRead.Load(); n != 0 {
		t.Errorf("LINE's keys have been read %d times for HS256, want never", n)
	}

	second := fakeidp.Key{ID: "google-2", Private: fakeidp.NewRSA()}
	google.Rotate(second, first)
	atOnce(10, func(int) { in("a new key", fakeidp.Google, person(), "ok") })
	if n := google.KeysRead.Load(); n != 2 {
		t.Errorf("the keys have been read %d times with one new key, want twice", n)
	}
	old := person()
	old.Forge = func(t *fakeidp.IDToken) { t.Header["kid"], t.Key = first.ID, first.Private }
	in("the old key, which is still published", fakeidp.Google, old, "ok")

	forged := person()
	forged.Forge = func(t *fakeidp.IDToken) { t.Header["kid"] = w.name("nobody") }
	before := google.KeysRead.Load()
	for range 20 {
		in("kid unknown", fakeidp.Google, forged, "provider_error")
	}
	if n := google.KeysRead.Load() - before; n > 5 {
		t.Errorf("20 tokens with unknown kids have had the keys read %d times", n)
	}
	in("after unknown kids", fakeidp.Google, person(), "ok")

	bare := person()
	bare.Forge = func(t *fakeidp.IDToken) { delete(t.Header, "kid"); t.Key = fakeidp.NewRSA() }
	in("no kid, and another's key", fakeidp.Google, bare, "provider_error")
}

// TestKeysAnswers has the keys' URL fail at a provider whose keys nobody has read yet, and
// then work.
func TestKeysAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	bad := map[string]http.HandlerFunc{
		"no keys":   say(200, "application/json", `{"keys":[]}`),
		"keys null": say(200, "application/json", `{"keys":null}`),
		"nonsense":  say(200, "application/json", `{"keys":[{"kty":"RSA","kid":"google-1","n":"AQ","e":"AQ"}]}`),
		"symmetric": say(200, "application/json", `{"keys":[{"kty":"oct","kid":"google-1","k":"AAAA"}]}`),
	}
	for name, answer := range badAnswers {
		bad[name] = answer
	}
	for name, answer := range bad {
		for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
			p := w.Providers[provider]
			p.KeysAnswer.Store(&answer)
			person := fakeidp.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true, Forge: asymmetric}
			got, _, _ := w.newBrowser().outcome(t, provider, person)
			p.KeysAnswer.Store(nil)
			if got != "provider_error" {
				t.Errorf("%s, keys: %s: %q, want provider_error", provider, name, got)
			}
			if users := w.users(t, person.Email); len(users) != 0 {
				t.Errorf("%s, keys: %s: there is a user now: %v", provider, name, users)
			}
		}
	}
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		harness.Eventually(t, provider+" works once the keys are there again", func() error {
			got, _, _ := w.newBrowser().outcome(t, provider, fakeidp.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true, Forge: asymmetric})
			if got != "ok" {
				return errors.New(got)
			}
			return nil
		})
	}
}
