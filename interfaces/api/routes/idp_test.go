package routes_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// idp is an identity provider whose codes say who logged in.
type idp string

func (p idp) Name() string { return string(p) }

func (p idp) AuthorizeURL(a services.AuthAttempt) string {
	return "https://" + string(p) + ".example/authorize?" + url.Values{"state": {a.State}, "nonce": {a.Nonce}}.Encode()
}

func (p idp) Identify(_ context.Context, r services.AuthResponse, a services.AuthAttempt) (models.ExternalIdentity, error) {
	var said struct {
		Nonce string
		models.ExternalIdentity
	}
	text, err := base64.RawURLEncoding.DecodeString(r.Code)
	if err != nil || json.Unmarshal(text, &said) != nil || said.Nonce != a.Nonce || said.Provider != string(p) {
		return models.ExternalIdentity{}, domain.ErrProvider
	}
	return said.ExternalIdentity, nil
}

type idps struct{}

func (idps) Lookup(name string) (services.IdentityProvider, error) {
	if name == "google" || name == "line" { // facebook is off
		return idp(name), nil
	}
	return nil, domain.ErrProviderUnknown
}

// sealer seals nothing; what is kept has tests of its own in the application layer.
type sealer struct{}

func (sealer) Seal(plain []byte, _ string) string           { return string(plain) }
func (sealer) Open(sealed string, _ string) ([]byte, error) { return []byte(sealed), nil }
func (sealer) IsCurrent(string) bool                        { return true }

const verifier = "a-verifier-of-at-least-forty-three-characters"

// startPath begins a log-in that is tied to the front end by a challenge.
func startPath(provider string) string {
	sum := sha256.Sum256([]byte(verifier))
	return "/api/v1/auth/" + provider + "?state=mine&code_challenge_method=S256&code_challenge=" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// callbackPath is where the provider sends the browser that went to address, once the person
// has logged in there.
func callbackPath(t *testing.T, address string, who models.ExternalIdentity) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(struct {
		Nonce string
		models.ExternalIdentity
	}{u.Query().Get("nonce"), who})
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"state": {u.Query().Get("state")}, "code": {base64.RawURLEncoding.EncodeToString(text)}}
	return "/api/v1/auth/" + who.Provider + "/callback?" + q.Encode()
}

// provider begins a flow and returns the address at the provider with the browser's cookie.
func (a *api) provider(t *testing.T, method, path, token string) (address, cookie string) {
	t.Helper()
	proof := ""
	if method == "POST" {
		proof = currentPassword
	}
	got := a.send(t, method, path, token, proof).want(t, 200, "")
	var body struct{ URL string }
	got.into(t, &body)
	cookies := (&http.Response{Header: got.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies are set", len(cookies))
	}
	return body.URL, cookies[0].Name + "=" + cookies[0].Value
}

// come takes a person to the front end and returns the query that its page is called with.
func (a *api) come(t *testing.T, who models.ExternalIdentity) url.Values {
	t.Helper()
	address, _ := a.provider(t, "GET", startPath(who.Provider), "")
	return a.send(t, "GET", callbackPath(t, address, who), "", "").frontend(t)
}

// frontend returns the query of the redirect to the front end's callback page.
func (r answer) frontend(t *testing.T) url.Values {
	t.Helper()
	r.want(t, 302, "")
	rest, ok := strings.CutPrefix(r.header.Get("Location"), frontend+"/auth/callback?")
	q, err := url.ParseQuery(rest)
	if !ok || err != nil {
		t.Fatalf("the browser is sent to %q", r.header.Get("Location"))
	}
	return q
}

// link links an identity to the account of token's bearer.
func (a *api) link(t *testing.T, token string, who models.ExternalIdentity) {
	t.Helper()
	address, cookie := a.provider(t, "POST", "/api/v1/users/me/oauth-providers/"+who.Provider, token)
	q := a.send(t, "GET", callbackPath(t, address, who), "", "", "Cookie", cookie).frontend(t)
	if q.Get("linked") != who.Provider {
		t.Fatalf("linking ended with %v", q)
	}
}

func exchangeBody(code string) string {
	return `{"code":"` + code + `","codeVerifier":"` + verifier + `"}`
}

// ticket returns the ticket of a person without an e-mail address.
func (a *api) ticket(t *testing.T, who models.ExternalIdentity) string {
	t.Helper()
	var problem struct{ Ticket string }
	a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, who).Get("code"))).want(t, 409, "email_required").into(t, &problem)
	return problem.Ticket
}
