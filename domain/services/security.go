// Package services holds the ports of the use cases, which handlers call, and of the
// machinery that the use cases call.
package services

import (
	"context"

	"gofiber-auth/domain/models"
)

// PasswordHasher hashes and verifies passwords on a bounded pool. Both methods return
// domain.ErrOverloaded when the pool's queue is full or ctx ends in it.
type PasswordHasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify reports whether password is the one that hash was made of, and whether hash
	// should be replaced by a new one of the same password (another cost or scheme). An empty
	// hash matches nothing and takes as long as any other.
	Verify(ctx context.Context, hash, password string) (ok, stale bool, err error)
}

// AccessTokens signs and verifies access tokens.
type AccessTokens interface {
	// Sign returns a token of the session and its lifetime in seconds.
	Sign(u models.User, s models.Session) (token string, expiresIn int64, err error)
	// Verify returns whose token it is. It returns domain.ErrTokenExpired for an otherwise
	// valid token past its time and domain.ErrUnauthorized for any other that is not valid.
	Verify(token string) (TokenSubject, error)
}

// TokenSubject is who an access token speaks for.
type TokenSubject struct {
	UserID    string
	SessionID string
}

// Authenticator tells who bears an access token.
type Authenticator interface {
	// Authenticate returns the user and session as the database has them now. It returns
	// domain.ErrTokenExpired or domain.ErrUnauthorized.
	Authenticate(ctx context.Context, accessToken string) (models.Principal, error)
}
