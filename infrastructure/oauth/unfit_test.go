package oauth

import (
	"crypto/elliptic"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestUnfitKeys has keys that a provider may publish and that verify nothing.
func TestUnfitKeys(t *testing.T) {
	t.Parallel()
	p384 := newEC(elliptic.P384())
	rsaJWK := func(change func(*jose.JSONWebKey)) jose.JSONWebKey {
		k := jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "unfit", Use: "sig", Algorithm: "RS256"}
		change(&k)
		return k
	}
	tests := map[string]struct {
		kind kind
		jwk  jose.JSONWebKey
		key  any
		alg  string
		want string
	}{
		"for encryption":        {google, rsaJWK(func(k *jose.JSONWebKey) { k.Use = "enc" }), otherRSA(), "RS256", "no such key"},
		"for another algorithm": {google, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "RS512" }), otherRSA(), "RS256", "no such key"},
		"for RSA-OAEP":          {google, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "RSA-OAEP" }), otherRSA(), "RS256", "no such key"},
		"weak":                  {google, rsaJWK(func(k *jose.JSONWebKey) { k.Key = weakRSA().Public() }), weakRSA(), "RS256", "no such key"},
		"private":               {google, rsaJWK(func(k *jose.JSONWebKey) { k.Key = otherRSA() }), otherRSA(), "RS256", "no such key"},
		"symmetric":             {lineApp, jose.JSONWebKey{Key: []byte("known to all"), KeyID: "unfit"}, []byte("known to all"), "HS256", "signature is wrong"},
		"of another kind":       {lineApp, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "" }), otherEC(), "ES256", "no such key"},
		"another curve":         {lineApp, jose.JSONWebKey{Key: p384.Public(), KeyID: "unfit"}, p384, "ES384", "signature is wrong"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			f.keys = append(f.keys, test.jwk)
			p := f.provider()
			if _, err := logIn(t, f, p); err != nil {
				t.Fatalf("the keys beside the unfit one are not taken: %v", err)
			}
			f.set(func() {
				f.sign = func(header, claims object) string {
					header["kid"], header["alg"] = "unfit", test.alg
					return signed(header, claims, test.key)
				}
			})
			_, err := logIn(t, f, p)
			refused(t, f, err, test.want)
		})
	}
	t.Run("all of them", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		f.keys = []jose.JSONWebKey{rsaJWK(func(k *jose.JSONWebKey) { k.Use = "enc" })}
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "no key that could be used")
	})
}

// TestNoKeyID proves that a token without kid is taken only where there is no choice of keys.
func TestNoKeyID(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{google, lineApp} {
		f := newFake(t, k)
		f.sign = func(header, claims object) string {
			delete(header, "kid")
			return signed(header, claims, k.key())
		}
		if _, err := logIn(t, f, f.provider()); err != nil {
			t.Errorf("%s: one key for the algorithm: %v", k.name, err)
		}
		f.keys = append(f.keys,
			jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "key-2"}, jose.JSONWebKey{Key: otherEC().Public(), KeyID: "key-2"})
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "no such key")
	}
}

// TestNoSecret proves that a provider without a secret takes no token signed with nothing.
func TestNoSecret(t *testing.T) {
	t.Parallel()
	now := time.Now()
	claims := object{"iss": "https://access.line.me", "aud": clientID, "sub": subject, "nonce": "nonce", "exp": now.Unix() + 60}
	v := newIDTokens(Client{ID: clientID}, []string{"https://access.line.me"}, []string{"HS256"}, nil, time.Now)
	forged := signed(object{"alg": "HS256"}, claims, []byte{})
	if _, err := v.verify(t.Context(), tokens{id: forged}, "nonce"); !errors.Is(err, errNoSecret) {
		t.Errorf("verify() = %v, want %v", err, errNoSecret)
	}
}
