package oauth

import (
	"testing"

	"gofiber-auth/domain/services"
)

// TestMix proves that what comes back for one log-in is never taken for another.
func TestMix(t *testing.T) {
	t.Parallel()
	t.Run("the verifier of another log-in", func(t *testing.T) {
		t.Parallel()
		for _, k := range allKinds {
			f := newFake(t, k)
			p := f.provider()
			a, other := attempt(), attempt()
			code := f.authorize(p.AuthorizeURL(a), subject)
			a.Verifier = other.Verifier
			_, err := p.Identify(t.Context(), services.AuthResponse{Code: code}, a)
			refused(t, f, err, "status 400 (invalid_grant)")
		}
	})
	t.Run("no code", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		_, err := f.provider().Identify(t.Context(), services.AuthResponse{}, attempt())
		refused(t, f, err, "no code")
		if f.called("/token") != 0 {
			t.Error("the provider was asked")
		}
	})
}

// TestIssuerOfAnswer is RFC 9207.
func TestIssuerOfAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   kind
		issuer string
		taken  bool
	}{
		{google, "https://accounts.google.com", true},
		{google, "accounts.google.com", true},
		{google, "https://accounts.google.com/", false},
		{google, "https://access.line.me", false},
		{lineWeb, "https://access.line.me", true},
		{lineWeb, "https://accounts.google.com", false},
		{graph, "https://www.facebook.com", true}, // it has no name to compare
	}
	for _, test := range tests {
		t.Run(test.kind.name+"/"+test.issuer, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			p, a := f.provider(), attempt()
			code := f.authorize(p.AuthorizeURL(a), subject)
			_, err := p.Identify(t.Context(), services.AuthResponse{Code: code, Issuer: test.issuer}, a)
			if test.taken {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, f, err, "another issuer")
			if f.called("/token") != 0 {
				t.Error("the code was sent")
			}
		})
	}
}
