package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// longestKeyID is how many bytes the name of a key may have.
const longestKeyID = 256

// idTokens verifies the id_tokens of one provider (OpenID Connect Core section 3.1.3.7).
type idTokens struct {
	parser   *jwt.Parser
	clientID string
	secret   []byte   // what HS256 is verified with, and nothing else
	issuers  []string // the forms of the provider's name
	keys     *keySet  // what everything else is verified with
	now      func() time.Time
}

// newIDTokens returns a verifier that takes the given algorithms, whatever a token's header says.
func newIDTokens(c Client, issuers, algorithms []string, keys *keySet, now func() time.Time) *idTokens {
	return &idTokens{
		// Claims are checked by check, which knows of two issuers, of azp and of nonce.
		parser:   jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
		clientID: c.ID, secret: []byte(c.Secret), issuers: issuers, keys: keys, now: now,
	}
}

var (
	errNoIDToken    = errors.New("id_token: there is none")
	errMalformed    = errors.New("id_token: it cannot be read")
	errSignature    = errors.New("id_token: the signature is wrong, or of an algorithm that is not allowed")
	errCritical     = errors.New("id_token: it has a critical header")
	errKeyID        = errors.New("id_token: the name of its key is no text to look for")
	errNoSecret     = errors.New("id_token: there is no secret to verify it with")
	errUnknownToken = errors.New("id_token: it cannot be verified")
)

// verify returns the claims of a token that is genuine, in time, for this client, and of the
// log-in with this nonce.
func (v *idTokens) verify(ctx context.Context, t tokens, nonce string) (object, error) {
	if t.id == "" {
		return nil, errNoIDToken
	}
	claims := jwt.MapClaims{}
	var noKey error
	_, err := v.parser.ParseWithClaims(t.id, claims, func(parsed *jwt.Token) (key any, err error) {
		key, noKey = v.key(ctx, parsed)
		return key, noKey
	})
	switch {
	case noKey != nil:
		return nil, noKey
	case errors.Is(err, jwt.ErrTokenMalformed): // the library's errors may quote
		return nil, errMalformed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, errSignature
	case err != nil:
		return nil, errUnknownToken
	}
	return object(claims), v.check(object(claims), t.Access, nonce)
}

// key returns what to verify a token with. The parser has compared its algorithm with those
// allowed. A secret is never looked for among public keys, and no public key is ever a secret.
func (v *idTokens) key(ctx context.Context, t *jwt.Token) (any, error) {
	if _, has := t.Header["crit"]; has { // RFC 7515 section 4.1.11: it demands what is not known here
		return nil, errCritical
	}
	if t.Method == jwt.SigningMethodHS256 {
		if len(v.secret) == 0 {
			return nil, errNoSecret
		}
		return v.secret, nil
	}
	id := ""
	if named, has := t.Header["kid"]; has {
		if id, _ = named.(string); id == "" || len(id) > longestKeyID {
			return nil, errKeyID
		}
	}
	return v.keys.find(ctx, t.Method.Alg(), id)
}
