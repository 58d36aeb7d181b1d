package di

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/devidp"
	"gofiber-auth/infrastructure/oauth"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/interfaces/api/routes"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// newOAuth makes log-in through the identity providers that are configured. In development the
// built-in identity provider, which it returns, stands in for the others; else that is nil.
func (c *Container) newOAuth(m *metrics.Metrics, sessions *serviceimpl.Sessions, proof *serviceimpl.Proof, shared cache) (*serviceimpl.OAuth, http.Handler, error) {
	sealer, err := NewSealer(c.cfg)
	if err != nil {
		return nil, nil, err
	}
	clients := map[string]oauth.Client{}
	for name, p := range c.cfg.OAuth.ByName() {
		if p.ClientID != "" {
			clients[name] = oauth.Client{
				ID: p.ClientID, Secret: string(p.ClientSecret), RedirectURL: p.RedirectURL,
				AuthURL: p.AuthURL, TokenURL: p.TokenURL, UserinfoURL: p.UserinfoURL, JWKSURL: p.JWKSURL, Issuer: p.Issuer,
			}
		}
	}
	var standIn http.Handler
	if c.cfg.App.Env == config.Development {
		standIn = c.standIn(clients)
	}
	calls, end := context.WithCancel(context.Background())
	c.endProviderCalls = end
	deps := oauth.Deps{Metrics: m, Now: time.Now}
	var providers []services.IdentityProvider
	add := func(p services.IdentityProvider) { providers = append(providers, interruptible{p, calls}) }
	for name, client := range clients {
		switch name {
		case models.ProviderGoogle:
			add(oauth.Google(client, deps))
		case models.ProviderFacebook:
			add(oauth.Facebook(client, c.cfg.OAuth.GraphVersion, deps))
		case models.ProviderLINE:
			add(oauth.LINE(client, deps))
		}
	}
	return serviceimpl.NewOAuth(serviceimpl.OAuthDeps{
		Providers: oauth.NewRegistry(providers...), Values: shared.values, UsedStates: shared.used, Sealer: sealer,
		Work: c.core.Work, Users: c.core.Users, Identities: postgres.NewIdentities(c.core.Database),
		Sessions: sessions, Proof: proof, Mails: c.post.promises, Now: now, NewID: newID,
		Registration: c.registration(),
	}), standIn, nil
}

// interruptible is a provider that nobody waits for once until has ended: who logs in just then
// is sent back to the front end, which can tell, before the connection is cut.
type interruptible struct {
	services.IdentityProvider

	until context.Context
}

// Identify implements services.IdentityProvider.
func (p interruptible) Identify(ctx context.Context, r services.AuthResponse, a services.AuthAttempt) (models.ExternalIdentity, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.until, cancel)()
	return p.IdentityProvider.Identify(ctx, r, a)
}

// standIn adds clients of the built-in identity provider for the providers that have none, and
// returns that provider. Their secrets are made anew at each start.
func (c *Container) standIn(clients map[string]oauth.Client) http.Handler {
	registered := map[string]devidp.Registration{}
	for name, p := range c.cfg.OAuth.ByName() {
		if _, ok := clients[name]; !ok {
			registered[name] = devidp.Registration{ClientID: "development", ClientSecret: strings.ToLower(rand.Text()), RedirectURL: p.RedirectURL}
		}
	}
	if len(registered) == 0 {
		return nil
	}
	idp := devidp.New(devidp.Options{BaseURL: c.URL() + routes.DevelopmentIDP, Clients: registered})
	for name, r := range registered {
		e := idp.Endpoints(name)
		clients[name] = oauth.Client{
			ID: r.ClientID, Secret: r.ClientSecret, RedirectURL: r.RedirectURL,
			AuthURL: e.Auth, TokenURL: e.Token, UserinfoURL: e.Userinfo, JWKSURL: e.JWKS, Issuer: e.Issuer,
		}
	}
	return idp.Handler()
}
