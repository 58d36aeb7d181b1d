// Package openid logs in at software of others: the example server of github.com/zitadel/oidc, an
// OpenID Provider, stands in for Google. What a provider may do wrong is tested elsewhere.
package openid

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"debug/buildinfo"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

const (
	frontend = "http://frontend.test/app"
	person   = "test-user2" // whom the example server knows, with this e-mail
	email    = "test-user2@zitadel.ch"
)

func TestMain(m *testing.M) {
	// The example server logs each request, which hides why a test failed.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	os.Exit(harness.Main(m, "gofiber-auth/cmd/api"))
}

// start starts a provider and a service that knows it, with settings beside the usual ones.
func start(t *testing.T, settings map[string]string, keys ...key) (*harness.Service, *client.Browser, *provider) {
	t.Helper()
	env := harness.NewEnv(t)
	env["FRONTEND_URL"] = frontend
	p := newProvider(t, "http://127.0.0.1:"+env["APP_PORT"]+"/api/v1/auth/google/callback", keys...)
	maps.Copy(env, p.settings())
	maps.Copy(env, settings)
	s := harness.StartService(t, env)
	client.Secrets.Add("client secret", env["GOOGLE_CLIENT_SECRET"])
	t.Cleanup(func() {
		if found := client.Secrets.Found(s.Output()); len(found) > 0 || strings.Contains(s.Output(), email) {
			t.Errorf("a secret or an e-mail address is in the log: %v", found)
		}
	})
	return s, client.NewBrowser(client.New(s.Base), nil, frontend), p
}

// logIn goes through a log-in that must work, with a code_challenge or a cookie.
func logIn(t *testing.T, b *client.Browser, p *provider, challenge bool) client.Auth {
	t.Helper()
	f := b.Begin(t, "google", challenge)
	end, last, in := b.Finish(t, f, p.consent(t, f.URL, person))
	if end != "ok" {
		t.Fatalf("the log-in ends with %q %s", end, last.Body)
	}
	return in
}

func TestLogIn(t *testing.T) {
	t.Parallel()
	_, b, p := start(t, nil, key{"first", "sig", fakeidp.NewRSA()})
	first, second := logIn(t, b, p, true), logIn(t, b, p, false)
	u := first.User
	if !first.IsNewUser || second.IsNewUser || second.User.ID != u.ID || u.Email != email || u.EmailVerified || *u.OauthProvider != "google" || *u.DisplayName != "Test User2" {
		t.Errorf("the log-ins are of %+v and %+v", first, second)
	}
	if keys, userinfo := p.called("jwks_uri"), p.called("userinfo_endpoint"); keys != 1 || userinfo != 2 {
		t.Errorf("two log-ins read the keys %d times, and userinfo %d times, where the e-mail is", keys, userinfo)
	}

	f := b.Begin(t, "google", true)
	q := b.ComeBack(t, p.consent(t, f.URL, person))
	b.Refuses(t, client.Exchanging(q.Get("code"), f.Verifier+"!"), 400, "invalid_code")
	for name, want := range map[string]string{"code_challenge": "provider_error", "nonce": "provider_error", "state": "invalid_state"} {
		f := b.Begin(t, "google", true)
		asked, err := url.Parse(f.URL)
		if err != nil {
			t.Fatal(err)
		}
		query := asked.Query()
		query.Set(name, client.S256("of another flow"))
		asked.RawQuery = query.Encode()
		if q := b.ComeBack(t, p.consent(t, asked.String(), person)); q.Get("error") != want {
			t.Errorf("with another %s: %v, want %s", name, q, want)
		}
	}
}

// TestKeyRotation rotates among keys of all kinds, of which the old ones stay published.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, b, p := start(t, nil, key{"elliptic", "sig", ec}, key{"edwards", "sig", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		key{"encryption", "enc", fakeidp.NewRSA()}, key{"first", "", fakeidp.NewRSA()})
	first := logIn(t, b, p, true)
	p.keys.rotate(key{"second", "sig", fakeidp.NewRSA()})
	for range 2 {
		if got := logIn(t, b, p, true); got.User.ID != first.User.ID {
			t.Errorf("with the next key the log-in is of %+v", got.User)
		}
	}
	if n := p.called("jwks_uri"); n != 2 {
		t.Errorf("the keys were read %d times, want once for each that signed", n)
	}
}

func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	s, b, p := start(t, map[string]string{"GOOGLE_CLIENT_SECRET": "not-the-secret-of-this-client"}, key{"first", "sig", fakeidp.NewRSA()})
	f := b.Begin(t, "google", true)
	if end, _, _ := b.Finish(t, f, p.consent(t, f.URL, person)); end != "provider_error" {
		t.Errorf("the log-in ends with %q, want provider_error", end)
	}
	if n := s.Metric(t, `oauth_logins_total{provider="google",status="provider_error"}`); n != "1" || !strings.Contains(s.Output(), "invalid_client") {
		t.Errorf("the metrics count %q, and the log must say invalid_client", n)
	}
}

// TestServiceIsBuiltWithoutTheProvider proves that the requirements of these tests, which share the
// one go.mod, do not get into the binary.
func TestServiceIsBuiltWithoutTheProvider(t *testing.T) {
	t.Parallel()
	info, err := buildinfo.ReadFile(harness.Binary("api"))
	if err != nil || len(info.Deps) == 0 {
		t.Fatalf("the modules of the binary are unknown: %v", err)
	}
	for _, module := range info.Deps {
		for _, unwanted := range []string{"github.com/zitadel/", "github.com/muhlemmer/", "github.com/go-chi/", "github.com/rs/cors"} {
			if strings.HasPrefix(module.Path, unwanted) {
				t.Errorf("the service is built with %s %s", module.Path, module.Version)
			}
		}
	}
}
