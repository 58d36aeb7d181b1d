package fakeidp

import (
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
)

// silent is for a server whose clients go away on purpose.
var silent = log.New(io.Discard, "", 0)

// Provider is one of the three.
type Provider struct {
	Name         string
	ClientID     string
	ClientSecret string
	RedirectURL  string

	// KeysAnswer, unless nil, answers in place of the JWKS endpoint.
	KeysAnswer atomic.Pointer[http.HandlerFunc]
	// KeysRead counts the requests to the JWKS endpoint.
	KeysRead atomic.Int64

	server *Server

	mu      sync.Mutex
	signing []Key             // the published keys; the first signs
	answers map[string]Answer // by the header of a visit
	codes   map[string]*grant
	tokens  map[string]*grant // by access token
	seen    map[string]string // states, nonces and challenges
}

// grant is the consent of a person.
type grant struct {
	answer    Answer
	nonce     string
	challenge string
	used      bool // the code
}

func newProvider(s *Server, name, redirect string) *Provider {
	p := &Provider{
		Name: name, ClientID: name + "-client-" + rand.Text()[:6], ClientSecret: s.secret("client secret"), RedirectURL: redirect,
		server: s, answers: map[string]Answer{}, codes: map[string]*grant{}, tokens: map[string]*grant{}, seen: map[string]string{},
	}
	switch name {
	case Google:
		p.signing = []Key{{ID: "google-1", Private: rsaKey()}}
	case LINE:
		p.signing = []Key{{ID: "line-1", Private: ecKey()}}
	}
	return p
}

func (p *Provider) url(what string) string { return p.server.URL + "/" + p.Name + "/" + what }

// Issuer returns the provider's issuer; Facebook has none.
func (p *Provider) Issuer() string {
	if p.Name == Google {
		return "https://accounts.google.com"
	}
	return "https://access.line.me"
}

// Key returns the key that signs.
func (p *Provider) Key() Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signing[0]
}

// Rotate publishes these keys from now on. The first signs.
func (p *Provider) Rotate(keys ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signing = keys
}

// once records a fault if the value was used before.
func (p *Provider) once(what, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[value] != "" {
		p.fault("the %s was used before, as %s", what, p.seen[value])
	}
	p.seen[value] = what
}

func (p *Provider) fault(format string, args ...any) {
	p.server.Fault(p.Name+": "+format, args...)
}
