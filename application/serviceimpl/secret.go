package serviceimpl

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// newSecret returns a token of 256 random bits, URL-safe, of 43 characters.
func newSecret() string { return base64.RawURLEncoding.EncodeToString(randomBytes(32)) }

func randomBytes(n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random) // it never fails: crypto/rand ends the process instead
	return random
}

// hashOf returns what is kept of a random token. A fast hash is enough: there is nothing to
// guess in 256 bits.
func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
