package openid

import (
	"context"
	"crypto"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	clientID     = "gofiber-auth-at-the-provider"
	clientSecret = "the-secret-of-this-client"
)

// provider is the example server, which is told of this service as its only client.
type provider struct {
	URL       string
	endpoints map[string]any // the discovery document
	keys      *rotating
	redirect  string

	mu    sync.Mutex
	calls map[string]int // by URL
}

func newProvider(t *testing.T, redirect string, keys ...key) *provider {
	t.Helper()
	p := &provider{redirect: redirect, calls: map[string]int{}}
	server := httptest.NewUnstartedServer(nil)
	p.URL = "http://" + server.Listener.Addr().String()
	p.keys = &rotating{keys: keys, Storage: storage.NewStorageWithClients(storage.NewUserStore(p.URL), map[string]*storage.Client{
		clientID: storage.WebClient(clientID, clientSecret, redirect),
	})}
	handler := exampleop.SetupServer(p.URL, p.keys, nil, false)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.calls[p.URL+r.URL.Path]++
		p.mu.Unlock()
		handler.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	response, err := http.Get(p.URL + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&p.endpoints); err != nil {
		t.Fatal(err)
	}
	return p
}

// settings lead the service to this provider in place of Google.
func (p *provider) settings() map[string]string {
	env := map[string]string{"GOOGLE_CLIENT_ID": clientID, "GOOGLE_CLIENT_SECRET": clientSecret, "GOOGLE_REDIRECT_URL": p.redirect}
	for name, field := range map[string]string{
		"AUTH_URL": "authorization_endpoint", "TOKEN_URL": "token_endpoint", "USERINFO_URL": "userinfo_endpoint", "JWKS_URL": "jwks_uri", "ISSUER": "issuer",
	} {
		env["GOOGLE_"+name] = p.endpoints[field].(string)
	}
	return env
}

// called returns the number of calls of an endpoint.
func (p *provider) called(endpoint string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[p.endpoints[endpoint].(string)]
}

var (
	formAction = regexp.MustCompile(`<form method="POST" action="([^"]*)"`)
	formID     = regexp.MustCompile(`<input type="hidden" name="id" value="([^"]*)"`)
)

// consent logs in at the provider's page and returns the callback's path under /api/v1.
func (p *provider) consent(t *testing.T, address, username string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), p.redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(page.Body)
	page.Body.Close()
	action, id := formAction.FindSubmatch(body), formID.FindSubmatch(body)
	if err != nil || action == nil || id == nil {
		t.Fatalf("%s: no form on the page %s", page.Status, body)
	}
	to, err := page.Request.URL.Parse(html.UnescapeString(string(action[1])))
	if err != nil {
		t.Fatal(err)
	}
	sent, err := browser.PostForm(to.String(), url.Values{"id": {string(id[1])}, "username": {username}, "password": {"verysecure"}})
	if err != nil {
		t.Fatal(err)
	}
	sent.Body.Close()
	back, err := sent.Location()
	if err != nil || !strings.HasPrefix(back.String(), p.redirect) {
		t.Fatalf("the log-in at the provider = %s, to %v", sent.Status, back)
	}
	return "/auth/google/callback?" + back.RawQuery
}

// key is a key of the provider. A JWK need not name an algorithm, and does not here.
type key struct {
	id, use string
	private crypto.Signer
}

func (k key) ID() string                         { return k.id }
func (k key) Algorithm() jose.SignatureAlgorithm { return "" }
func (k key) Use() string                        { return k.use }
func (k key) Key() any                           { return k.private.Public() }

type signingKey struct{ key }

func (s signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signingKey) Key() any                                    { return s.private }

// rotating is the storage of the example server with other keys. All are published, the last signs.
type rotating struct {
	*storage.Storage

	mu   sync.Mutex
	keys []key
}

func (r *rotating) rotate(k key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, k)
}

// SigningKey implements op.Storage.
func (r *rotating) SigningKey(context.Context) (op.SigningKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return signingKey{r.keys[len(r.keys)-1]}, nil
}

// KeySet implements op.Storage.
func (r *rotating) KeySet(context.Context) (set []op.Key, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.keys {
		set = append(set, k)
	}
	return set, nil
}
