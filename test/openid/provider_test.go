package openid

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"gofiber-auth/test/harness"
)

// What this service is at the provider.
const (
	clientID     = "gofiber-auth-at-the-provider"
	clientSecret = "the-secret-of-this-client"
)

// People whom the example server knows, and what it has of them.
const (
	person         = "test-user2"
	personID       = "id2"
	personEmail    = "test-user2@zitadel.ch"
	personName     = "Test User2"
	other          = "test-user@127.0.0.1"
	otherEmail     = "test-user@zitadel.ch"
	personPassword = "verysecure"
)

// provider is the example server at an address that stays.
type provider struct {
	Issuer    string
	Endpoints endpoints

	redirect string // where it may send browsers to
	server   *httptest.Server

	mu     sync.Mutex
	calls  map[string]int // by path
	tokens []byte         // the last answer of the token endpoint
}

// endpoints is what the provider's discovery document says that the service has to be told.
type endpoints struct {
	Issuer   string `json:"issuer"`
	Auth     string `json:"authorization_endpoint"`
	Token    string `json:"token_endpoint"`
	Userinfo string `json:"userinfo_endpoint"`
	JWKS     string `json:"jwks_uri"`
}

// newProvider returns a provider that does not run yet.
func newProvider(t *testing.T, redirect string) *provider {
	t.Helper()
	p := &provider{Issuer: "http://127.0.0.1:" + harness.FreePort(t), redirect: redirect, calls: map[string]int{}}
	t.Cleanup(p.Stop)
	return p
}

// people returns those whom a provider knows by itself.
func (p *provider) people() storage.UserStore { return storage.NewUserStore(p.Issuer) }

// newStorage returns what a provider has at first: people, this service as its only client,
// and a key of its own.
func (p *provider) newStorage(people storage.UserStore) *storage.Storage {
	return storage.NewStorageWithClients(people, map[string]*storage.Client{
		clientID: storage.WebClient(clientID, clientSecret, p.redirect),
	})
}

// Start starts the provider, which must not run.
func (p *provider) Start(t *testing.T, s exampleop.Storage) {
	t.Helper()
	l, err := net.Listen("tcp", strings.TrimPrefix(p.Issuer, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	p.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: p.watch(exampleop.SetupServer(p.Issuer, s, nil, false))}}
	p.server.Start()
	response, err := http.Get(p.Issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var found endpoints
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Endpoints = found
}

// Stop ends the provider, if it runs: nobody answers at its address.
func (p *provider) Stop() {
	if p.server != nil {
		p.server.Close()
		p.server = nil
	}
}

// Settings is what tells the service that this provider stands in for Google.
func (p *provider) Settings() map[string]string {
	return map[string]string{
		"GOOGLE_CLIENT_ID": clientID, "GOOGLE_CLIENT_SECRET": clientSecret, "GOOGLE_REDIRECT_URL": p.redirect,
		"GOOGLE_AUTH_URL": p.Endpoints.Auth, "GOOGLE_TOKEN_URL": p.Endpoints.Token,
		"GOOGLE_USERINFO_URL": p.Endpoints.Userinfo, "GOOGLE_JWKS_URL": p.Endpoints.JWKS, "GOOGLE_ISSUER": p.Endpoints.Issuer,
	}
}

// watch counts requests and keeps what the token endpoint answers, both before anybody has an
// answer.
func (p *provider) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.calls[r.URL.Path]++
		isToken := p.Issuer+r.URL.Path == p.Endpoints.Token
		p.mu.Unlock()
		if isToken {
			w = &tee{ResponseWriter: w, keep: p.keep}
		}
		next.ServeHTTP(w, r)
	})
}

func (p *provider) keep(answer []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens = answer
}

// Calls is how often an endpoint was called.
func (p *provider) Calls(t *testing.T, endpoint string) int {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[u.Path]
}

// IDToken returns the claims of the last id_token.
func (p *provider) IDToken(t *testing.T) jwt.MapClaims {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.Unmarshal(p.tokens, &answer); err != nil {
		t.Fatalf("%v in %q", err, p.tokens)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(answer.IDToken, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// tee has keep look at what is answered so far.
type tee struct {
	http.ResponseWriter

	keep   func(answer []byte)
	answer []byte
}

func (w *tee) Write(b []byte) (int, error) {
	w.answer = append(w.answer, b...)
	w.keep(w.answer)
	return w.ResponseWriter.Write(b)
}
