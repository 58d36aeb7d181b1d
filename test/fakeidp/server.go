package fakeidp

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Names of the providers.
const (
	Google   = "google"
	LINE     = "line"
	Facebook = "facebook"
)

// Names holds all of them.
var Names = []string{Google, LINE, Facebook}

// Server is the three providers at one address.
type Server struct {
	URL       string
	Providers map[string]*Provider

	ended chan struct{} // closed before the server, so that Hang returns

	mu      sync.Mutex
	faults  []string
	secrets map[string]string
}

// New starts the providers. They redirect to callback + "/{provider}/callback". The test fails at
// its end if the client broke a rule.
func New(t testing.TB, callback string) *Server {
	t.Helper()
	s := &Server{Providers: map[string]*Provider{}, ended: make(chan struct{}), secrets: map[string]string{}}
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = silent
	s.URL = "http://" + server.Listener.Addr().String()
	for _, name := range Names {
		p := newProvider(s, name, callback+"/"+name+"/callback")
		s.Providers[name] = p
		mux.HandleFunc("/"+name+"/authorize", p.authorize)
		mux.HandleFunc("/"+name+"/token", p.token)
		mux.HandleFunc("/"+name+"/keys", p.keys)
		mux.HandleFunc("/"+name+"/me", p.me)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.Fault("a request for the unknown %s %s", r.Method, r.URL.Path)
		http.NotFound(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(s.ended) })
	t.Cleanup(func() {
		for _, fault := range s.Faults() {
			t.Errorf("the client broke a rule: %s", fault)
		}
	})
	return s
}

// Env returns the settings that lead the service here.
func (s *Server) Env() map[string]string {
	env := map[string]string{}
	for name, p := range s.Providers {
		for k, v := range map[string]string{
			"CLIENT_ID": p.ClientID, "CLIENT_SECRET": p.ClientSecret, "REDIRECT_URL": p.RedirectURL,
			"AUTH_URL": p.url("authorize"), "TOKEN_URL": p.url("token"), "USERINFO_URL": p.url("me"), "JWKS_URL": p.url("keys"),
		} {
			env[strings.ToUpper(name)+"_"+k] = v
		}
	}
	return env
}

// Fault records that the client broke a rule.
func (s *Server) Fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault := fmt.Sprintf(format, args...); !slices.Contains(s.faults, fault) {
		s.faults = append(s.faults, fault)
	}
}

// Faults returns the rules that the client broke so far.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Secret records values that must not be in any log or metric.
func (s *Server) Secret(what string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		s.secrets[v] = what
	}
}

// Secrets returns the values that must not be in any log or metric, each with its name.
func (s *Server) Secrets() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]string, len(s.secrets))
	for v, what := range s.secrets {
		all[v] = what
	}
	return all
}

// secret makes a random value and records it.
func (s *Server) secret(what string) string {
	v := what[:2] + rand.Text() + rand.Text()
	s.Secret(what, v)
	return v
}

// Hang answers nothing until the client goes away or the server ends.
func (s *Server) Hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ended:
	}
}

// Forgive removes the faults that contain part: those that a test provoked.
func (s *Server) Forgive(part string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.DeleteFunc(s.faults, func(fault string) bool { return strings.Contains(fault, part) })
}
