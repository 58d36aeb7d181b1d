package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	weakRSA  = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(1024) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return newEC(elliptic.P256()) })
	otherEC  = sync.OnceValue(func() *ecdsa.PrivateKey { return newEC(elliptic.P256()) })
)

func newRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// kind is a provider with the way that it signs.
type kind struct {
	name     string
	provider string
	issuer   string
	method   jwt.SigningMethod // nil: no id_token
	make     func(Client, Deps) services.IdentityProvider
}

var (
	google  = kind{"google", models.ProviderGoogle, "https://accounts.google.com", jwt.SigningMethodRS256, Google}
	lineWeb = kind{"line on the web", models.ProviderLINE, "https://access.line.me", jwt.SigningMethodHS256, LINE}
	lineApp = kind{"line in the app", models.ProviderLINE, "https://access.line.me", jwt.SigningMethodES256, LINE}
	graph   = kind{
		"facebook", models.ProviderFacebook, "", nil,
		func(c Client, d Deps) services.IdentityProvider { return Facebook(c, "v26.0", d) },
	}

	allKinds  = []kind{google, lineWeb, lineApp, graph}
	oidcKinds = []kind{google, lineWeb, lineApp}
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// key is what the provider signs with.
func (k kind) key() any {
	switch k.method {
	case jwt.SigningMethodRS256:
		return rsaKey()
	case jwt.SigningMethodES256:
		return ecKey()
	}
	return []byte(clientSecret)
}

// signed is a token with this header and these claims, by the header's algorithm.
func signed(header, claims object, key any) string {
	token := jwt.NewWithClaims(jwt.GetSigningMethod(header.text("alg")), jwt.MapClaims(claims))
	token.Header = header
	text, err := token.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}
