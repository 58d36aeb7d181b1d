package devidp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	requestLifetime = 10 * time.Minute // of a consent page
	codeLifetime    = time.Minute
	codeMemory      = 10 * time.Minute // how long the second use of a code is noticed
)

// provider is what all providers do alike.
type provider struct {
	dialect // what it does in its own way

	name   string
	client Registration
	page   *page
	now    func() time.Time

	requests *shelf[request] // waiting for consent
	codes    *shelf[*grant]
	tokens   *shelf[*grant] // access tokens
}

// dialect is what one provider does in its own way.
type dialect interface {
	title() string
	lifetime() time.Duration // of access tokens
	mount(mux *http.ServeMux)
	// scopes returns by their short names the scopes that were asked for, or false for some that
	// the provider does not give.
	scopes(asked string) ([]string, bool)
	words(scope string) string // what a scope lets the application see
	// check applies further rules to an authorization request, and notes in q what it found.
	check(p params, q *request) *fault
	// redirect completes what goes back to the application, and returns a fragment for it.
	redirect(answer url.Values) (fragment string)
	codePrefix() string // what codes begin with
	subject(of person) string
	basicAuth() bool // whether the token endpoint takes HTTP Basic
	// tokenResponse returns what the token endpoint answers.
	tokenResponse(g *grant, access string) (map[string]any, error)
	tokenFault(w http.ResponseWriter, f fault)
	tellsVerified() bool // whether the provider tells if an e-mail address is verified
}

// request is an authorization request that was found good.
type request struct {
	state     string
	nonce     string
	challenge string
	scopes    []string
	offline   bool // whether a refresh token is wanted
}

// grant is what a person has agreed to. A second use of its code ends it, whenever it comes, so
// that tokens which are being made at that moment are dead too.
type grant struct {
	request

	person  person
	at      time.Time
	uses    atomic.Int32 // of the code
	revoked atomic.Bool
}

func (g *grant) has(scope string) bool { return slices.Contains(g.scopes, scope) }

// email returns the address that the application may see.
func (g *grant) email() string {
	if !g.has("email") {
		return ""
	}
	return g.person.email
}

// fault is an error of RFC 6749. Its words are for developers and hold nothing of the request.
type fault struct {
	code  string
	words string
}

func newProvider(name string, client Registration, page *page, now func() time.Time) *provider {
	return &provider{
		name: name, client: client, page: page, now: now,
		requests: newShelf[request](now, requestLifetime),
		codes:    newShelf[*grant](now, codeMemory),
	}
}

// bearer returns the grant of an access token, or false for one that is not (or no longer) good.
func (p *provider) bearer(token string) (*grant, bool) {
	g, ok := p.tokens.get(token)
	if !ok || g.revoked.Load() {
		return nil, false
	}
	return g, true
}

// bearerToken returns the token of an Authorization header, or nothing.
func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// scopesOf returns the short names of the scopes in text, each once, in the order of known.
func scopesOf(asked []string, known []scope) ([]string, bool) {
	var found []string
	for _, s := range known {
		if slices.ContainsFunc(asked, s.is) {
			found = append(found, s.name)
		}
	}
	for _, a := range asked {
		if !slices.ContainsFunc(known, func(s scope) bool { return s.is(a) }) {
			return nil, false
		}
	}
	return found, true
}

// scope is something that an application may ask to see.
type scope struct {
	name  string
	alias string // another name of it; empty where there is none
	words string
}

func (s scope) is(asked string) bool { return asked == s.name || s.alias != "" && asked == s.alias }

func wordsOf(name string, known []scope) string {
	i := slices.IndexFunc(known, func(s scope) bool { return s.name == name })
	if i < 0 {
		return name
	}
	return known[i].words
}
