package userevents

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What Run waits for, as Report tells it.
var (
	ErrBusAway  = errors.New("the event bus is away")
	ErrNoStream = errors.New("there is no event stream yet")
)

// ErrUnusable says that Run can never work: a field is missing or no name, the durable is of
// another kind, or the connection was closed.
var ErrUnusable = errors.New("the consumer cannot be used")

// Consumer reads the events of a stream, each once or more often. The fields down to Handle
// are required, but for From.
type Consumer struct {
	Conn    *natsgo.Conn // from Connect
	Stream  string       // NATS_STREAM_NAME of the auth service, by default USER_EVENTS
	Durable string       // the name of the service that reads, its own
	From    Start        // where a durable that does not exist yet begins

	// Handle applies an event. If it returns an error the event comes again, after 100 ms and
	// up to 10 s between later tries. It may take as long as it likes. Its context is Run's.
	Handle func(context.Context, Event) error

	// Report is told what goes wrong, once for each cause: ErrBusAway and ErrNoStream while
	// Run waits, ErrMalformed for a message that is skipped, ErrSchema for one that waits
	// for a later version of this package, and what Handle returns. It may be nil.
	Report func(error)

	// Ready is called when Run begins to read, and again after each time it had to wait. It
	// may be nil.
	Ready func()

	ackWait time.Duration // 0 is defaultAckWait
}

// defaultAckWait is how long after a crash the event in work goes to another instance.
const defaultAckWait = 10 * time.Second

// Run handles events until ctx ends, and then returns nil. It waits for the bus and for the
// stream, and survives their loss. It returns ErrUnusable at once.
func (c Consumer) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.Ready == nil {
		c.Ready = func() {}
	}
	if c.ackWait == 0 {
		c.ackWait = defaultAckWait
	}
	js, err := jetstream.New(c.Conn, jetstream.WithDefaultTimeout(answerTimeout))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	r := &run{Consumer: c, js: js}
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, longestWait) {
		durable, err := r.attach(ctx)
		if err == nil {
			r.waitingFor = ""
			wait = firstWait
			c.Ready()
			err = r.read(ctx, durable)
		}
		if errors.Is(err, ErrUnusable) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			r.reportWaiting(err)
			sleep(ctx, wait)
		}
	}
	r.flush()
	return nil
}

func (c Consumer) check() error {
	if c.Conn == nil || c.Handle == nil {
		return fmt.Errorf("%w: Conn and Handle are required", ErrUnusable)
	}
	for what, name := range map[string]string{"stream": c.Stream, "durable": c.Durable} {
		if name == "" || strings.ContainsAny(name, " \t\r\n.*>/\\") {
			return fmt.Errorf("%w: the %s needs a name without spaces, dots, slashes, * and >", ErrUnusable, what)
		}
	}
	return nil
}

const (
	answerTimeout = 5 * time.Second
	firstWait     = 100 * time.Millisecond // before the bus is asked again
	longestWait   = 2 * time.Second
)

// run is a Run under way.
type run struct {
	Consumer
	js         jetstream.JetStream
	waitingFor string // what was last reported
	place      place
}

// reportWaiting reports what Run waits for unless that is what it did already.
func (r *run) reportWaiting(err error) {
	if text := err.Error(); text != r.waitingFor {
		r.waitingFor = text
		r.Report(err)
	}
}

// flush sends the last acknowledgement before the connection is closed.
func (r *run) flush() {
	if r.Conn.IsConnected() {
		// In vain it is the same as a crash: the last event comes again.
		_ = r.Conn.FlushTimeout(time.Second)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
