// Package oauth hides the identity providers Google, LINE and Facebook: the authorization code
// flow with PKCE (RFC 6749, RFC 7636) and OpenID Connect, as each of them speaks it.
package oauth

import (
	"net"
	"net/http"
	"time"

	"gofiber-auth/pkg/metrics"
)

const (
	identifyBound  = 8 * time.Second  // for all calls of one log-in together
	connectBound   = 3 * time.Second  // for reaching a provider, and as much again for TLS
	idleBound      = 90 * time.Second // for a connection that nobody uses
	idleConns      = 100              // kept to one host, for the next burst of log-ins
	longestAnswer  = 1 << 20          // bytes
	longestHeaders = 64 << 10         // bytes
)

// Client is this service as it is registered at a provider. Endpoints and an issuer that are
// empty are the provider's own.
type Client struct {
	ID          string
	Secret      string
	RedirectURL string // sent to the letter
	AuthURL     string // may have a query already
	TokenURL    string
	UserinfoURL string // of Google and Facebook; nobody else is asked
	JWKSURL     string // of Google and LINE
	Issuer      string // compared to the letter
}

// Deps is what providers need. Every field but Transport is required.
type Deps struct {
	Metrics   *metrics.Metrics
	Now       func() time.Time
	Transport http.RoundTripper // nil: one of its own, with time-outs

	bound time.Duration // in place of identifyBound, for tests
}

// withDefaults returns d with nothing left out.
func (d Deps) withDefaults() Deps {
	if d.Transport == nil {
		d.Transport = newTransport()
	}
	if d.bound == 0 {
		d.bound = identifyBound
	}
	return d
}

// newTransport returns a transport whose waits all end. How long an answer may take is said by
// the context of the request.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectBound, KeepAlive: idleBound / 3}).DialContext,
		TLSHandshakeTimeout:    connectBound,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           idleConns,
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        idleBound,
		MaxResponseHeaderBytes: longestHeaders,
	}
}

// or returns the setting, or the provider's own where it is empty.
func or(setting, own string) string {
	if setting == "" {
		return own
	}
	return setting
}
