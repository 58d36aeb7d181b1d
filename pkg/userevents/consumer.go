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
	ErrBusAway   = errors.New("the event bus is away")
	ErrNoStream  = errors.New("there is no event stream yet")
	ErrBootstrap = errors.New("the bootstrap failed")
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
	From    Start        // where a durable that does not exist yet begins; not used with Position

	// Handle applies an event. If it returns an error the event comes again, after 100 ms and
	// up to 10 s between later tries. It may take as long as it likes. Its context is Run's.
	Handle func(context.Context, Event) error

	// Position and Bootstrap make a copy of the users that is complete whenever it begins and
	// whatever the stream has lost. They come together; package userstore has both.
	//
	// Position returns where the copy is: the Event.Position that Handle, or the Gap.End or
	// Gap.Begin that Bootstrap, kept last, in the transaction with what it changed; zero if
	// there is none yet. The durable is led to it.
	//
	// Bootstrap is called before any event is read, and with nothing in work, where Position
	// is none; is in another stream than the present one; is not in it any more, because it
	// is shorter or has another event there; or where the events behind it are gone. It reads
	// the auth service's list of users, replaces the copy, and keeps Gap.End: what the list
	// held when Bootstrap was called contains every event up to there. (To go on with what
	// the stream has, it keeps Gap.Begin.) It changes nothing if the copy is not at Gap.Was
	// any more: then another instance was first. If it fails it is called again, after 100 ms
	// and up to 30 s between later tries.
	Position  func(context.Context) (Position, error)
	Bootstrap func(context.Context, Gap) error

	// Report is told what goes wrong, once for each cause: ErrBusAway, ErrNoStream and
	// ErrBootstrap while Run waits, ErrMissed for events that are gone, ErrMalformed for a
	// message that is skipped, ErrSchema for one that waits for a later version of this
	// package, and what Handle returns. It may be nil.
	Report func(error)

	// Ready is called when Run begins to read, and again after each time it had to wait. It
	// may be nil.
	Ready func()

	ackWait time.Duration // 0 is defaultAckWait
	quiet   time.Duration // 0 is defaultQuiet
}

// defaultAckWait is how long after a crash the event in work goes to another instance.
const defaultAckWait = 10 * time.Second

// defaultQuiet is how long no event comes until the stream is compared with the copy.
const defaultQuiet = 5 * time.Second

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
	if c.quiet == 0 {
		c.quiet = defaultQuiet
	}
	js, err := jetstream.New(c.Conn, jetstream.WithDefaultTimeout(answerTimeout))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	r := &run{Consumer: c, js: js}
	for wait := firstWait; ctx.Err() == nil; {
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
		if err == nil || ctx.Err() != nil {
			continue
		}
		if !errors.Is(err, errLookAgain) {
			r.reportOnce(err)
		}
		sleep(ctx, wait)
		wait = min(2*wait, longest(err))
	}
	r.flush()
	return nil
}

func (c Consumer) check() error {
	if c.Conn == nil || c.Handle == nil {
		return fmt.Errorf("%w: Conn and Handle are required", ErrUnusable)
	}
	if (c.Position == nil) != (c.Bootstrap == nil) {
		return fmt.Errorf("%w: Position and Bootstrap need each other", ErrUnusable)
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
	longestRest   = 30 * time.Second // before Bootstrap is called again
)

// longest is how long Run waits at most after an error.
func longest(err error) time.Duration {
	if errors.Is(err, ErrBootstrap) {
		return longestRest
	}
	return longestWait
}

// errLookAgain ends the reading for a look at where the stream and the copy are.
var errLookAgain = errors.New("look again")

// run is a Run under way.
type run struct {
	Consumer
	js           jetstream.JetStream
	stream       jetstream.Stream
	waitingFor   string    // what was last reported
	place        Position  // how far it has come, in which stream
	ahead        Position  // of the event before which others were missing, until a Bootstrap
	missed       string    // why the last Bootstrap began, until one succeeds
	bootstrapped time.Time // when the last Bootstrap ended
	connection   uint64    // how often the connection had come back when the stream was looked at
}

// reportOnce reports what Run waits for unless that is what it did already.
func (r *run) reportOnce(err error) {
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
