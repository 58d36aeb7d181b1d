package serviceimpl

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// TokensConfig is what access tokens are made of. Every field is required.
type TokensConfig struct {
	Secret    []byte // at least 32 bytes, RFC 7518 section 3.2
	Issuer    string
	Audience  string
	ExpiresIn time.Duration
	Now       func() time.Time
	NewID     func() string
}

// Tokens signs and verifies access tokens: JWTs (RFC 7519) with HS256.
type Tokens struct {
	config TokensConfig
	parser *jwt.Parser
}

var _ services.AccessTokens = (*Tokens)(nil)

// NewTokens returns Tokens that accept HS256 alone, whatever a token's header says.
func NewTokens(c TokensConfig) *Tokens {
	return &Tokens{config: c, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience), jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(c.Now),
	)}
}

// accessClaims is what an access token says. Email, username and role are for services that
// verify tokens locally; this one asks its database.
type accessClaims struct {
	jwt.RegisteredClaims

	SessionID string `json:"sid"`
	Email     string `json:"email"`
	Verified  bool   `json:"email_verified"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	// Audience covers the registered claim when signing, since that would be a list.
	Audience string `json:"aud"`
}

// Sign implements services.AccessTokens.
func (t *Tokens) Sign(u models.User, s models.Session) (string, int64, error) {
	now := t.config.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.config.Issuer, Subject: u.ID, ID: t.config.NewID(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(t.config.ExpiresIn)),
		},
		SessionID: s.ID, Email: u.Email, Verified: u.EmailVerified, Username: u.Username, Role: string(u.Role), Audience: t.config.Audience,
	}).SignedString(t.config.Secret)
	if err != nil {
		return "", 0, fmt.Errorf("sign an access token: %w", err)
	}
	return token, int64(t.config.ExpiresIn / time.Second), nil
}

// subjectClaims is what this service reads of an access token.
type subjectClaims struct {
	jwt.RegisteredClaims

	SessionID string `json:"sid"`
}

// wholeSeconds is the form in which this service writes times.
var wholeSeconds = regexp.MustCompile(`^[0-9]{1,12}$`)

// UnmarshalJSON refuses times of another form, which the library would take: exp as a text.
func (c *subjectClaims) UnmarshalJSON(text []byte) error {
	var times struct {
		Exp, Iat, Nbf json.RawMessage
	}
	if err := json.Unmarshal(text, &times); err != nil {
		return err
	}
	for _, t := range []json.RawMessage{times.Exp, times.Iat, times.Nbf} {
		if t != nil && !wholeSeconds.Match(t) {
			return errors.New("a time that is no whole number")
		}
	}
	type plain subjectClaims
	return json.Unmarshal(text, (*plain)(c))
}

// clockSkew is how far the clocks of instances may be apart.
const clockSkew = time.Minute

// isFromTheFuture reports whether the claims were issued later than now.
func (t *Tokens) isFromTheFuture(c subjectClaims) bool {
	return c.IssuedAt != nil && c.IssuedAt.After(t.config.Now().Add(clockSkew))
}

// Verify implements services.AccessTokens.
func (t *Tokens) Verify(token string) (services.TokenSubject, error) {
	var claims subjectClaims
	parsed, err := t.parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return t.config.Secret, nil })
	switch {
	case t.isFromTheFuture(claims):
		return services.TokenSubject{}, domain.ErrUnauthorized.Because(errors.New("issued in the future"))
	case err != nil && onlyExpired(err):
		return services.TokenSubject{}, domain.ErrTokenExpired
	case err != nil:
		// The library's errors name what is wrong, never what the token says.
		return services.TokenSubject{}, domain.ErrUnauthorized.Because(err)
	case parsed.Header["crit"] != nil: // RFC 7515 section 4.1.11: it demands what is not known here
		return services.TokenSubject{}, domain.ErrUnauthorized.Because(errors.New("a critical header"))
	case claims.Subject == "" || claims.SessionID == "":
		return services.TokenSubject{}, domain.ErrUnauthorized.Because(errors.New("no sub or no sid"))
	}
	return services.TokenSubject{UserID: claims.Subject, SessionID: claims.SessionID}, nil
}

// onlyExpired reports whether being too old is all that is wrong with a token.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	for _, other := range []error{
		jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet,
		jwt.ErrTokenUsedBeforeIssued, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidSubject,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}
