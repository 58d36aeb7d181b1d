package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
)

const (
	dialTimeout   = 2 * time.Second
	writeTimeout  = 5 * time.Second  // to a peer that takes nothing any more
	pingInterval  = 10 * time.Second // two without an answer end a stalled connection
	firstRedial   = 100 * time.Millisecond
	longestRedial = 2 * time.Second
	forgetAfter   = time.Minute // an unanswered message; its sender gave it up long before
)

var errNotConnected = errors.New("not connected to the event bus")

// ConnectOptions says which bus to connect to: Server, or else URL.
type ConnectOptions struct {
	URL    string    // comma-separated for a cluster; its credentials never come out again
	Server *Embedded // the bus in this process
	Name   string    // how the server lists this client
	Log    *slog.Logger

	// AckTimeout is how long the bus may acknowledge none of the messages that it was sent,
	// and how long it may take to answer any other question; 0 is 5 s.
	AckTimeout time.Duration
}

// Connection is a connection to the bus that comes back by itself, for ever.
type Connection struct {
	nc         *natsgo.Conn
	js         jetstream.JetStream
	log        *slog.Logger
	ackTimeout time.Duration

	// up is kept beside the library's own status, which hides behind a lock while it dials.
	up      atomic.Bool
	away    atomic.Bool // the present absence has been logged
	closing atomic.Bool
	closed  chan struct{}

	mu   sync.Mutex
	onUp []func()
}

// Connect returns at once or after one try at each address, connected or not. It fails for
// unusable options alone, with ErrURL for an address.
func Connect(o ConnectOptions) (*Connection, error) {
	c := &Connection{log: o.Log, ackTimeout: o.AckTimeout, closed: make(chan struct{})}
	if c.ackTimeout == 0 {
		c.ackTimeout = 5 * time.Second
	}
	options := natsgo.GetDefaultOptions()
	if o.Server != nil {
		options.InProcessServer = o.Server.server
	} else {
		servers, err := addresses(o.URL)
		if err != nil {
			return nil, err
		}
		options.Servers = servers
	}
	options.Name = o.Name
	options.Timeout = dialTimeout
	options.FlusherTimeout = writeTimeout
	options.ReconnectOnFlusherError = true
	options.PingInterval = pingInterval
	options.RetryOnFailedConnect = true
	options.MaxReconnect = -1
	options.IgnoreAuthErrorAbort = true // an operator may yet put the password right
	options.CustomReconnectDelayCB = redialDelay
	// What cannot be sent now must fail now. Sent later, it would arrive after the relay has
	// given it up, and perhaps behind a newer event of the same user.
	options.ReconnectBufSize = -1
	options.ConnectedCB = c.connected
	options.ReconnectedCB = c.connected
	options.DisconnectedErrCB = func(_ *natsgo.Conn, err error) { c.disconnected(err) }
	options.ReconnectErrCB = func(_ *natsgo.Conn, err error) { c.disconnected(err) }
	options.AsyncErrorCB = func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
		c.log.Warn("event bus reports a fault", "error", err)
	}
	options.ClosedCB = func(*natsgo.Conn) { close(c.closed) }

	nc, err := options.Connect()
	if err != nil {
		return nil, fmt.Errorf("event bus: %w", err)
	}
	c.nc = nc
	// How many wait for their acks at once is the Publisher's affair: the library would count
	// those too that nobody waits for any more.
	c.js, err = jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(math.MaxInt),
		jetstream.WithPublishAsyncTimeout(forgetAfter), jetstream.WithDefaultTimeout(c.ackTimeout))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("event bus: %w", err)
	}
	return c, nil
}

// redialDelay grows with every failed try and is spread, so that the instances of a service
// do not all come back at the same moment.
func redialDelay(failed int) time.Duration {
	d := min(firstRedial<<min(failed-1, 10), longestRedial)
	return d/2 + rand.N(d/2) //nolint:gosec // it spreads tries; nobody gains by guessing it
}

func (c *Connection) connected(nc *natsgo.Conn) {
	c.log.Info("connected to the event bus", "server", nc.ConnectedAddr()) // not its URL: a user or a token may stand there
	c.mu.Lock()
	c.up.Store(true)
	c.away.Store(false)
	listeners := c.onUp
	c.mu.Unlock()
	for _, f := range listeners {
		f()
	}
}

// disconnected is called at the loss of the connection and after every try in vain.
func (c *Connection) disconnected(err error) {
	c.up.Store(false)
	if c.closing.Load() || c.away.Swap(true) {
		return
	}
	c.log.Warn("the event bus is away; events wait until it is back", "error", err)
}

// whenUp calls f each time the connection comes, and now if it is there. f must not block.
func (c *Connection) whenUp(f func()) {
	c.mu.Lock()
	c.onUp = append(c.onUp, f)
	up := c.up.Load()
	c.mu.Unlock()
	if up {
		f()
	}
}

// check returns domain.ErrUnavailable while there is no connection.
func (c *Connection) check() error {
	if !c.up.Load() {
		return domain.ErrUnavailable.Because(errNotConnected)
	}
	return nil
}

// Close sends what is still to be sent and ends the connection, when ctx ends at the latest.
func (c *Connection) Close(ctx context.Context) error {
	if c.closing.Swap(true) {
		return nil
	}
	// While the bus is away there is nothing to drain, and Drain closes at once.
	if err := c.nc.Drain(); err != nil && !errors.Is(err, natsgo.ErrConnectionReconnecting) {
		c.nc.Close()
		return fmt.Errorf("event bus: %w", err)
	}
	select {
	case <-c.closed:
		return nil
	case <-ctx.Done():
		c.nc.Close()
		return fmt.Errorf("event bus: %w", ctx.Err())
	}
}
