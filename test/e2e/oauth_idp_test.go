package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/infrastructure/devidp"
	"gofiber-auth/infrastructure/devidp/devidptest"
)

const (
	publicURL   = "https://auth.example.com" // where people find the service, whichever instance answers
	frontendURL = "https://app.example.com"
)

var providers = []string{"google", "facebook", "line"}

// idp is identity providers that are somebody else's to the service: they speak as the real ones
// do, and the service finds them by its settings. It remembers the tokens that it gives out.
type idp struct {
	*devidp.Server

	clients map[string]devidp.Registration
	mu      sync.Mutex
	tokens  []string
	hang    chan struct{} // while it is there, the token endpoints wait for its end
	hanging chan struct{} // gets a value for each call that does
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	p := &idp{clients: map[string]devidp.Registration{}, hanging: make(chan struct{}, 100)}
	for _, name := range providers {
		p.clients[name] = devidp.Registration{
			ClientID: name + "-client", ClientSecret: name + "-secret-that-nobody-may-see",
			RedirectURL: publicURL + "/api/v1/auth/" + name + "/callback",
		}
	}
	server := httptest.NewUnstartedServer(p)
	p.Server = devidp.New(devidp.Options{BaseURL: "http://" + server.Listener.Addr().String(), Clients: p.clients})
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// configure sets what a service needs to find the providers.
func (p *idp) configure(env map[string]string) {
	env["FRONTEND_URL"] = frontendURL
	for name, client := range p.clients {
		at := p.Endpoints(name)
		for variable, value := range map[string]string{
			"CLIENT_ID": client.ClientID, "CLIENT_SECRET": client.ClientSecret, "REDIRECT_URL": client.RedirectURL,
			"AUTH_URL": at.Auth, "TOKEN_URL": at.Token, "USERINFO_URL": at.Userinfo, "JWKS_URL": at.JWKS, "ISSUER": at.Issuer,
		} {
			env[strings.ToUpper(name)+"_"+variable] = value
		}
	}
}

// ServeHTTP implements http.Handler.
func (p *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "token") {
		p.Handler().ServeHTTP(w, r)
		return
	}
	p.mu.Lock()
	hang := p.hang
	p.mu.Unlock()
	if hang != nil {
		p.hanging <- struct{}{}
		<-hang
	}
	recorder := httptest.NewRecorder()
	p.Handler().ServeHTTP(recorder, r)
	var given struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
	}
	_ = json.Unmarshal(recorder.Body.Bytes(), &given) // a refusal gives nothing
	p.mu.Lock()
	for _, token := range []string{given.Access, given.Refresh, given.ID} {
		if token != "" {
			p.tokens = append(p.tokens, token)
		}
	}
	p.mu.Unlock()
	maps.Copy(w.Header(), recorder.Header())
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

// hangs has the token endpoints answer nothing until the end of the test. The channel gets a value
// for each call that waits.
func (p *idp) hangs(t *testing.T) <-chan struct{} {
	t.Helper()
	hang := make(chan struct{})
	p.mu.Lock()
	p.hang = hang
	p.mu.Unlock()
	t.Cleanup(func() { close(hang) })
	return p.hanging
}

// given is the tokens that were given out.
func (p *idp) given() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.tokens)
}

// numbered is somebody whom every provider knows by a number.
func numbered(n int) devidptest.Person {
	return devidptest.Person{Name: fmt.Sprintf("Person %d", n), Email: fmt.Sprintf("person%d@example.com", n), Verified: true}
}
