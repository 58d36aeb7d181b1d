package models

import "time"

// OAuthProvider is one identity of a user at an identity provider. Its key is
// (Provider, ProviderID), never an e-mail address. It is for log-in through providers, which is
// still to come; nothing uses it yet but the table that it describes.
type OAuthProvider struct {
	ID             string
	UserID         string
	Provider       string // "google", "facebook", "line"
	ProviderID     string // the subject at the provider
	AccessToken    string // encrypted
	RefreshToken   string // encrypted
	TokenExpiresAt *time.Time
	ProfileData    []byte // JSON
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
