package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

const (
	smallestRSA = 2048 // bits, RFC 7518 section 3.3
	largestRSA  = 8192 // bits; more only takes time
)

// publicKey is a key of a provider, fit for one algorithm.
type publicKey struct {
	id        string
	algorithm string
	key       any // *rsa.PublicKey or *ecdsa.PublicKey
}

var (
	errNoKeySet = errors.New("jwks call: the answer is not a set of keys")
	errNoKeys   = errors.New("jwks call: the answer has no key that could be used")
)

// loadKeys asks for the provider's keys (RFC 7517).
func (c calls) loadKeys(ctx context.Context, address string) ([]publicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errBadURL
	}
	body, err := c.answer(request, callJWKS)
	if err != nil {
		return nil, err
	}
	return parseKeys(body)
}

// parseKeys returns the keys of a set that could verify a token. The others are none of its
// business: a provider may have keys of any kind.
func parseKeys(body []byte) ([]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil {
		return nil, errNoKeySet
	}
	var keys []publicKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) != nil || k.Use != "" && k.Use != "sig" {
			continue
		}
		algorithm := algorithmOf(k.Key)
		if algorithm == "" || k.Algorithm != "" && k.Algorithm != algorithm {
			continue
		}
		keys = append(keys, publicKey{id: k.KeyID, algorithm: algorithm, key: k.Key})
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

// algorithmOf returns the only algorithm that a key is used for; none for a weak, a private or a
// symmetric one.
func algorithmOf(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= smallestRSA && bits <= largestRSA {
			return jwt.SigningMethodRS256.Alg()
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return jwt.SigningMethodES256.Alg()
		}
	}
	return ""
}
