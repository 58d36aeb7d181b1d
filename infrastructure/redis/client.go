// Package redis keeps in Redis what the instances of the service share for a short time. It
// hides the library, and everything that the library or the server says which could hold an
// address, a credential, a key or a value.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// callWithin bounds a whole call: a connection, the log-in, both ways. Redis answers within
	// a millisecond or is not well, and who waits is a person in front of a browser.
	callWithin = 2 * time.Second

	idleFor = 5 * time.Minute // less than what networks forget connections after
)

// ErrURL says that an address of Redis is not one. It never holds the address, in which a
// password may stand.
var ErrURL = errors.New("not a Redis URL such as redis://:password@host:6379/0")

// Options says which Redis to use.
type Options struct {
	URL  string // redis:// or rediss://, with credentials and the number of the database
	Name string // how the server lists this client; one word
	Log  *slog.Logger

	roots *x509.CertPool // of rediss://; nil: the system's, which tests leave alone
}

// Client is a connection to one Redis that comes by itself and comes back by itself, for ever.
type Client struct {
	rdb  *redis.Client
	log  *slog.Logger
	news news
}

// Connect returns at once and connects with the first call. It fails with ErrURL alone.
func Connect(o Options) (*Client, error) {
	options, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	if options.TLSConfig != nil {
		options.TLSConfig.MinVersion = tls.VersionTLS12
		options.TLSConfig.RootCAs = o.roots
	}
	options.ClientName = o.Name
	options.DisableIdentity = true

	// The library would send a command again when its answer was lost. Take and Use must not
	// be done twice: a lost answer is a lost value, never a value given twice.
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.DialTimeout = callWithin
	options.ReadTimeout = callWithin
	options.WriteTimeout = callWithin
	options.PoolTimeout = callWithin
	options.ContextTimeoutEnabled = true
	options.ConnMaxIdleTime = idleFor
	options.PipelinePoolSize = -1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	redis.SetLogger(quiet{o.Log}) // it is the library's only one, for all clients
	c := &Client{rdb: redis.NewClient(options), log: o.Log}
	return c, nil
}

// Close ends the connections. Calls fail afterwards.
func (c *Client) Close() error {
	if err := c.rdb.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return errors.New("redis: close: " + reason(err))
	}
	return nil
}

// Ping returns domain.ErrUnavailable if Redis does not answer soon.
func (c *Client) Ping(ctx context.Context) error {
	return c.call(ctx, "ping", func(ctx context.Context) error { return c.rdb.Ping(ctx).Err() })
}

// Check tells in words for operators whether Redis answers within a second: "ok" or
// "down: no answer".
func (c *Client) Check(ctx context.Context) string {
	if err := c.Ping(ctx); err != nil {
		return "down: no answer"
	}
	return "ok"
}

// call runs one command, of the given name, within the bounds of a call. Errors are the
// domain's, or the context's where that has ended.
func (c *Client) call(ctx context.Context, what string, command func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return ended(err, what)
	}
	bounded, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return c.translate(ctx, what, command(bounded))
}
