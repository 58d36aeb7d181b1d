package fakeidp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// Key signs id_tokens and is published under its ID.
type Key struct {
	ID      string
	Private crypto.Signer // *rsa.PrivateKey or *ecdsa.PrivateKey
}

var (
	rsaKey = sync.OnceValue(NewRSA)
	ecKey  = sync.OnceValue(NewEC)
)

// NewRSA makes a key for RS256.
func NewRSA() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return key
}

// NewEC makes a key for ES256.
func NewEC() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return key
}

// IDToken is an id_token before it is signed. All of it can be forged.
type IDToken struct {
	Header map[string]any
	Claims map[string]any
	Key    any  // []byte (HS256), a private key (RS256, ES256), nil: the signature is empty
	Tamper bool // change a claim after signing
	Raw    any  // answered in place of the token, unless nil

	Provider    *Provider
	AccessToken string
}

// idToken returns the id_token of a grant, or what Forge put in its place.
func (p *Provider) idToken(g *grant, access string) any {
	now, a := time.Now().Unix(), g.answer
	claims := map[string]any{
		"iss": p.Issuer(), "aud": p.ClientID, "sub": a.Subject, "iat": now, "exp": now + 3600, "nonce": g.nonce, "name": a.Name,
	}
	if a.Email != "" {
		claims["email"] = a.Email
	}
	if a.Verified != nil {
		claims["email_verified"] = a.Verified
	}
	if _, domain, ok := strings.Cut(a.Email, "@"); ok && p.Name == Google && !a.Private {
		claims["hd"] = domain
	}
	if a.Picture != "" {
		claims["picture"] = a.Picture
	}
	token := &IDToken{Claims: claims, Provider: p, AccessToken: access}
	if p.Name == LINE {
		token.Header, token.Key = map[string]any{"alg": "HS256", "typ": "JWT"}, []byte(p.ClientSecret)
	} else {
		key := p.Key()
		sum := sha256.Sum256([]byte(access))
		claims["azp"], claims["at_hash"] = p.ClientID, base64.RawURLEncoding.EncodeToString(sum[:16])
		token.Header, token.Key = map[string]any{"alg": "RS256", "typ": "JWT", "kid": key.ID}, key.Private
	}
	if a.Forge != nil {
		a.Forge(token)
	}
	if token.Raw != nil {
		return token.Raw
	}
	return token.compact()
}

// ES256 signs with the provider's key for ES256, as LINE does for apps.
func (t *IDToken) ES256() {
	key := t.Provider.Key()
	t.Header["alg"], t.Header["kid"], t.Key = "ES256", key.ID, key.Private
}

// compact signs by the kind of the key, not by the header.
func (t *IDToken) compact() string {
	signed := segment(t.Header) + "." + segment(t.Claims)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	switch key := t.Key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	case *rsa.PrivateKey:
		s, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err) // keys are long enough
		}
		signature = s
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err) // the system has no randomness
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	if t.Tamper {
		t.Claims["name"] = "Another person"
		signed = segment(t.Header) + "." + segment(t.Claims)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test's own mistake
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
