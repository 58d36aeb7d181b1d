package contract

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// distrusts checks that a log-in ends with provider_error, uses the state up and makes no user.
func distrusts(t *testing.T, s *setup, why, provider string, a fakeidp.Answer) {
	t.Helper()
	if a.Subject == "" {
		base := person()
		a.Subject, a.Email, a.Verified = base.Subject, base.Email, true
	}
	b := s.browser()
	f := b.Begin(t, provider, true)
	callback := b.Decide(t, f, a)
	q := b.ComeBack(t, callback)
	fails(t, provider+": "+why, q, "provider_error")
	if q.Get("state") != f.State {
		t.Errorf("%s: %s: the state is %q, want %q", provider, why, q.Get("state"), f.State)
	}
	fails(t, provider+": "+why+", again", b.ComeBack(t, callback), "invalid_state")
	if users := s.users(t, a.Email); len(users) != 0 {
		t.Errorf("%s: %s: made the user %+v", provider, why, users)
	}
}

// say answers with a status, a type and a body.
func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// badAnswers may come in place of an answer of any endpoint.
var badAnswers = map[string]http.HandlerFunc{
	"500 with a good form": say(500, "application/json", `{"id":"1","access_token":"abc"}`),
	"401":                  say(401, "application/json", `{"error":"invalid_client"}`),
	"204":                  say(204, "application/json", ""),
	"no body":              say(200, "application/json", ""),
	"an error":             say(200, "application/json", `{"error":"invalid_grant","access_token":"abc","id":"1"}`),
	"HTML":                 say(200, "text/html", "<html><body>Please log in</body></html>"),
	"a list":               say(200, "application/json", `[{"access_token":"abc"}]`),
	"null":                 say(200, "application/json", `null`),
	"half of JSON":         say(200, "application/json", `{"access_token":"abc`),
	"wrong types":          say(200, "application/json", `{"access_token":{"a":1},"id_token":7,"id":["1"]}`),
	"UTF-16":               say(200, "application/json; charset=utf-16", "\xff\xfe{\x00}\x00"),
	"deep nesting":         say(200, "application/json", strings.Repeat(`{"a":`, 20_000)),
	"20 MB": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"`)
		chunk := bytes.Repeat([]byte("a"), 1<<20)
		for range 20 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	},
	"a reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"half an answer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"access_token":"abc",`)
		panic(http.ErrAbortHandler)
	},
}

func TestOAuthBadAnswers(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for name, bad := range badAnswers {
		for _, provider := range fakeidp.Names {
			distrusts(t, s, "token endpoint: "+name, provider, fakeidp.Answer{TokenAnswer: bad})
		}
		distrusts(t, s, "Graph API: "+name, fakeidp.Facebook, fakeidp.Answer{ProfileAnswer: bad})
	}
	for name, change := range map[string]func(a map[string]any){
		"no access token":         func(a map[string]any) { delete(a, "access_token") },
		"an empty access token":   func(a map[string]any) { a["access_token"] = "" },
		"a list of access tokens": func(a map[string]any) { a["access_token"] = []string{"a"} },
		"an error beside":         func(a map[string]any) { a["error"] = "invalid_grant" },
		"another token type":      func(a map[string]any) { a["token_type"] = "mac" },
		"no id_token":             func(a map[string]any) { a["id_token"] = nil },
	} {
		for _, provider := range fakeidp.Names {
			if name != "no id_token" || provider != fakeidp.Facebook {
				distrusts(t, s, name, provider, fakeidp.Answer{Token: change})
			}
		}
	}
	for name, id := range map[string]any{"no": nil, "an empty": "", "a number as": 10001, "a list as": []string{"1"}, "a long": strings.Repeat("1", 300)} {
		distrusts(t, s, name+" id", fakeidp.Facebook, fakeidp.Answer{Profile: func(p map[string]any) { p["id"] = id }})
	}
	for name, expiry := range map[string]any{"no": nil, "a huge": 1e15, "a negative": -1, "a text as": "3600"} {
		a := person()
		a.Token = func(a map[string]any) { a["expires_in"], a["refresh_token"] = expiry, strings.Repeat("r", 8000) }
		s.ends(t, name+" expiry", fakeidp.Google, a, "ok")
	}
}

// forgeries change an id_token in a way that no provider would. The second half is of one provider.
var forgeries = map[string]func(t *fakeidp.IDToken){
	"the key of another":        func(t *fakeidp.IDToken) { t.Key = otherKey(t) },
	"claims changed afterwards": func(t *fakeidp.IDToken) { t.Tamper = true },
	"no signature":              func(t *fakeidp.IDToken) { t.Key = nil },
	"alg none":                  func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "none", nil },
	"alg none and a signature":  func(t *fakeidp.IDToken) { t.Header["alg"] = "none" },
	"no alg":                    func(t *fakeidp.IDToken) { delete(t.Header, "alg") },
	"alg HS512":                 func(t *fakeidp.IDToken) { t.Header["alg"] = "HS512" },
	"crit":                      func(t *fakeidp.IDToken) { t.Header["crit"], t.Header["b64"] = []string{"b64"}, false },
	"HS256 with the client_id":  func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", []byte(t.Provider.ClientID) },
	"a key of its own":          bring,
	"an unknown kid":            func(t *fakeidp.IDToken) { published(t); t.Header["kid"] = "unknown" },
	"no iss":                    func(t *fakeidp.IDToken) { delete(t.Claims, "iss") },
	"iss with a slash":          func(t *fakeidp.IDToken) { t.Claims["iss"] = t.Provider.Issuer() + "/" },
	"iss of http":               func(t *fakeidp.IDToken) { t.Claims["iss"] = strings.Replace(t.Provider.Issuer(), "https", "http", 1) },
	"iss that continues":        func(t *fakeidp.IDToken) { t.Claims["iss"] = t.Provider.Issuer() + ".evil.example" },
	"no aud":                    func(t *fakeidp.IDToken) { delete(t.Claims, "aud") },
	"aud of another client":     func(t *fakeidp.IDToken) { t.Claims["aud"], t.Claims["azp"] = "another-client", t.Provider.ClientID },
	"aud of two clients":        func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{t.Provider.ClientID, "another-client"} },
	"azp of another client":     func(t *fakeidp.IDToken) { t.Claims["azp"] = "another-client" },
	"no exp":                    func(t *fakeidp.IDToken) { delete(t.Claims, "exp") },
	"exp an hour ago":           func(t *fakeidp.IDToken) { t.Claims["exp"] = in(-time.Hour) },
	"iat tomorrow":              func(t *fakeidp.IDToken) { t.Claims["iat"], t.Claims["exp"] = in(24*time.Hour), in(48*time.Hour) },
	"nbf tomorrow":              func(t *fakeidp.IDToken) { t.Claims["nbf"] = in(24 * time.Hour) },
	"no nonce":                  func(t *fakeidp.IDToken) { delete(t.Claims, "nonce") },
	"another nonce":             func(t *fakeidp.IDToken) { t.Claims["nonce"] = "n-0S6_WzA2Mj" },
	"a list of nonces":          func(t *fakeidp.IDToken) { t.Claims["nonce"] = []any{t.Claims["nonce"]} },
	"no sub":                    func(t *fakeidp.IDToken) { delete(t.Claims, "sub") },
	"an empty sub":              func(t *fakeidp.IDToken) { t.Claims["sub"] = "" },
	"sub of spaces":             func(t *fakeidp.IDToken) { t.Claims["sub"] = "   " },
	"sub a number":              func(t *fakeidp.IDToken) { t.Claims["sub"] = 12345 },
	"a long sub":                func(t *fakeidp.IDToken) { t.Claims["sub"] = strings.Repeat("s", 300) },
	"sub with NUL":              func(t *fakeidp.IDToken) { t.Claims["sub"] = "a\x00b" },
	"a list of claims":          func(t *fakeidp.IDToken) { t.Raw = "e30.W10.e30" },
	"garbage":                   func(t *fakeidp.IDToken) { t.Raw = "garbage" },
	"an object":                 func(t *fakeidp.IDToken) { t.Raw = t.Claims },

	"google: HS256 with the client_secret": func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", []byte(t.Provider.ClientSecret) },
	"google: HS256 with the public key":    func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", publicPEM(t.Key) },
	"google: ES256 with the RSA key":       func(t *fakeidp.IDToken) { t.Header["alg"] = "ES256" },
	"google: iss of LINE":                  func(t *fakeidp.IDToken) { t.Claims["iss"] = "https://access.line.me" },
	"google: another at_hash":              func(t *fakeidp.IDToken) { t.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
	"line: ES256 with another key":         func(t *fakeidp.IDToken) { t.ES256(); t.Key = fakeidp.NewEC() },
	"line: ES256 with the secret":          func(t *fakeidp.IDToken) { t.Header["alg"], t.Header["kid"] = "ES256", t.Provider.Key().ID },
	"line: HS256 with the public key":      func(t *fakeidp.IDToken) { t.ES256(); t.Header["alg"], t.Key = "HS256", publicPEM(t.Key) },
	"line: RS256":                          func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "RS256", otherRSA() },
	"line: iss without a scheme":           func(t *fakeidp.IDToken) { t.Claims["iss"] = "access.line.me" },
}

// unusual changes an id_token in a way that a provider may.
var unusual = map[string]func(t *fakeidp.IDToken){
	"a list of one aud":              func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{t.Provider.ClientID} },
	"more claims":                    func(t *fakeidp.IDToken) { t.Claims["hd"], t.Claims["amr"] = "example.com", []string{"pwd"} },
	"google: iss without a scheme":   func(t *fakeidp.IDToken) { t.Claims["iss"] = "accounts.google.com" },
	"google: no at_hash":             func(t *fakeidp.IDToken) { delete(t.Claims, "at_hash") },
	"line: ES256 with its published": func(t *fakeidp.IDToken) { t.ES256() },
	"line: kid with HS256":           func(t *fakeidp.IDToken) { t.Header["kid"] = "any" },
}

func TestOAuthForgedIDTokens(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	each := func(table map[string]func(*fakeidp.IDToken), check func(why, provider string, a fakeidp.Answer)) {
		for name, forge := range table {
			for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
				if of, _, one := strings.Cut(name, ": "); !one || of == provider {
					a := person()
					a.Forge = forge
					check(name, provider, a)
				}
			}
		}
	}
	each(forgeries, func(why, provider string, a fakeidp.Answer) { distrusts(t, s, why, provider, a) })
	each(unusual, func(why, provider string, a fakeidp.Answer) { s.ends(t, provider+": "+why, provider, a, "ok") })
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		var stolen any
		a := person()
		a.Token = func(a map[string]any) { stolen = a["id_token"] }
		s.ends(t, provider, provider, a, "ok")
		distrusts(t, s, "the id_token of another flow", provider, fakeidp.Answer{Token: func(a map[string]any) { a["id_token"] = stolen }})
	}
}

func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }

var otherRSA = sync.OnceValue(fakeidp.NewRSA)

func otherKey(t *fakeidp.IDToken) any {
	if _, secret := t.Key.([]byte); secret {
		return []byte("not the secret of the channel at all")
	}
	return otherRSA()
}

// published signs with a key of the JWKS.
func published(t *fakeidp.IDToken) {
	if t.Provider.Name == fakeidp.LINE {
		t.ES256()
	}
}

// bring signs with a key that the header brings along.
func bring(t *fakeidp.IDToken) {
	key := fakeidp.Key{ID: "brought", Private: otherRSA()}
	t.Header["alg"], t.Header["kid"], t.Header["jwk"], t.Key = "RS256", "brought", key.Public(), key.Private
}

func publicPEM(key any) []byte {
	der, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	if err != nil {
		panic(err) // the keys are good
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestOAuthKeys has a service of its own, since it counts how often the keys are read, and breaks them.
func TestOAuthKeys(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	google, line := s.idp.Providers[fakeidp.Google], s.idp.Providers[fakeidp.LINE]
	reads := func(when string, p *fakeidp.Provider, most int64) {
		t.Helper()
		if n := p.KeysRead.Load(); n > most {
			t.Errorf("%s: the keys were read %d times, want %d", when, n, most)
		}
	}
	first, second := google.Key(), fakeidp.Key{ID: "google-2", Private: fakeidp.NewRSA()}
	client.AtOnce(20, func(int) { s.ends(t, "at once", fakeidp.Google, person(), "ok") })
	s.ends(t, "HS256 needs no keys", fakeidp.LINE, person(), "ok")
	reads("20 log-ins at once", google, 1)
	reads("HS256", line, 0)
	google.Rotate(second, first)
	client.AtOnce(10, func(int) { s.ends(t, "a new key", fakeidp.Google, person(), "ok") })
	reads("a new key", google, 2)
	old := person()
	old.Forge = func(t *fakeidp.IDToken) { t.Header["kid"], t.Key = first.ID, first.Private }
	s.ends(t, "the old key, still published", fakeidp.Google, old, "ok")
	for range 10 {
		a := person()
		a.Forge = func(t *fakeidp.IDToken) { t.Header["kid"] = client.Name() }
		distrusts(t, s, "an unknown kid", fakeidp.Google, a)
	}
	s.ends(t, "after unknown kids", fakeidp.Google, person(), "ok")

	es256 := func() fakeidp.Answer { a := person(); a.Forge = published; return a }
	for name, bad := range badAnswers {
		line.KeysAnswer.Store(&bad)
		distrusts(t, s, "JWKS: "+name, fakeidp.LINE, es256())
	}
	for name, set := range map[string]string{
		"no keys": `[]`, "nonsense": `[{"kty":"RSA","kid":"line-1","n":"AQ","e":"AQ"}]`, "symmetric": `[{"kty":"oct","kid":"line-1","k":"AAAA"}]`,
	} {
		bad := say(200, "application/json", `{"keys":`+set+`}`)
		line.KeysAnswer.Store(&bad)
		distrusts(t, s, "JWKS: "+name, fakeidp.LINE, es256())
	}
	line.KeysAnswer.Store(nil)
	harness.Eventually(t, "log-ins work when the keys are back", func() error {
		if got, _, _ := s.browser().Outcome(t, fakeidp.LINE, es256()); got != "ok" {
			return errors.New(got)
		}
		return nil
	})
}

func TestOAuthRedirectsOfProvidersAreNotFollowed(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		away := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) }
		for _, provider := range fakeidp.Names {
			distrusts(t, s, fmt.Sprint("token endpoint: ", status), provider, fakeidp.Answer{TokenAnswer: away})
		}
		distrusts(t, s, fmt.Sprint("Graph API: ", status), fakeidp.Facebook, fakeidp.Answer{ProfileAnswer: away})
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// hang begins six flows and returns when all wait for providers that never answer. The front ends must
// get provider_error all the same.
func hang(t *testing.T, s *setup) *sync.WaitGroup {
	t.Helper()
	var waiting atomic.Int64
	silent := func(_ http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		defer waiting.Add(-1)
		s.idp.Hang(r)
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		defer waiting.Add(-1)
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush() // the next write fails
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}
	keys := http.HandlerFunc(silent)
	s.idp.Providers[fakeidp.LINE].KeysAnswer.Store(&keys)
	scripts := []fakeidp.Answer{{TokenAnswer: silent}, {Forge: published}, {ProfileAnswer: silent}, {TokenAnswer: drip}, {TokenAnswer: drip}, {ProfileAnswer: drip}}
	var backs []func()
	for i, script := range scripts {
		a, b := person(), s.browser()
		a.TokenAnswer, a.ProfileAnswer, a.Forge = script.TokenAnswer, script.ProfileAnswer, script.Forge
		f := b.Begin(t, fakeidp.Names[i%3], true)
		callback := b.Decide(t, f, a)
		backs = append(backs, func() {
			q := b.ComeBack(t, callback)
			if fails(t, fmt.Sprintf("flow %d of %s", i, f.Provider), q, "provider_error"); q.Get("state") != f.State {
				t.Errorf("flow %d: the state is %q, want %q", i, q.Get("state"), f.State)
			}
		})
	}
	hanging := new(sync.WaitGroup)
	for _, back := range backs {
		hanging.Go(back)
	}
	harness.Eventually(t, "all flows wait at once", func() error {
		if n := waiting.Load(); n < int64(len(backs)) {
			return fmt.Errorf("%d wait", n)
		}
		return nil
	})
	return hanging
}

// TestOAuthProviderHangs has six flows wait while there are two connections to the database: a flow
// that waits must hold none.
func TestOAuthProviderHangs(t *testing.T) {
	t.Parallel()
	s := newSetup(t, map[string]string{"DATABASE_URL": pgtest.New(t), "DB_MAX_OPEN_CONNS": "2", "DB_MAX_IDLE_CONNS": "2"})
	member := s.one.Register(t)
	hanging := hang(t, s)
	s.one.Me(t, member.Token)
	s.one.LogIn(t, member.User.Email, client.Password)
	s.ends(t, "a log-in beside those that hang", fakeidp.Google, person(), "ok")
	hanging.Wait()
	if users := s.users(t, "m"); len(users) != 3 { // with the admin, whose name begins so, too
		t.Errorf("the users are %+v", users)
	}
}

func TestOAuthStopWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	hanging := hang(t, s)
	s.one.Stop(t)
	hanging.Wait()
}
