package config

import (
	"fmt"
	"regexp"
)

// OAuth is the identity providers. One without a ClientID is off, or stood in for in
// development.
type OAuth struct {
	Google       Provider
	Facebook     Provider
	LINE         Provider
	GraphVersion string // of Facebook's API
}

// ByName returns the providers by the names that they have in addresses.
func (o OAuth) ByName() map[string]Provider {
	return map[string]Provider{"google": o.Google, "facebook": o.Facebook, "line": o.LINE}
}

// Provider is one identity provider. Addresses that are empty are the provider's own.
type Provider struct {
	ClientID     string
	ClientSecret Secret
	RedirectURL  string // as it is registered at the provider, to the letter
	AuthURL      string
	TokenURL     string
	UserinfoURL  string
	JWKSURL      string
	Issuer       string
}

// defaultGraphVersion is the version of Facebook's Graph API that this service was written for.
const defaultGraphVersion = "v26.0"

var graphVersion = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)

func (r *reader) oauth(port int) OAuth {
	o := OAuth{
		Google:       r.provider("GOOGLE", "google", port),
		Facebook:     r.provider("FACEBOOK", "facebook", port),
		LINE:         r.provider("LINE", "line", port),
		GraphVersion: r.text("FACEBOOK_GRAPH_VERSION", defaultGraphVersion),
	}
	if !graphVersion.MatchString(o.GraphVersion) {
		r.fault("FACEBOOK_GRAPH_VERSION", "must be a version such as %s", defaultGraphVersion)
	}
	return o
}

func (r *reader) provider(prefix, name string, port int) Provider {
	p := Provider{
		ClientID:     r.text(prefix+"_CLIENT_ID", ""),
		ClientSecret: Secret(r.sealedText(prefix+"_CLIENT_SECRET", "")),
		RedirectURL:  r.endpoint(prefix+"_REDIRECT_URL", fmt.Sprintf("http://localhost:%d/api/v1/auth/%s/callback", port, name)),
		AuthURL:      r.endpoint(prefix+"_AUTH_URL", ""),
		TokenURL:     r.endpoint(prefix+"_TOKEN_URL", ""),
		UserinfoURL:  r.endpoint(prefix+"_USERINFO_URL", ""),
		JWKSURL:      r.endpoint(prefix+"_JWKS_URL", ""),
		Issuer:       r.endpoint(prefix+"_ISSUER", ""),
	}
	if hasSamplePhrase(string(p.ClientSecret)) {
		r.fault(prefix+"_CLIENT_SECRET", "must not be a sample")
	}
	if p.ClientID != "" && p.ClientSecret == "" {
		r.fault(prefix+"_CLIENT_SECRET", "must be set with %s_CLIENT_ID", prefix)
	}
	if p.ClientID == "" && p.ClientSecret != "" {
		r.fault(prefix+"_CLIENT_ID", "must be set with %s_CLIENT_SECRET", prefix)
	}
	return p
}

// endpoint reads a URL and returns it as it was written: providers compare to the letter.
func (r *reader) endpoint(name, fallback string) string {
	if r.url(name, fallback, "http", "https") == nil {
		return ""
	}
	return r.sealedText(name, fallback)
}
