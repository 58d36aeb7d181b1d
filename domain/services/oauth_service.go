package services

import (
	"context"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// AuthAttempt is what one log-in at an identity provider is recognised by when it comes back.
type AuthAttempt struct {
	State    string // 256 random bits
	Nonce    string // likewise, for an id_token
	Verifier string // of PKCE, RFC 7636
}

// AuthResponse is what an identity provider sent back through the browser (RFC 6749 section
// 4.1.2).
type AuthResponse struct {
	Code   string
	Issuer string // the parameter iss of RFC 9207; empty where there was none
}

// IdentityProvider is one external place to log in at.
type IdentityProvider interface {
	// Name is the provider's name in addresses and in the database.
	Name() string
	// AuthorizeURL is where to send a browser.
	AuthorizeURL(a AuthAttempt) string
	// Identify redeems the code and returns who logged in, as far as the provider proves it. It
	// returns domain.ErrProvider for whatever the provider does wrong, within 8 seconds.
	Identify(ctx context.Context, r AuthResponse, a AuthAttempt) (models.ExternalIdentity, error)
}

// IdentityProviders is the providers that are configured.
type IdentityProviders interface {
	// Lookup returns the provider of that name, or domain.ErrProviderUnknown.
	Lookup(name string) (IdentityProvider, error)
}

// TokenSealer encrypts what must not be read where it is kept. The context names the place, and
// what was sealed for one place cannot be opened at another.
type TokenSealer interface {
	// Seal returns text.
	Seal(plaintext []byte, context string) string
	// Open fails for what was not sealed for this context, or under a key that is gone.
	Open(sealed, context string) ([]byte, error)
	// IsCurrent reports whether text was sealed under the key that Seal uses now.
	IsCurrent(sealed string) bool
}

// OAuth is logging in at identity providers: by a flow that goes through the person's browser.
type OAuth interface {
	// Start begins a flow. It returns domain.ErrProviderUnknown or domain.ErrValidation.
	Start(ctx context.Context, in dto.StartOAuthRequest) (OAuthStart, error)
	// Callback takes what the provider sent back. With an error the result still tells as much of
	// the flow as was found. It returns domain.ErrProviderUnknown, domain.ErrInvalidState,
	// domain.ErrAccessDenied, domain.ErrProvider, domain.ErrAccountExists,
	// domain.ErrAccountDisabled and, for a flow that links, domain.ErrProviderLinked.
	Callback(ctx context.Context, provider string, in OAuthCallback) (OAuthResult, error)
	// Exchange redeems the one-time code of a flow for a session. It returns
	// domain.ErrInvalidCode; domain.ErrEmailRequired with a ticket; and what Callback returns of
	// the account where that has changed since.
	Exchange(ctx context.Context, in dto.ExchangeRequest, from models.Client) (OAuthGrant, error)
	// Complete makes the account that lacked an e-mail address. It returns
	// domain.ErrInvalidTicket, domain.ErrValidation, domain.ErrEmailTaken or
	// domain.ErrUsernameTaken.
	Complete(ctx context.Context, in dto.CompleteOAuthRequest, from models.Client) (OAuthGrant, error)
}

// LinkedIdentities is what users do with the identities of their own accounts.
type LinkedIdentities interface {
	// List returns the identities, the oldest first.
	List(ctx context.Context, p models.Principal) ([]models.OAuthProvider, error)
	// Link begins a flow that ends with the identity linked to the bearer's account, if until then
	// the bearer's session lives and the password stays. It returns domain.ErrProviderUnknown or
	// domain.ErrProviderLinked, and what Accounts returns for a proof.
	Link(ctx context.Context, p models.Principal, provider string, in dto.ProofRequest) (OAuthStart, error)
	// Unlink removes an identity and ends the sessions that began by it. It returns
	// domain.ErrNotFound, domain.ErrLastLoginMethod for the last way in, and what Accounts returns
	// for a proof.
	Unlink(ctx context.Context, p models.Principal, provider string, in dto.ProofRequest) error
}

// OAuthStart is a flow that has begun.
type OAuthStart struct {
	URL     string // of the provider
	FlowID  string // a name of the flow that is no secret: what Binding is to be kept under
	Binding string // a secret that ties the flow to the browser
}

// OAuthCallback is what came back through the browser.
type OAuthCallback struct {
	State    string
	Error    string // of RFC 6749 section 4.1.2.1; empty where there is none
	Response AuthResponse
	Binding  func(flowID string) string // what the browser keeps of the flow; empty where nothing
}

// OAuthResult is what the front end gets to know of a flow.
type OAuthResult struct {
	FlowID string // empty where there was no state
	State  string // the front end's own, as it came
	Code   string // the one-time code; empty for a flow that links
	Linked string // the provider that was linked, for a flow that links
}

// OAuthGrant is a session that began at an identity provider.
type OAuthGrant struct {
	Grant

	Provider  string
	IsNewUser bool
	TakenOver bool // whether the account lost a password, a session or an identity to the log-in
}
