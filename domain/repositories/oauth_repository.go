package repositories

import (
	"context"

	"gofiber-auth/domain/models"
)

// IdentityReader finds identities outside a transaction.
type IdentityReader interface {
	// BySubject returns the identity of that subject at that provider, or domain.ErrNotFound.
	BySubject(ctx context.Context, provider, subject string) (models.OAuthProvider, error)
	// OfUser returns the identities of a user, the oldest first.
	OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error)
}

// Identities is the identities within a transaction.
type Identities interface {
	// OfUser returns the identities of a user, the oldest first.
	OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error)
	// Create returns domain.ErrProviderLinked where the subject is linked to a user already, or
	// the user to another subject of the provider, domain.ErrNotFound where the user is gone, and
	// domain.ErrValidation for text that no database holds.
	Create(ctx context.Context, i models.OAuthProvider) error
	// Save writes the tokens, the profile and the time of change of an identity, or returns
	// domain.ErrNotFound.
	Save(ctx context.Context, i models.OAuthProvider) error
	// Delete removes an identity; one that is not there is gone already.
	Delete(ctx context.Context, id string) error
	// DeleteOfUser removes all identities of a user.
	DeleteOfUser(ctx context.Context, userID string) error
}

// ProviderTokens is the encrypted tokens of all identities, for changing the key.
type ProviderTokens interface {
	// Page returns up to limit identities with a token, in the order of their ids, from above
	// the id after; empty is the beginning.
	Page(ctx context.Context, after string, limit int) ([]models.OAuthProvider, error)
	// Replace writes the tokens of now in place of those of old, and reports whether the
	// identity still had these. Nothing else of it changes.
	Replace(ctx context.Context, old, now models.OAuthProvider) (bool, error)
}
