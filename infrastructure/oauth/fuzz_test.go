package oauth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzIDToken proves that no text but the genuine token is taken for a token.
func FuzzIDToken(f *testing.F) {
	const nonce = "nonce-1"
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	claims := object{"iss": "https://access.line.me", "aud": clientID, "sub": subject, "nonce": nonce, "exp": now.Unix() + 60}
	load := func(context.Context) ([]publicKey, error) {
		return []publicKey{{id: "key-1", algorithm: "ES256", key: ecKey().Public()}}, nil
	}
	v := newIDTokens(Client{ID: clientID, Secret: clientSecret}, []string{"https://access.line.me"},
		[]string{"HS256", "ES256"}, newKeySet(load, func() time.Time { return now }, time.Second), func() time.Time { return now })

	// The signature of ES256 is not unique, but what it signs is.
	genuine := map[string]bool{}
	for alg, key := range map[string]any{"HS256": []byte(clientSecret), "ES256": ecKey()} {
		header := object{"alg": alg, "typ": "JWT", "kid": "key-1"}
		token := signed(header, claims, key)
		what := token[:strings.LastIndex(token, ".")]
		genuine[what] = true
		f.Add(token)
		f.Add(what + ".")
		f.Add(what)
		f.Add(token + ".")
		header["crit"] = []string{"exp"}
		f.Add(signed(header, claims, key))
	}
	f.Add(signed(object{"alg": "none"}, claims, jwt.UnsafeAllowNoneSignatureType))
	f.Add(encoded(object{"alg": 1, "kid": []int{1}}) + "." + encoded(object{"exp": 1e300}) + ".AAAA")
	f.Add("..")
	f.Add("")

	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.verify(t.Context(), tokens{id: token}, nonce)
		if err == nil && !genuine[token[:max(0, strings.LastIndex(token, "."))]] {
			t.Errorf("%q is taken for a token of %q", token, got.text("sub"))
		}
		if errors.Is(err, context.Canceled) {
			t.Error("the keys were not waited for")
		}
	})
}

// FuzzKeys proves that only keys for the two algorithms come of whatever a provider publishes.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[` + string(publicJWK(google)) + `,` + string(publicJWK(lineApp)) + `]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"","e":"AQAB"},null,1,{"kty":"AKP"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeys(body)
		if err == nil && len(keys) == 0 {
			t.Error("no keys are taken for keys")
		}
		for _, k := range keys {
			if k.algorithm != "RS256" && k.algorithm != "ES256" {
				t.Errorf("a key for %q is taken", k.algorithm)
			}
		}
	})
}
