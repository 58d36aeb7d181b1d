// Package breach asks a service that knows stolen passwords whether a password is among them,
// without telling it the password: by k-anonymity, as Have I Been Pwned's "range" does it.
package breach

import (
	"context"
	"crypto/sha1" //nolint:gosec // the protocol's; what it protects are five digits of it
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

const (
	timeout     = time.Second // for a whole exchange: a person waits
	prefixSize  = 5           // hex digits that leave this process: 20 bits, which a thousand passwords share
	connections = 4           // kept for the next password
)

// Options is what New needs. URL, Metrics and Log are required.
type Options struct {
	URL     string // of the range endpoint; may hold credentials
	Closed  bool   // whether a password is refused while the endpoint does not answer
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// Checker is the service behind a URL.
type Checker struct {
	Options

	endpoint *url.URL
	client   *http.Client
	state    atomic.Value // of a string: what was logged last
}

var _ services.BreachChecker = (*Checker)(nil)

var errNoURL = errors.New("the URL of stolen passwords cannot be parsed") // which is not shown

// New returns the checker. It speaks with nobody yet.
func New(o Options) (*Checker, error) {
	endpoint, err := url.Parse(o.URL)
	if err != nil {
		return nil, errNoURL
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connections
	c := &Checker{Options: o, endpoint: endpoint, client: &http.Client{
		Transport: transport, Timeout: timeout,
		// Digits of passwords go where the operator said, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.state.Store("")
	return c, nil
}

// Close ends the connections that nobody uses.
func (c *Checker) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Breached implements services.BreachChecker.
func (c *Checker) Breached(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see its import
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	breached, err := c.ask(ctx, digits[:prefixSize], digits[prefixSize:])
	switch {
	case err != nil && ctx.Err() != nil: // the request has ended, which says nothing of the service
		return false, ctx.Err()
	case err != nil:
		c.Metrics.BreachChecks.WithLabelValues("error").Inc()
		c.note(ctx, err)
		if c.Closed {
			return false, domain.ErrUnavailable.Because(err)
		}
		return false, nil
	case breached:
		c.Metrics.BreachChecks.WithLabelValues("breached").Inc()
	default:
		c.Metrics.BreachChecks.WithLabelValues("clear").Inc()
	}
	c.note(ctx, nil)
	return breached, nil
}

// ask looks for the rest of a hash among those that begin like it.
func (c *Checker) ask(ctx context.Context, prefix, rest string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint.JoinPath(prefix).String(), http.NoBody)
	if err != nil {
		return false, errNoURL
	}
	request.Header.Set("Add-Padding", "true") // else the answer's length tells which it was
	request.Header.Set("User-Agent", "gofiber-auth")
	response, err := c.client.Do(request)
	if err != nil {
		return false, fmt.Errorf("ask for stolen passwords: %w", withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("ask for stolen passwords: the answer has status %d", response.StatusCode)
	}
	return search(response.Body, rest)
}

// note logs what became of the service where that is news.
func (c *Checker) note(ctx context.Context, err error) {
	if err == nil {
		if old := c.state.Swap("up"); old != "up" && old != "" {
			c.Log.InfoContext(ctx, "stolen passwords can be looked for again")
		}
		return
	}
	if c.state.Swap("away") != "away" {
		c.Log.WarnContext(ctx, "stolen passwords cannot be looked for", "error", err, "passwords_accepted", !c.Closed)
	}
}

// withoutURL leaves out of an error the URL, which holds digits of the password's hash.
func withoutURL(err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return failure.Err
	}
	return err
}
