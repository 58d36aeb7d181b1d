package dto

import (
	"time"

	"gofiber-auth/domain/models"
)

// StartOAuthRequest is the query of GET /auth/{provider}.
type StartOAuthRequest struct {
	Provider            string `json:"-"`
	State               string `json:"state" validate:"front_end_state"` // the front end's own; it comes back as it is
	CodeChallenge       string `json:"code_challenge" validate:"required_with=CodeChallengeMethod,omitempty,code_challenge"`
	CodeChallengeMethod string `json:"code_challenge_method" validate:"omitempty,oneof=S256"`
}

// OAuthURL answers the start of a flow: where to send the browser.
type OAuthURL struct {
	URL string `json:"url"`
}

// ExchangeRequest is the body of POST /auth/exchange.
type ExchangeRequest struct {
	Code         string `json:"code" validate:"required"`
	CodeVerifier string `json:"codeVerifier"`

	RefreshCookie bool `json:"refreshCookie"`
}

// CompleteOAuthRequest is the body of POST /auth/oauth/complete.
type CompleteOAuthRequest struct {
	Ticket   string  `json:"ticket" validate:"required"`
	Email    string  `json:"email" validate:"email_address"`
	Username *string `json:"username" validate:"omitnil,username"`

	RefreshCookie bool `json:"refreshCookie"`
}

// OAuthAuth is the answer to a log-in at an identity provider.
type OAuthAuth struct {
	Auth

	IsNewUser bool `json:"isNewUser"`
	TakenOver bool `json:"takenOver"`
}

// ProofRequest is the body of POST and DELETE /users/me/oauth-providers/{provider}.
type ProofRequest struct {
	CurrentPassword string `json:"currentPassword"`
}

// LinkedIdentity is an identity as its user sees it.
type LinkedIdentity struct {
	Provider   string    `json:"provider"`
	ProviderID string    `json:"providerId"`
	CreatedAt  time.Time `json:"createdAt"`
}

// NewLinkedIdentities returns what the user may see of the identities; never nil.
func NewLinkedIdentities(identities []models.OAuthProvider) []LinkedIdentity {
	seen := make([]LinkedIdentity, len(identities))
	for i, p := range identities {
		seen[i] = LinkedIdentity{Provider: p.Provider, ProviderID: p.ProviderID, CreatedAt: p.CreatedAt}
	}
	return seen
}
