package devidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"gofiber-auth/infrastructure/devidp"
	"gofiber-auth/infrastructure/devidp/devidptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	callback = "https://app.example.com/auth/callback?tenant=7"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	nonce    = "n-0S6_WzA2Mj"
	state    = "af0ifjsldkj <&> ไทย"
)

// scopes is what an application asks each provider for.
var scopes = map[string]string{"google": "openid email profile", "line": "openid profile email", "facebook": "email,public_profile"}

// secretOf returns the secret of the client at a provider.
func secretOf(provider string) string { return "secret-of-" + provider + "/+ %" }

// idp is a running server.
type idp struct {
	*devidp.Server

	t      *testing.T
	client *http.Client
	base   string
}

// start serves all three providers below a path, as the service does.
func start(t *testing.T) *idp {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	i := &idp{t: t, base: "http://" + server.Listener.Addr().String() + "/dev/idp"}
	clients := map[string]devidp.Registration{}
	for provider := range scopes {
		clients[provider] = devidp.Registration{ClientID: "client-at-" + provider, ClientSecret: secretOf(provider), RedirectURL: callback}
	}
	i.Server = devidp.New(devidp.Options{BaseURL: i.base, Clients: clients})
	server.Config.Handler = http.StripPrefix("/dev/idp", i.Handler())
	server.Start()
	t.Cleanup(server.Close)
	i.client = server.Client()
	i.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return i
}

// query returns a good authorization request.
func query(provider string) url.Values {
	return url.Values{
		"client_id": {"client-at-" + provider}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {scopes[provider]},
		"state": {state}, "nonce": {nonce}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (i *idp) authorizeURL(provider string, q url.Values) string {
	return i.Endpoints(provider).Auth + "?" + q.Encode()
}

// code logs a test person in and returns the code.
func (i *idp) code(provider, person string, q url.Values) string {
	i.t.Helper()
	back := answerOf(i.t, devidptest.Login(i.t, i.client, i.authorizeURL(provider, q), person))
	if back.Get("code") == "" || back.Get("state") != q.Get("state") || back.Get("tenant") != "7" {
		i.t.Fatalf("sent back with %v", back)
	}
	return back.Get("code")
}

// answerOf returns the parameters of an address of the application.
func answerOf(t *testing.T, location string) url.Values {
	t.Helper()
	if !strings.HasPrefix(location, callback+"&") {
		t.Fatalf("sent to %s", location)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// form returns a good token request.
func form(provider, code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {"client-at-" + provider}, "client_secret": {secretOf(provider)},
	}
}

// redeem sends a token request.
func (i *idp) redeem(provider string, f url.Values) (int, map[string]any) {
	i.t.Helper()
	return i.send(i.request(http.MethodPost, i.Endpoints(provider).Token, f))
}

func (i *idp) request(method, address string, f url.Values) *http.Request {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), method, address, strings.NewReader(f.Encode()))
	if err != nil {
		i.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

// send returns the status and the JSON of an answer; what is not JSON is under "text".
func (i *idp) send(req *http.Request) (int, map[string]any) {
	i.t.Helper()
	resp, body := i.visit(req)
	answer := map[string]any{}
	if json.Unmarshal([]byte(body), &answer) != nil {
		answer["text"] = body
	}
	return resp.StatusCode, answer
}

func (i *idp) visit(req *http.Request) (*http.Response, string) {
	i.t.Helper()
	resp, err := i.client.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return resp, string(body)
}

// get fetches an address, with a token where there is one.
func (i *idp) get(address, token string) (int, map[string]any) {
	i.t.Helper()
	req := i.request(http.MethodGet, address, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return i.send(req)
}

// login goes the whole way and returns the token endpoint's answer.
func (i *idp) login(provider, person string, q url.Values) map[string]any {
	i.t.Helper()
	status, answer := i.redeem(provider, form(provider, i.code(provider, person, q)))
	if status != http.StatusOK {
		i.t.Fatalf("token endpoint: %d %v", status, answer)
	}
	return answer
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// with returns values with one of them changed; nothing removes it.
func with(v url.Values, name string, values ...string) url.Values {
	if len(values) == 0 {
		v.Del(name)
	} else {
		v[name] = values
	}
	return v
}

// claimsOf returns the claims of an id_token, which the service verifies where it logs in here.
func claimsOf(t *testing.T, idToken any) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(text(idToken), claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
