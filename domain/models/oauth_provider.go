package models

import (
	"log/slog"
	"time"
)

// The identity providers that the service knows.
const (
	ProviderGoogle   = "google"
	ProviderFacebook = "facebook"
	ProviderLINE     = "line"
)

// Providers returns the names of all identity providers.
func Providers() []string { return []string{ProviderGoogle, ProviderFacebook, ProviderLINE} }

var providerNames = map[string]string{ProviderGoogle: "Google", ProviderFacebook: "Facebook", ProviderLINE: "LINE"}

// ProviderName returns the name that people know a provider by.
func ProviderName(provider string) string {
	if name, ok := providerNames[provider]; ok {
		return name
	}
	return provider
}

// OAuthProvider is the identity that a user has at an identity provider. Its key is Provider
// with ProviderID, never an e-mail address. A user has at most one at each provider.
type OAuthProvider struct {
	ID             string // a UUIDv7
	UserID         string
	Provider       string
	ProviderID     string // the subject at the provider
	AccessToken    string // encrypted; empty where there is none
	RefreshToken   string // encrypted; empty where there is none
	TokenExpiresAt *time.Time
	ProfileData    []byte // JSON: what the provider last told of the person; empty where nothing
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// LogValue logs nothing of the person.
func (p OAuthProvider) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", p.ID), slog.String("provider", p.Provider))
}

// AccessTokenContext names where AccessToken is kept: what is encrypted for this place can be
// opened at no other.
func (p OAuthProvider) AccessTokenContext() string {
	return "oauth_providers/" + p.ID + "/access_token"
}

// RefreshTokenContext names where RefreshToken is kept.
func (p OAuthProvider) RefreshTokenContext() string {
	return "oauth_providers/" + p.ID + "/refresh_token"
}

// MaxSubject is how many bytes the subject of an identity may have.
const MaxSubject = 255

// ExternalIdentity is who an identity provider says that somebody is.
type ExternalIdentity struct {
	Provider      string
	Subject       string // 1 to MaxSubject bytes
	Email         string // as the provider gives it; empty where it gives none
	EmailVerified bool   // whether the provider proves that the address is the person's
	Name          string // for display; may be empty
	Picture       string // the address of one; may be empty
	Tokens        ProviderTokens
}

// LogValue logs nothing of the person.
func (i ExternalIdentity) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", i.Provider))
}

// ProviderTokens is what an identity provider gave for calling its own API later.
type ProviderTokens struct {
	Access    string
	Refresh   string     // empty where it gave none
	ExpiresAt *time.Time // of Access; nil where the provider did not tell
}

// LogValue hides the tokens.
func (ProviderTokens) LogValue() slog.Value { return slog.StringValue("[secret]") }
