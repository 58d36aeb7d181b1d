package fakeidp

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
)

// keys is the JWKS endpoint.
func (p *Provider) keys(w http.ResponseWriter, r *http.Request) {
	p.KeysRead.Add(1)
	if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || p.Name == Facebook {
		p.fault("the keys are asked for by %s, with credentials, or where there are none", r.Method)
	}
	if answer := p.KeysAnswer.Load(); answer != nil {
		(*answer)(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Cache-Control", "public, max-age=3600")
	set := []any{}
	for _, key := range p.signing {
		set = append(set, key.Public())
	}
	reply(w, http.StatusOK, map[string]any{"keys": set})
}

// Public returns the public half as a JWK.
func (key Key) Public() map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	switch k := key.Private.(type) {
	case *rsa.PrivateKey:
		return map[string]any{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.ID,
			"n": encode(k.N.Bytes()), "e": encode(big.NewInt(int64(k.E)).Bytes()),
		}
	case *ecdsa.PrivateKey:
		point, err := k.PublicKey.Bytes()
		if err != nil {
			panic(err) // P-256 has one
		}
		return map[string]any{
			"kty": "EC", "use": "sig", "alg": "ES256", "kid": key.ID, "crv": "P-256",
			"x": encode(point[1:33]), "y": encode(point[33:]),
		}
	}
	return nil
}
