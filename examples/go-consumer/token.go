package main

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what an access token says. Subject is the user's id.
type Claims struct {
	jwt.RegisteredClaims

	SessionID string `json:"sid"`
	Email     string `json:"email"`    // as of the log-in
	Username  string `json:"username"` // as of the log-in
	Role      string `json:"role"`     // as of the log-in: let it open nothing that matters
}

// Verifier verifies access tokens without asking anybody.
type Verifier struct {
	secret []byte
	parser *jwt.Parser
}

// NewVerifier returns a Verifier with the auth service's JWT_SECRET, JWT_ISSUER and
// JWT_AUDIENCE. All are required: the library takes an empty issuer for "any".
func NewVerifier(secret []byte, issuer, audience string) (*Verifier, error) {
	if len(secret) < 32 || issuer == "" || audience == "" {
		return nil, errors.New("the secret (at least 32 bytes), the issuer and the audience of access tokens are required")
	}
	return &Verifier{secret: secret, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), // whatever the token's header says
		jwt.WithIssuer(issuer),
		jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
	)}, nil
}

// Verify returns what a token says, or errRefused. For a token whose time has run out the
// error is jwt.ErrTokenExpired too.
func (v *Verifier) Verify(token string) (Claims, error) {
	var claims Claims
	_, err := v.parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return v.secret, nil })
	switch {
	case err != nil:
		return Claims{}, fmt.Errorf("%w: %w", errRefused, err)
	case claims.Subject == "":
		return Claims{}, fmt.Errorf("%w: it names no user", errRefused)
	}
	return claims, nil
}
