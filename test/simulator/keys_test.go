package simulator_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/simulator"
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
	google, line := w.Providers[simulator.Google], w.Providers[simulator.LINE]
	person := func() simulator.Answer {
		return simulator.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true}
	}
	in := func(why, provider string, a simulator.Answer, want string) {
		t.Helper()
		if got, _, _ := w.newBrowser().outcome(t, provider, a); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
	first := google.Key()
	atOnce(20, func(int) { in("at once, before the keys were read", simulator.Google, person(), "ok") })
	if n := google.KeysRead.Load(); n != 1 {
		t.Errorf("20 log-ins at once have read the keys %d times, want once", n)
	}
	for range 5 {
		in("LINE by HS256", simulator.LINE, person(), "ok")
	}
	if n := line.KeysRead.Load(); n != 0 {
		t.Errorf("LINE's keys have been read %d times for HS256, want never", n)
	}

	second := simulator.Key{ID: "google-2", Private: simulator.NewRSA()}
	google.Rotate(second, first)
	atOnce(10, func(int) { in("a new key", simulator.Google, person(), "ok") })
	if n := google.KeysRead.Load(); n != 2 {
		t.Errorf("the keys have been read %d times with one new key, want twice", n)
	}
	old := person()
	old.Forge = func(t *simulator.IDToken) { t.Header["kid"], t.Key = first.ID, first.Private }
	in("the old key, which is still published", simulator.Google, old, "ok")

	forged := person()
	forged.Forge = func(t *simulator.IDToken) { t.Header["kid"] = w.name("nobody") }
	before := google.KeysRead.Load()
	for range 20 {
		in("kid unknown", simulator.Google, forged, "provider_error")
	}
	if n := google.KeysRead.Load() - before; n > 5 {
		t.Errorf("20 tokens with unknown kids have had the keys read %d times", n)
	}
	in("after unknown kids", simulator.Google, person(), "ok")

	bare := person()
	bare.Forge = func(t *simulator.IDToken) { delete(t.Header, "kid"); t.Key = simulator.NewRSA() }
	in("no kid, and another's key", simulator.Google, bare, "provider_error")
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
		for _, provider := range []string{simulator.Google, simulator.LINE} {
			p := w.Providers[provider]
			p.KeysAnswer.Store(&answer)
			person := simulator.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true, Forge: asymmetric}
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
	for _, provider := range []string{simulator.Google, simulator.LINE} {
		harness.Eventually(t, provider+" works once the keys are there again", func() error {
			got, _, _ := w.newBrowser().outcome(t, provider, simulator.Answer{Subject: w.name("s"), Email: w.email("keys"), Verified: true, Forge: asymmetric})
			if got != "ok" {
				return errors.New(got)
			}
			return nil
		})
	}
}
