package serviceimpl_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// idp is an identity provider where the code says who logged in.
type idp struct{ name string }

func (p idp) Name() string { return p.name }

func (p idp) AuthorizeURL(a services.AuthAttempt) string {
	return "https://" + p.name + ".example/?" + url.Values{"state": {a.State}, "nonce": {a.Nonce}, "verifier": {a.Verifier}}.Encode()
}

// Identify takes codes as codeOf makes them.
func (p idp) Identify(_ context.Context, r services.AuthResponse, a services.AuthAttempt) (models.ExternalIdentity, error) {
	q, err := url.ParseQuery(r.Code)
	if err != nil || q.Get("nonce") != a.Nonce || q.Get("verifier") != a.Verifier || a.Nonce == "" || a.Verifier == "" {
		return models.ExternalIdentity{}, domain.ErrProvider
	}
	return models.ExternalIdentity{
		Provider: p.name, Subject: q.Get("sub"), Email: q.Get("email"), EmailVerified: q.Get("verified") == "true", Name: q.Get("name"),
		Tokens: models.ProviderTokens{Access: "access-" + q.Get("sub"), Refresh: q.Get("refresh")},
	}, nil
}

type registry map[string]idp

func (r registry) Lookup(name string) (services.IdentityProvider, error) {
	if p, ok := r[name]; ok {
		return p, nil
	}
	return nil, domain.ErrProviderUnknown
}

// person is somebody at a provider.
type person struct {
	provider, subject, email string
	verified                 bool
	name, refresh            string
}

// flow is one that has begun, in the browser that began it.
type flow struct {
	services.OAuthStart

	provider string
	sent     url.Values // to the provider
}

func flowOf(t *testing.T, provider string, start services.OAuthStart) flow {
	t.Helper()
	u, err := url.Parse(start.URL)
	if err != nil || u.Host != provider+".example" {
		t.Fatalf("the address of %s is %q", provider, start.URL)
	}
	return flow{OAuthStart: start, provider: provider, sent: u.Query()}
}

func (w *world) start(t *testing.T, in dto.StartOAuthRequest) flow {
	t.Helper()
	start, err := w.oauth.Start(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return flowOf(t, in.Provider, start)
}

// binding is what the browser keeps.
func (f flow) binding(flowID string) string {
	if flowID != f.FlowID {
		return ""
	}
	return f.Binding
}

// response is what the provider sends back when the person logged in.
func (f flow) response(p person) services.OAuthCallback {
	return services.OAuthCallback{
		State: f.sent.Get("state"), Binding: f.binding,
		Response: services.AuthResponse{Code: url.Values{
			"nonce": {f.sent.Get("nonce")}, "verifier": {f.sent.Get("verifier")}, "sub": {p.subject},
			"email": {p.email}, "verified": {fmt.Sprint(p.verified)}, "name": {p.name}, "refresh": {p.refresh},
		}.Encode()},
	}
}

// come brings the person to the front end with a code.
func (w *world) come(t *testing.T, p person) (services.OAuthResult, error) {
	t.Helper()
	f := w.start(t, dto.StartOAuthRequest{Provider: p.provider})
	return w.oauth.Callback(t.Context(), p.provider, f.response(p))
}

// code returns the one-time code of a person who has come.
func (w *world) code(t *testing.T, p person) string {
	t.Helper()
	result, err := w.come(t, p)
	if err != nil || result.Code == "" {
		t.Fatalf("Callback() = %+v, %v", result, err)
	}
	return result.Code
}

func (w *world) exchange(code string) (services.OAuthGrant, error) {
	return w.oauth.Exchange(context.Background(), dto.ExchangeRequest{Code: code}, models.Client{IP: "203.0.113.7"})
}

// logIn takes a person all the way. A refusal may come at the callback or at the exchange.
func (w *world) logIn(t *testing.T, p person) (services.OAuthGrant, error) {
	t.Helper()
	result, err := w.come(t, p)
	if err != nil {
		return services.OAuthGrant{}, err
	}
	return w.exchange(result.Code)
}

// mustLogIn returns who a person is that gets in.
func (w *world) mustLogIn(t *testing.T, p person) models.Principal {
	t.Helper()
	grant, err := w.logIn(t, p)
	if err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	return w.principal(t, grant.AccessToken)
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
