package oauth

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// TestForged has tokens that the provider did not sign, or not in a way that counts.
func TestForged(t *testing.T) {
	t.Parallel()
	with := func(alg, kid string, key any) func(object, object) string {
		return func(header, claims object) string {
			header["alg"], header["kid"] = alg, kid
			if kid == "" {
				delete(header, "kid")
			}
			return signed(header, claims, key)
		}
	}
	right := func(k kind, change func(header object)) func(object, object) string {
		return func(header, claims object) string {
			change(header)
			return signed(header, claims, k.key())
		}
	}
	none := func(alg string) func(object, object) string {
		return func(header, claims object) string {
			header["alg"] = alg
			return encoded(header) + "." + encoded(claims) + "."
		}
	}
	const signature, unreadable = "signature is wrong", "cannot be"
	tests := map[string]struct {
		kinds []kind
		sign  func(k kind) func(header, claims object) string
		want  string
	}{
		"alg none":         {oidcKinds, func(kind) func(object, object) string { return none("none") }, signature},
		"alg None":         {oidcKinds, func(kind) func(object, object) string { return none("None") }, unreadable},
		"alg empty":        {oidcKinds, func(kind) func(object, object) string { return none("") }, unreadable},
		"no signature":     {oidcKinds, func(k kind) func(object, object) string { return none(k.method.Alg()) }, signature},
		"another RSA key":  {[]kind{google}, func(kind) func(object, object) string { return with("RS256", "key-1", otherRSA()) }, signature},
		"another EC key":   {[]kind{lineApp}, func(kind) func(object, object) string { return with("ES256", "key-1", otherEC()) }, signature},
		"another secret":   {oidcKinds, func(kind) func(object, object) string { return with("HS256", "", []byte("another")) }, signature},
		"an empty secret":  {oidcKinds, func(kind) func(object, object) string { return with("HS256", "key-1", []byte{}) }, signature},
		"Google's secret":  {[]kind{google}, func(kind) func(object, object) string { return with("HS256", "key-1", []byte(clientSecret)) }, signature},
		"RS256 for LINE":   {[]kind{lineWeb, lineApp}, func(kind) func(object, object) string { return with("RS256", "key-1", rsaKey()) }, signature},
		"ES256 for Google": {[]kind{google}, func(kind) func(object, object) string { return with("ES256", "key-1", ecKey()) }, signature},
		"PS256":            {oidcKinds, func(kind) func(object, object) string { return with("PS256", "key-1", rsaKey()) }, signature},
		"RS512":            {oidcKinds, func(kind) func(object, object) string { return with("RS512", "key-1", rsaKey()) }, signature},
		"HS512":            {oidcKinds, func(kind) func(object, object) string { return with("HS512", "", []byte(clientSecret)) }, signature},
		"HS256 by PEM":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicPEM(k)) }, signature},
		"HS256 by DER":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicDER(k)) }, signature},
		"HS256 by JWK":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicJWK(k)) }, signature},
		"crit": {oidcKinds, func(k kind) func(object, object) string {
			return right(k, func(h object) { h["crit"] = []string{"exp"} })
		}, "critical"},
		"crit null":    {oidcKinds, func(k kind) func(object, object) string { return right(k, func(h object) { h["crit"] = nil }) }, "critical"},
		"kid a number": {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = 1 }) }, "name of its key"},
		"kid empty":    {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "" }) }, "name of its key"},
		"kid huge": {[]kind{google, lineApp}, func(k kind) func(object, object) string {
			return right(k, func(h object) { h["kid"] = strings.Repeat("k", 1<<16) })
		}, "name of its key"},
		"kid unknown":        {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "key-2" }) }, "no such key"},
		"kid of a file":      {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "/dev/null" }) }, "no such key"},
		"its own key in jwk": {[]kind{google}, func(kind) func(object, object) string { return withKey("RS256", otherRSA(), otherRSA().Public()) }, signature},
		"its own EC key":     {[]kind{lineApp}, func(kind) func(object, object) string { return withKey("ES256", otherEC(), otherEC().Public()) }, signature},
	}
	for name, test := range tests {
		for _, k := range test.kinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.sign = test.sign(k)
				_, err := logIn(t, f, f.provider())
				refused(t, f, err, test.want)
			})
		}
	}
}

func withKey(alg string, private, public any) func(object, object) string {
	return func(header, claims object) string {
		header["alg"], header["jwk"] = alg, jose.JSONWebKey{Key: public, KeyID: "key-1"}
		header["jku"], header["x5u"] = "https://evil.example/keys", "https://evil.example/cert"
		return signed(header, claims, private)
	}
}

func encoded(part object) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (k kind) public() any {
	if k.method == jwt.SigningMethodRS256 {
		return rsaKey().Public()
	}
	return ecKey().Public()
}

func publicDER(k kind) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public())
	if err != nil {
		panic(err)
	}
	return der
}

func publicPEM(k kind) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(k)})
}

func publicJWK(k kind) []byte {
	text, err := jose.JSONWebKey{Key: k.public(), KeyID: "key-1", Use: "sig", Algorithm: k.method.Alg()}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return text
}
