package serviceimpl_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/domain/services"
	authcode "gofiber-auth/pkg/auth_code_store"
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

// sealer hides nothing and binds what it seals to its context, as the real one does.
type sealer struct{}

func (sealer) Seal(plain []byte, context string) string {
	return base64.StdEncoding.EncodeToString([]byte(context + "\n" + string(plain)))
}

func (sealer) Open(sealed, context string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(sealed)
	rest, ok := strings.CutPrefix(string(text), context+"\n")
	if err != nil || !ok {
		return nil, errors.New("sealed for another place")
	}
	return []byte(rest), nil
}

func (sealer) IsCurrent(string) bool { return true }

// world is the use cases over a database and a store in memory, with a clock that a test moves.
type world struct {
	team

	oauth *serviceimpl.OAuth
	clock *movable
	kept  *recorder
	rival *rival
}

// movable is a clock.
type movable struct {
	mu  sync.Mutex
	now time.Time
}

func (c *movable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *movable) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// recorder remembers what was put into a store.
type recorder struct {
	repositories.OneTimeStore

	mu       sync.Mutex
	puts     []string
	afterUse func() // what a test wants to happen once a value has been used
}

func (r *recorder) Use(ctx context.Context, key string, keep time.Duration) (repositories.OneTimeValue, error) {
	value, err := r.OneTimeStore.Use(ctx, key, keep)
	if do := r.afterUse; do != nil {
		r.afterUse = nil
		do()
	}
	return value, err
}

func (r *recorder) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	r.mu.Lock()
	r.puts = append(r.puts, key, string(value))
	r.mu.Unlock()
	return r.OneTimeStore.Put(ctx, key, value, ttl)
}

// rival lets something happen between two looks at the identities.
type rival struct {
	repositories.IdentityReader

	mu   sync.Mutex
	then func() // after the next look
}

func (r *rival) BySubject(ctx context.Context, provider, subject string) (models.OAuthProvider, error) {
	found, err := r.IdentityReader.BySubject(ctx, provider, subject)
	r.mu.Lock()
	then := r.then
	r.then = nil
	r.mu.Unlock()
	if then != nil {
		then()
	}
	return found, err
}

func newWorld() *world {
	store := new(repositorytest.Memory)
	w := &world{clock: &movable{now: now()}}
	hasher := &stages{cost: "a"}
	sessions := serviceimpl.NewSessions(serviceimpl.SessionsDeps{Reader: store, Tokens: newTokens(), Lifetime: time.Hour, Now: w.clock.Now, NewID: newID})
	w.team = team{store: store, hasher: hasher, sessions: sessions, accounts: serviceimpl.NewAccounts(serviceimpl.AccountsDeps{
		Work: store, Users: store, Hasher: hasher, Sessions: sessions, Now: w.clock.Now, NewID: newID,
		Limiter: services.Unlimited{}, Addresses: store, Breaches: services.NoBreachCheck{},
	})}
	w.rival = &rival{IdentityReader: store}
	w.kept = &recorder{OneTimeStore: authcode.New(1<<20, w.clock.Now)}
	w.oauth = serviceimpl.NewOAuth(serviceimpl.OAuthDeps{
		Providers: registry{"google": {"google"}, "facebook": {"facebook"}, "line": {"line"}},
		Values:    w.kept, Sealer: sealer{}, Work: store, Users: store, Identities: w.rival,
		Sessions: sessions, Now: w.clock.Now, NewID: newID,
	})
	return w
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

func (w *world) principal(t *testing.T, token string) models.Principal {
	t.Helper()
	p, err := w.sessions.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) isLive(t *testing.T, p models.Principal) bool {
	t.Helper()
	_, err := w.store.WithUser(t.Context(), p.Session.ID)
	return err == nil
}

func (w *world) change(t *testing.T, userID string, fn func(*models.User)) {
	t.Helper()
	err := w.store.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		u, err := r.Users.ForUpdate(ctx, userID)
		if err != nil {
			return err
		}
		fn(&u)
		return r.Users.Save(ctx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) identities(t *testing.T, userID string) []string {
	t.Helper()
	of, err := w.store.OfUser(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range of {
		names = append(names, i.Provider+" "+i.ProviderID)
	}
	return names
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
