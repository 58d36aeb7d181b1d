package fakeidp

import (
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
)

// silent is for servers whose clients go away on purpose.
var silent = log.New(io.Discard, "", 0)

// Provider is one of the three.
type Provider struct {
	Name         string
	ClientID     string
	ClientSecret string
	RedirectURL  string

	// KeysAnswer, where it is set, answers for the keys' URL.
	KeysAnswer atomic.Pointer[http.HandlerFunc]
	// KeysRead counts the requests for the keys.
	KeysRead atomic.Int64

	sim *Server

	mu      sync.Mutex
	signing []Key             // the published keys; the first signs
	answers map[string]Answer // by the person's number at the authorization endpoint
	codes   map[string]*grant
	tokens  map[string]*grant // by access token
	seen    map[string]string // states, nonces and challenges so far
}

// grant is what the consent of a person has led to.
type grant struct {
	answer    Answer
	nonce     string
	challenge string
	used      bool // the code
}

func newProvider(s *Server, name, redirect string) *Provider {
	p := &Provider{
		Name: name, ClientID: name + "-client-" + rand.Text()[:6], ClientSecret: s.secret("client secret"), RedirectURL: redirect,
		sim: s, answers: map[string]Answer{}, codes: map[string]*grant{}, tokens: map[string]*grant{}, seen: map[string]string{},
	}
	switch name {
	case Google:
		p.signing = []Key{{ID: "google-1", Private: rsaKey()}}
	case LINE:
		p.signing = []Key{{ID: "line-1", Private: ecKey()}}
	}
	return p
}

func (p *Provider) url(what string) string { return p.sim.URL + "/" + p.Name + "/" + what }

// Issuer is the provider's own.
func (p *Provider) Issuer() string {
	if p.Name == Google {
		return "https://accounts.google.com"
	}
	return "https://access.line.me"
}

// Key is the key that signs.
func (p *Provider) Key() Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signing[0]
}

// Rotate publishes these keys from now on, of which the first signs.
func (p *Provider) Rotate(keys ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signing = keys
}

// once notes a fault if the value has been there before.
func (p *Provider) once(what, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[value] != "" {
		p.fault("the %s has been there before, as %s", what, p.seen[value])
	}
	p.seen[value] = what
}

func (p *Provider) fault(format string, args ...any) {
	p.sim.Fault(p.Name+": "+format, args...)
}
