// Package devidp hides an identity provider for development and tests: it stands in for Google,
// Facebook and LINE, speaks their wire forms, asks for consent on one page with a choice of test
// people, and forgets everything when the process ends. It is stricter than the real ones, so
// that what passes here passes there. It proves nobody's identity: never serve it to strangers.
package devidp

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"gofiber-auth/domain/models"
)

// Options is what New needs.
type Options struct {
	BaseURL string                  // where browsers find it, such as http://localhost:8088/dev/idp
	Now     func() time.Time        // time.Now where nil
	Clients map[string]Registration // by the provider's name; a provider without one is not served
}

// Registration is the one application that a provider knows.
type Registration struct {
	ClientID     string
	ClientSecret string
	RedirectURL  string // compared to the letter
}

// Endpoints is where a provider answers. Facebook has neither keys nor an issuer.
type Endpoints struct {
	Auth     string
	Token    string
	Userinfo string
	JWKS     string
	Issuer   string
}

// Server stands in for the providers. It is safe for any number of flows at once.
type Server struct {
	baseURL string
	mux     *http.ServeMux
}

// New returns a server of the providers that have a client.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{baseURL: strings.TrimSuffix(o.BaseURL, "/"), mux: http.NewServeMux()}
	page := newPage(pathOf(s.baseURL))
	for name, client := range o.Clients {
		e := s.Endpoints(name)
		p := newProvider(name, client, page, o.Now)
		switch name {
		case models.ProviderGoogle:
			p.dialect = &google{provider: p, issuer: e.Issuer, picture: s.baseURL + picturePath, key: newRSAKey()}
		case models.ProviderFacebook:
			p.dialect = &facebook{provider: p, picture: s.baseURL + picturePath}
		case models.ProviderLINE:
			p.dialect = &line{provider: p, issuer: e.Issuer, picture: s.baseURL + picturePath, key: newECKey()}
		default:
			continue
		}
		p.tokens = newShelf[*grant](o.Now, p.dialect.lifetime())
		p.dialect.mount(s.mux)
		s.mux.HandleFunc("POST /"+name+"/consent", p.consent)
	}
	s.mux.HandleFunc("GET "+picturePath, servePicture)
	return s
}

// Handler answers below the path of BaseURL, which is to be stripped before it.
func (s *Server) Handler() http.Handler { return s.mux }

// Endpoints returns where a provider answers, or nothing for a name that is not known.
func (s *Server) Endpoints(provider string) Endpoints {
	base := s.baseURL + "/" + provider
	switch provider {
	case models.ProviderGoogle:
		return Endpoints{Auth: base + "/authorize", Token: base + "/token", Userinfo: base + "/userinfo", JWKS: base + "/jwks", Issuer: base}
	case models.ProviderFacebook:
		return Endpoints{Auth: base + "/dialog/oauth", Token: base + "/oauth/access_token", Userinfo: base + "/me"}
	case models.ProviderLINE:
		return Endpoints{Auth: base + "/authorize", Token: base + "/token", Userinfo: base + "/profile", JWKS: base + "/certs", Issuer: base}
	default:
		return Endpoints{}
	}
}

// pathOf returns the path of an address, without a slash at its end.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}
