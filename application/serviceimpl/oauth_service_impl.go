package serviceimpl

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

const (
	flowLifetime   = 10 * time.Minute // of a state
	codeLifetime   = time.Minute
	codeMemory     = 10 * time.Minute // how long a code that was used is known when it comes again
	ticketLifetime = 15 * time.Minute
)

// OAuthDeps is all that OAuth needs. Every field but Mails is required.
type OAuthDeps struct {
	Providers  services.IdentityProviders
	Values     repositories.OneTimeStore
	UsedStates repositories.UsedStates
	Sealer     services.TokenSealer
	Work       repositories.UnitOfWork
	Users      repositories.UserReader
	Identities repositories.IdentityReader
	Sessions   *Sessions
	Proof      *Proof
	Mails      *MailPromises    // nil: no mail is sent
	Now        func() time.Time // UTC, in microseconds
	NewID      func() string    // a UUIDv7

	Registration models.RegistrationPolicy
}

// OAuth is logging in at identity providers, and linking identities to accounts. A flow goes:
// Start, the provider, Callback, and then Exchange, which alone makes or changes an account.
type OAuth struct {
	OAuthDeps

	states  states
	codes   oneTime[oauthCode]
	tickets oneTime[models.ExternalIdentity]
}

var (
	_ services.OAuth            = (*OAuth)(nil)
	_ services.LinkedIdentities = (*OAuth)(nil)
)

// NewOAuth returns OAuth on the given parts.
func NewOAuth(d OAuthDeps) *OAuth {
	return &OAuth{
		OAuthDeps: d,
		states:    states{d.Sealer, d.UsedStates, d.Now},
		codes:     oneTime[oauthCode]{"code", d.Values, d.Sealer},
		tickets:   oneTime[models.ExternalIdentity]{"ticket", d.Values, d.Sealer},
	}
}

// oauthCode is what a one-time code stands for.
type oauthCode struct {
	Identity  models.ExternalIdentity
	Challenge string
	SessionID string // of the session that it will make
}

// isProvenBy reports whether who has the code began the flow. A verifier without a challenge
// fails, too: somebody took the challenge away (RFC 9700 section 2.1.1).
func (c oauthCode) isProvenBy(verifier string) bool {
	challenge := ""
	if verifier != "" {
		challenge = base64.RawURLEncoding.EncodeToString(hashOf(verifier))
	}
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(c.Challenge)) == 1
}

// Start implements services.OAuth.
func (o *OAuth) Start(ctx context.Context, in dto.StartOAuthRequest) (services.OAuthStart, error) {
	provider, err := o.Providers.Lookup(in.Provider)
	if err != nil {
		return services.OAuthStart{}, err
	}
	if err := checkBody(in); err != nil {
		return services.OAuthStart{}, err
	}
	return o.begin(provider, oauthFlow{State: in.State, Challenge: in.CodeChallenge})
}

// begin puts a flow on its way.
func (o *OAuth) begin(provider services.IdentityProvider, flow oauthFlow) (services.OAuthStart, error) {
	flow.Seed, flow.Provider, flow.ExpiresAt = randomBytes(32), provider.Name(), o.Now().Add(flowLifetime)
	state, err := o.states.seal(flow)
	if err != nil {
		return services.OAuthStart{}, err
	}
	return services.OAuthStart{
		URL: provider.AuthorizeURL(flow.attempt(state)), FlowID: flowIDOf(state), Binding: flow.binding(),
	}, nil
}

// Callback implements services.OAuth. The browser is recognised before anything is used up, so
// that a visit with a stolen link costs its owner nothing.
func (o *OAuth) Callback(ctx context.Context, name string, in services.OAuthCallback) (services.OAuthResult, error) {
	provider, err := o.Providers.Lookup(name)
	if err != nil {
		return services.OAuthResult{}, err
	}
	flow, err := o.states.open(in.State, name)
	result, flowID := services.OAuthResult{State: flow.State}, flowIDOf(in.State)
	if err != nil {
		return result, err
	}
	if !flow.isBoundTo(in.Binding(flowID)) {
		return result, domain.ErrInvalidState.Because(errors.New("another browser began this"))
	}
	if err := o.states.use(ctx, in.State, flow); err != nil {
		return result, err
	}
	result.FlowID = flowID
	switch {
	case strings.EqualFold(in.Error, "access_denied"):
		return result, domain.ErrAccessDenied
	case in.Error != "":
		return result, domain.ErrProvider.Because(errors.New("the provider sent an error back"))
	case in.Response.Code == "":
		return result, domain.ErrProvider.Because(errors.New("the provider sent no code back"))
	}
	identity, err := provider.Identify(ctx, in.Response, flow.attempt(in.State))
	if err != nil {
		return result, err
	}
	if flow.links() {
		result.Linked = name
		return result, o.link(ctx, flow, identity)
	}
	// The front end hears what speaks against it from the redirect; Exchange will look again.
	if m, err := o.preview(ctx, identity); err != nil && !errors.Is(err, domain.ErrEmailRequired) {
		return result, o.failed().note(ctx, m.user.ID, name, err)
	}
	code := newSecret()
	value := oauthCode{Identity: identity, Challenge: flow.Challenge, SessionID: o.NewID()}
	if err := o.codes.put(ctx, code, value, codeLifetime); err != nil {
		return result, err
	}
	result.Code = code
	return result, nil
}

// Exchange implements services.OAuth.
func (o *OAuth) Exchange(ctx context.Context, in dto.ExchangeRequest, from models.Client) (services.OAuthGrant, error) {
	if err := checkBody(in); err != nil {
		return services.OAuthGrant{}, err
	}
	code, uses, err := o.codes.use(ctx, in.Code, codeMemory)
	if err != nil {
		return services.OAuthGrant{}, missing(err, domain.ErrInvalidCode)
	}
	grant := services.OAuthGrant{Provider: code.Identity.Provider}
	if !o.isOn(code.Identity.Provider) {
		return grant, domain.ErrInvalidCode.Because(errors.New("the provider is no longer configured"))
	}
	if uses > 1 {
		return grant, o.refuseReplay(ctx, code)
	}
	if !code.isProvenBy(in.CodeVerifier) {
		return grant, domain.ErrInvalidCode.Because(errors.New("the verifier does not fit"))
	}
	grant, err = o.logIn(ctx, code.Identity, code.SessionID, from)
	grant.Provider = code.Identity.Provider
	if errors.Is(err, domain.ErrEmailRequired) {
		return grant, o.askForEmail(ctx, code.Identity)
	}
	if err != nil {
		return grant, err
	}
	return grant, o.lookAgain(ctx, in.Code, code)
}

// lookAgain ends the session that a code has just made where somebody else brought the code
// meanwhile, and found none to end. The first one still has its answer: of many at once, one
// gets a session, even if it is one that has ended.
func (o *OAuth) lookAgain(ctx context.Context, token string, code oauthCode) error {
	_, uses, err := o.codes.get(ctx, token)
	switch {
	case err != nil:
		return errors.Join(err, o.end(ctx, code.SessionID))
	case uses > 1:
		return o.end(ctx, code.SessionID)
	}
	return nil
}

func (o *OAuth) end(ctx context.Context, sessionID string) error {
	return o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		return r.Sessions.Delete(ctx, sessionID)
	})
}

// refuseReplay ends the session that a code made, since one of those who have the code is not
// who it was given to (RFC 6749 section 4.1.2), and returns domain.ErrInvalidCode.
func (o *OAuth) refuseReplay(ctx context.Context, code oauthCode) error {
	if err := o.endReplayed(ctx, code); err != nil {
		return err
	}
	return domain.ErrInvalidCode.Because(errors.New("the code came again"))
}

// askForEmail returns domain.ErrEmailRequired with a ticket.
func (o *OAuth) askForEmail(ctx context.Context, identity models.ExternalIdentity) error {
	ticket := newSecret()
	if err := o.tickets.put(ctx, ticket, identity, ticketLifetime); err != nil {
		return err
	}
	needed := *domain.ErrEmailRequired
	needed.Ticket = ticket
	return &needed
}
