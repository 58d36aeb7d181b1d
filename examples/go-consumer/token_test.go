package main

import (
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	verifier, err := NewVerifier(secret, "gofiber-auth", "social")
	if err != nil {
		t.Fatal(err)
	}
	hour := time.Now().Add(time.Hour).Unix()
	sound := jwt.MapClaims{"iss": "gofiber-auth", "aud": "social", "sub": "ada", "exp": hour}
	with := func(name string, value any) jwt.MapClaims {
		claims := jwt.MapClaims{}
		for k, v := range sound {
			claims[k] = v
		}
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
		return claims
	}
	for name, test := range map[string]struct {
		claims jwt.MapClaims
		method jwt.SigningMethod
		key    any
		want   error
	}{
		"sound":              {sound, jwt.SigningMethodHS256, secret, nil},
		"expired":            {with("exp", time.Now().Add(-time.Second).Unix()), jwt.SigningMethodHS256, secret, jwt.ErrTokenExpired},
		"without expiry":     {with("exp", nil), jwt.SigningMethodHS256, secret, errRefused},
		"of another issuer":  {with("iss", "somebody"), jwt.SigningMethodHS256, secret, errRefused},
		"for somebody else":  {with("aud", "billing"), jwt.SigningMethodHS256, secret, errRefused},
		"of nobody":          {with("sub", nil), jwt.SigningMethodHS256, secret, errRefused},
		"by another secret":  {sound, jwt.SigningMethodHS256, []byte("another secret of 32 bytes length"), errRefused},
		"by another method":  {sound, jwt.SigningMethodHS512, secret, errRefused},
		"without signature":  {sound, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, errRefused},
		"not a token at all": {nil, jwt.SigningMethodHS256, secret, errRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := jwt.NewWithClaims(test.method, test.claims).SignedString(test.key)
			if err != nil {
				t.Fatal(err)
			}
			if test.claims == nil {
				token = "ada"
			}
			claims, err := verifier.Verify(token)
			if !errors.Is(err, test.want) {
				t.Fatalf("Verify() = %v, want %v", err, test.want)
			}
			if err == nil && claims.Subject != "ada" {
				t.Errorf("the subject is %q", claims.Subject)
			}
		})
	}
}

func TestVerifierNeedsEverything(t *testing.T) {
	t.Parallel()
	secret := make([]byte, 32)
	for name, of := range map[string]func() (*Verifier, error){
		"secret":   func() (*Verifier, error) { return NewVerifier(secret[:31], "iss", "aud") },
		"issuer":   func() (*Verifier, error) { return NewVerifier(secret, "", "aud") },
		"audience": func() (*Verifier, error) { return NewVerifier(secret, "iss", "") },
	} {
		if v, err := of(); err == nil || v != nil {
			t.Errorf("without the %s: %v, %v", name, v, err)
		}
	}
}
