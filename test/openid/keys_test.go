package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// key is a key of the provider, for signing and to be published.
type key struct {
	id      string
	use     string
	private crypto.Signer
}

func (k key) ID() string { return k.id }

// published is a key as others see it: without an algorithm, which a JWK need not name.
type published struct{ key }

func (p published) Algorithm() jose.SignatureAlgorithm { return "" }
func (p published) Use() string                        { return p.use }
func (p published) Key() any                           { return p.private.Public() }

// signing is a key as the provider itself sees it.
type signing struct{ key }

func (s signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (s signing) Key() any                                    { return s.private }

// rotating is the storage of the example server, with keys that change while it runs.
type rotating struct {
	*storage.Storage

	mu   sync.Mutex
	keys []key // all are published, the last one signs
}

// Rotate adds a key, which signs from now on.
func (r *rotating) Rotate(k key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, k)
}

// SigningKey implements op.Storage.
func (r *rotating) SigningKey(context.Context) (op.SigningKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return signing{r.keys[len(r.keys)-1]}, nil
}

// KeySet implements op.Storage.
func (r *rotating) KeySet(context.Context) (set []op.Key, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.keys {
		set = append(set, published{k})
	}
	return set, nil
}

// Keys rotate while the old ones stay published, among others of all kinds.
func TestRotatedKeys(t *testing.T) {
	t.Parallel()
	env, p := newSettings(t)
	keys := &rotating{Storage: p.newStorage(p.people()), keys: []key{
		{"elliptic", "sig", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))},
		{"edwards", "sig", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
		{"encryption", "enc", must(rsa.GenerateKey(rand.Reader, 2048))},
		{"first", "", must(rsa.GenerateKey(rand.Reader, 2048))},
	}}
	p.Start(t, keys)
	s := start(t, env, p.Settings())

	first := s.LogIn(t, person)
	keys.Rotate(key{"second", "sig", must(rsa.GenerateKey(rand.Reader, 2048))})
	for range 2 {
		if got := s.LogIn(t, person); got.User.ID != first.User.ID {
			t.Errorf("with the next key it is %s who logs in, want %s", got.User.ID, first.User.ID)
		}
	}
	if got := p.Calls(t, p.Endpoints.JWKS); got != 2 {
		t.Errorf("the keys were asked for %d times, want once for each that signed", got)
	}
}

// A provider that was away comes back with other keys, and with another address of the person.
func TestRestartedProvider(t *testing.T) {
	t.Parallel()
	s, p := newWorld(t)
	first := s.LogIn(t, person)

	late := newBrowser(t)
	late.until = p.redirect
	callback := late.LogIn(t, s.Begin("state=xyz"), person)
	p.Stop()
	late.until = frontend
	where, _ := late.visit(t, callback.String(), nil)
	mustFail(t, where, "provider_error")

	people := p.people()
	people.GetUserByUsername(person).Email = "moved@example.com"
	p.Start(t, p.newStorage(people))
	again := s.LogIn(t, person)
	if again.IsNewUser || again.User.ID != first.User.ID || again.User.Email != personEmail {
		t.Errorf("after the restart the log-in is answered %s, want the user %s as before", shown(again), first.User.ID)
	}
	if got := p.Calls(t, p.Endpoints.JWKS); got != 2 {
		t.Errorf("the keys were asked for %d times, want once before and once after", got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
