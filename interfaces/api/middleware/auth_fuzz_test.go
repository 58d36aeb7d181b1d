package middleware

import (
	"strings"
	"testing"
)

// FuzzBearerToken: a token is what stands after the scheme, and never holds what could mean
// something to a log, a header or a JWT parser but its three parts.
func FuzzBearerToken(f *testing.F) {
	for _, seed := range []string{"Bearer a.b.c", "bearer  x==", "Basic x", "Bearer", "Bearer a b", "Bearer a\x00", "Bearer ก"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := bearerToken([][]byte{[]byte(header)})
		if !ok {
			return
		}
		if token == "" || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") != "" {
			t.Errorf("bearerToken(%q) = %q", header, token)
		}
		if scheme, rest, _ := strings.Cut(header, " "); !strings.EqualFold(scheme, "bearer") || strings.TrimLeft(rest, " ") != token {
			t.Errorf("bearerToken(%q) = %q", header, token)
		}
	})
}
