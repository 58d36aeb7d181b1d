package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

// What would harm if it stood in an error.
const (
	clientID     = "client-1"
	clientSecret = "s3cret-of-the-client-that-nobody-may-see"
	redirectURL  = "https://app.example/api/v1/auth/cb?x=1&y=%2F"
	email        = "ada@example.com"
	accessToken  = "access-token-that-nobody-may-see"
	refreshToken = "refresh-token-that-nobody-may-see"
)

// fake is a provider that is strict about what it is asked, and answers as a test wants.
type fake struct {
	t      *testing.T
	kind   kind
	server *httptest.Server
	clock  *clock

	mu        sync.Mutex
	grants    map[string]grant // by code
	seen      []string         // what may be in no error
	calls     map[string]int   // by path
	keys      []jose.JSONWebKey
	kid       string
	person    map[string]any                     // claims, or members of the Graph API's user
	userinfo  map[string]any                     // of Google
	token     map[string]any                     // members of the token answer to add or change
	claims    func(jwt.MapClaims)                // changes the claims of an id_token
	sign      func(header, claims object) string // in place of the right way
	overrides map[string]http.HandlerFunc        // in place of the right answer, by path
}

// grant is what a code stands for.
type grant struct{ challenge, nonce, subject string }

func newFake(t *testing.T, k kind) *fake {
	t.Helper()
	f := &fake{
		t: t, kind: k, clock: &clock{at: time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)},
		grants: map[string]grant{}, calls: map[string]int{}, overrides: map[string]http.HandlerFunc{},
		kid: "key-1", seen: []string{clientSecret, email, accessToken, refreshToken},
		keys: []jose.JSONWebKey{
			{Key: rsaKey().Public(), KeyID: "key-1", Use: "sig", Algorithm: "RS256"},
			{Key: ecKey().Public(), KeyID: "key-1", Use: "sig", Algorithm: "ES256"},
		},
		person: map[string]any{"email": email, "name": "Ada Lovelace", "picture": "https://img.example/ada.png"},
	}
	if k.provider == models.ProviderGoogle {
		f.person["email_verified"], f.person["hd"] = true, "example.com"
	}
	if k.provider == models.ProviderFacebook {
		f.person["picture"] = map[string]any{"data": map[string]any{"url": "https://img.example/ada.png", "width": 50}}
	}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) client() Client {
	return Client{
		ID: clientID, Secret: clientSecret, RedirectURL: redirectURL,
		AuthURL: f.server.URL + "/authorize?prompt=consent", TokenURL: f.server.URL + "/token",
		UserinfoURL: f.server.URL + "/userinfo", JWKSURL: f.server.URL + "/certs",
	}
}

// deps returns the dependencies of a provider whose connections end with the test, and that has
// time on a machine with much else to do.
func (f *fake) deps() Deps {
	transport := newTransport()
	f.t.Cleanup(transport.CloseIdleConnections)
	return Deps{Metrics: metrics.New("test"), Now: f.clock.now, Transport: transport, bound: time.Minute}
}

func (f *fake) provider() services.IdentityProvider { return f.kind.make(f.client(), f.deps()) }

// authorize is the person's consent: it reads the address that the browser was sent to, and
// returns the code that comes back.
func (f *fake) authorize(address, subject string) string {
	f.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		f.t.Fatal(err)
	}
	query := u.Query()
	want := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURL}, "prompt": {"consent"},
		"code_challenge_method": {"S256"}, "code_challenge": query["code_challenge"], "state": query["state"],
		"scope": {map[string]string{
			"google": "openid email profile", "line": "openid profile email", "facebook": "email,public_profile",
		}[f.kind.provider]},
	}
	if f.kind.method != nil {
		want["nonce"] = query["nonce"]
	}
	if !maps.EqualFunc(query, want, slices.Equal) || len(query["code_challenge"]) != 1 || len(query["state"]) != 1 {
		f.t.Errorf("AuthorizeURL has the parameters %v, want %v", query, want)
	}
	code := "code-" + random()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.grants[code] = grant{query.Get("code_challenge"), query.Get("nonce"), subject}
	f.seen = append(f.seen, code)
	return code
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls[r.URL.Path]++
	override := f.overrides[r.URL.Path]
	f.mu.Unlock()
	if strings.Contains(r.URL.String(), clientSecret) || strings.Contains(r.URL.String(), accessToken) {
		f.t.Errorf("a secret stands in the address %s", r.URL)
	}
	switch {
	case override != nil:
		override(w, r)
	case r.URL.Path == "/token":
		f.serveToken(w, r)
	case r.URL.Path == "/userinfo":
		f.serveUserinfo(w, r)
	case r.URL.Path == "/certs" && r.Method == http.MethodGet:
		f.mu.Lock()
		defer f.mu.Unlock()
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: f.keys})
	default:
		f.t.Errorf("%s %s was called", r.Method, r.URL)
		http.NotFound(w, r)
	}
}

func (f *fake) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" {
		f.t.Errorf("%s %s with %v is no token call", r.Method, r.URL, r.Header)
	}
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	code, verifier := r.PostForm.Get("code"), r.PostForm.Get("code_verifier")
	g, known := f.grants[code]
	delete(f.grants, code)
	challenge := sha256.Sum256([]byte(verifier))
	want := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURL},
		"client_id": {clientID}, "client_secret": {clientSecret}, "code_verifier": {verifier},
	}
	f.seen = append(f.seen, verifier)
	switch {
	case !maps.EqualFunc(r.PostForm, want, slices.Equal):
		f.t.Errorf("the token call has the form %v, want %v", r.PostForm, want)
	case !known || g.challenge != base64.RawURLEncoding.EncodeToString(challenge[:]):
		answer(w, http.StatusBadRequest, object{"error": "invalid_grant", "error_description": code})
		return
	}
	token := map[string]any{
		"access_token": accessToken + "-" + g.subject, "token_type": "Bearer", "refresh_token": refreshToken, "expires_in": 3600,
	}
	if f.kind.method != nil {
		id := f.idToken(g)
		f.seen = append(f.seen, id)
		token["id_token"] = id
	}
	maps.Copy(token, f.token)
	answer(w, http.StatusOK, token)
}

// idToken is the id_token of a grant. The caller holds the lock.
func (f *fake) idToken(g grant) string {
	now := f.clock.now()
	claims := jwt.MapClaims{
		"iss": f.kind.issuer, "aud": clientID, "sub": g.subject, "nonce": g.nonce,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, f.person)
	if f.claims != nil {
		f.claims(claims)
	}
	header := object{"typ": "JWT", "alg": f.kind.method.Alg(), "kid": f.kid}
	if f.kind.method == jwt.SigningMethodHS256 {
		delete(header, "kid")
	}
	if f.sign != nil {
		return f.sign(header, object(claims))
	}
	return signed(header, object(claims), f.kind.key())
}

func (f *fake) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	subject, ours := strings.CutPrefix(token, accessToken+"-")
	if r.Method != http.MethodGet || !isBearer || !ours {
		f.t.Errorf("%s %s with %v is no call for userinfo", r.Method, r.URL, r.Header)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kind.provider == models.ProviderGoogle {
		user := map[string]any{"sub": subject}
		maps.Copy(user, f.userinfo)
		answer(w, http.StatusOK, user)
		return
	}
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(token))
	want := url.Values{"fields": {"id,name,email,picture"}, "appsecret_proof": {hex.EncodeToString(mac.Sum(nil))}}
	if !maps.EqualFunc(r.URL.Query(), want, slices.Equal) {
		f.t.Errorf("the Graph API was called with %v, want %v", r.URL.Query(), want)
	}
	user := map[string]any{"id": subject}
	maps.Copy(user, f.person)
	answer(w, http.StatusOK, user)
}

// called returns how often a path was called.
func (f *fake) called(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[path]
}

// set changes the fake while it may be in use.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func random() string { return rand.Text() }
