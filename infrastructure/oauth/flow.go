package oauth

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// flow is the log-in that all providers have in common; the fields are what differs.
type flow struct {
	name    string
	client  Client // with no endpoint left out
	scopes  []string
	issuers []string // the forms of its name; none where it has no name
	nonce   bool     // whether an id_token comes back, which repeats a nonce
	calls   calls
	now     func() time.Time
	bound   time.Duration

	// whose tells who the tokens are of, with everything but the tokens themselves.
	whose func(ctx context.Context, t tokens, nonce string) (models.ExternalIdentity, error)
}

var _ services.IdentityProvider = (*flow)(nil)

// newFlow returns what all providers share. The caller adds the rest.
func newFlow(name string, c Client, d Deps) *flow {
	return &flow{name: name, client: c, calls: newCalls(name, d), now: d.Now, bound: d.bound}
}

// Name implements services.IdentityProvider.
func (f *flow) Name() string { return f.name }

// AuthorizeURL implements services.IdentityProvider.
func (f *flow) AuthorizeURL(a services.AuthAttempt) string {
	config := oauth2.Config{
		ClientID: f.client.ID, RedirectURL: f.client.RedirectURL, Scopes: f.scopes,
		Endpoint: oauth2.Endpoint{AuthURL: f.client.AuthURL},
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier)}
	if f.nonce {
		options = append(options, oauth2.SetAuthURLParam("nonce", a.Nonce))
	}
	return config.AuthCodeURL(a.State, options...)
}

var (
	errOtherIssuer = errors.New("the answer through the browser names another issuer")
	errNoCode      = errors.New("the answer through the browser has no code")
)

// Identify implements services.IdentityProvider.
func (f *flow) Identify(ctx context.Context, r services.AuthResponse, a services.AuthAttempt) (models.ExternalIdentity, error) {
	ctx, cancel := context.WithTimeout(ctx, f.bound)
	defer cancel()
	who, err := f.identify(ctx, r, a)
	if err != nil {
		// The cause is made of this package's own words: no token, code or address is in it.
		return models.ExternalIdentity{}, domain.ErrProvider.Because(err)
	}
	return who, nil
}

func (f *flow) identify(ctx context.Context, r services.AuthResponse, a services.AuthAttempt) (models.ExternalIdentity, error) {
	switch {
	case r.Issuer != "" && len(f.issuers) > 0 && !slices.Contains(f.issuers, r.Issuer):
		return models.ExternalIdentity{}, errOtherIssuer // and its code is not for this provider to see
	case r.Code == "":
		return models.ExternalIdentity{}, errNoCode
	}
	t, err := f.redeem(ctx, r.Code, a.Verifier)
	if err != nil {
		return models.ExternalIdentity{}, err
	}
	who, err := f.whose(ctx, t, a.Nonce)
	if err != nil {
		return models.ExternalIdentity{}, err
	}
	who.Provider, who.Tokens = f.name, t.ProviderTokens
	return who, nil
}
