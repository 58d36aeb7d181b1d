package devidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net/http"
	"sync"
)

// rsaKey makes a key when it is first wanted, so that a start does not wait for it.
type rsaKey func() (*rsa.PrivateKey, error)

func newRSAKey() rsaKey {
	return sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
}

type ecKey func() (*ecdsa.PrivateKey, error)

func newECKey() ecKey {
	return sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
}

// keyID names a public key.
func keyID(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:20])
}

func rsaKeyID(k *rsa.PrivateKey) string { return keyID(k.N.Bytes()) }

// rsaJWK is RFC 7518 section 6.3.
func rsaJWK(k *rsa.PrivateKey) map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": rsaKeyID(k),
		"n": base64URL(k.N.Bytes()), "e": base64URL(big.NewInt(int64(k.E)).Bytes()),
	}
}

// ecJWK is RFC 7518 section 6.2.
func ecJWK(k *ecdsa.PrivateKey) (map[string]any, error) {
	point, err := k.PublicKey.Bytes() // 4, then X and Y of equal length
	if err != nil {
		return nil, err
	}
	half := (len(point) - 1) / 2
	return map[string]any{
		"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": keyID(point),
		"x": base64URL(point[1 : 1+half]), "y": base64URL(point[1+half:]),
	}, nil
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// writeJWKS answers with one public key.
func writeJWKS(w http.ResponseWriter, key map[string]any, err error) {
	if err != nil {
		plainFault(w, http.StatusInternalServerError, fault{"server_error", "There is no key."})
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{key}})
}
