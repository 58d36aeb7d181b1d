package serviceimpl_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

func newTokens() *serviceimpl.Tokens {
	return serviceimpl.NewTokens(serviceimpl.TokensConfig{
		Secret: []byte(strings.Repeat("s", 32)), Issuer: "auth", Audience: "auth", ExpiresIn: time.Minute, Now: now, NewID: newID,
	})
}

// FuzzVerify makes sure that nothing but a token that was signed here is believed.
func FuzzVerify(f *testing.F) {
	tokens := newTokens()
	signed, _, err := tokens.Sign(models.User{ID: newID()}, models.Session{ID: newID()})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", signed[:len(signed)-1], strings.Repeat(".", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := tokens.Verify(token)
		if err == nil && token != signed {
			t.Errorf("believed %q", token)
		}
		if err != nil && !errors.Is(err, domain.ErrUnauthorized) && !errors.Is(err, domain.ErrTokenExpired) {
			t.Errorf("Verify(%q) = %v", token, err)
		}
	})
}
