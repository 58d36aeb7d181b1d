// Package nats is the event bus: it publishes events to a JetStream stream, which it makes
// where there is none, and runs a server in this process for those who have no other.
package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

// PublisherDeps is what a Publisher needs. Every field but OnReady is required.
type PublisherDeps struct {
	Connection *Connection
	Settings   StreamSettings
	Metrics    *metrics.Metrics
	Log        *slog.Logger

	// OnReady is called whenever events can flow again: at the first connection and after
	// each absence of the bus. It must not block.
	OnReady func()
}

// Publisher puts events into the stream. It works from the moment it is made; while the bus
// is away, what is published fails at once.
type Publisher struct {
	PublisherDeps
	stream *stream
	came   chan struct{} // the connection came
	stop   context.CancelFunc
	done   sync.WaitGroup
}

var _ services.EventPublisher = (*Publisher)(nil)

// NewPublisher returns a Publisher, which works until Close.
func NewPublisher(d PublisherDeps) *Publisher {
	ctx, stop := context.WithCancel(context.Background())
	p := &Publisher{
		PublisherDeps: d,
		stream:        newStream(d.Connection.js, d.Settings, d.Log),
		came:          make(chan struct{}, 1),
		stop:          stop,
	}
	p.done.Go(func() { p.watch(ctx) })
	d.Connection.whenUp(func() {
		p.stream.doubt() // the bus may have lost its files meanwhile, or be another one
		select {
		case p.came <- struct{}{}:
		default: // it is about to look anyway
		}
	})
	return p
}

// Close ends the watch over the stream. The connection is the caller's.
func (p *Publisher) Close() {
	p.stop()
	p.done.Wait()
}

// Stream asks the bus what the stream holds. While the bus does not answer the error is
// domain.ErrUnavailable.
func (p *Publisher) Stream(ctx context.Context) (models.StreamState, error) {
	state, _, err := p.inspect(ctx)
	return state, err
}

func (p *Publisher) inspect(ctx context.Context) (models.StreamState, []string, error) {
	if err := p.Connection.check(); err != nil {
		return models.StreamState{}, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.Connection.ackTimeout)
	defer cancel()
	return p.stream.inspect(ctx)
}

// Publish sends the events together and waits for their acknowledgements. An event whose
// result is an error may be in the stream all the same: publish it again, and the stream
// drops the repeat. While the bus is away, and where it was or something failed since Stream
// told of the given state, the errors are domain.ErrUnavailable.
func (p *Publisher) Publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent) []services.PublishResult {
	results := make([]services.PublishResult, len(events))
	if len(events) == 0 {
		return results
	}
	if err := cmp.Or(p.Connection.check(), p.stream.check(stream)); err != nil {
		for i := range results {
			results[i].Err = err
		}
	} else {
		p.publish(ctx, stream, events, results)
	}
	for i, e := range events {
		outcome := "ok"
		if results[i].Err != nil {
			outcome = "error"
			p.stream.doubt() // it may be gone, even where the error does not say so
		}
		p.Metrics.EventsPublished.WithLabelValues(string(e.Action), outcome).Inc()
	}
	return results
}

// publish sends as many events together as are of different users. A user's next event goes
// out when the one before is acknowledged, and not at all when that failed: the stream would
// have the two in the wrong order.
func (p *Publisher) publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent, results []services.PublishResult) {
	failed := make(map[string]error)
	for begin := 0; begin < len(events); {
		end := begin + differentUsers(events[begin:])
		sent := p.sendAll(ctx, events[begin:end], results[begin:end], failed)
		p.awaitAll(ctx, sent)
		p.replace(ctx, stream, sent)
		for i := begin; i < end; i++ {
			if err := results[i].Err; err != nil {
				failed[events[i].UserID] = err
			}
		}
		begin = end
	}
}

// maxInFlight is how many events may wait for their acks; from 10,000 on the server drops.
const maxInFlight = 4096

// differentUsers returns how many of the first events can go out together.
func differentUsers(events []models.OutboxEvent) int {
	seen := make(map[string]struct{}, min(len(events), maxInFlight))
	for i, e := range events {
		if _, again := seen[e.UserID]; again || i == maxInFlight {
			return i
		}
		seen[e.UserID] = struct{}{}
	}
	return len(events)
}

// pending is an event on its way.
type pending struct {
	event     models.OutboxEvent
	result    *services.PublishResult // to be filled in
	ack       jetstream.PubAckFuture
	since     time.Time
	duplicate bool // the stream took it for a repeat
}

// sendAll sends the events but those whose users are among failed, and returns what is on its
// way. What could not be sent has its result.
func (p *Publisher) sendAll(ctx context.Context, events []models.OutboxEvent, results []services.PublishResult, failed map[string]error) []pending {
	sent := make([]pending, 0, len(events))
	var away error
	for i, e := range events {
		if results[i].Err = cmp.Or(away, failed[e.UserID]); results[i].Err != nil {
			continue
		}
		s, err := p.send(ctx, e, e.ID)
		if err != nil {
			results[i].Err = err
			if errors.Is(err, domain.ErrUnavailable) {
				away = err // each further try could take as long as a write may
			}
			continue
		}
		s.result = &results[i]
		sent = append(sent, s)
	}
	return sent
}

// send sends an event under the given Nats-Msg-Id.
func (p *Publisher) send(ctx context.Context, e models.OutboxEvent, id string) (pending, error) {
	if err := ctx.Err(); err != nil {
		return pending{}, domain.ErrUnavailable.Because(err)
	}
	e.ID = id
	m, err := message(p.Settings.Subject, e)
	if err != nil {
		return pending{}, err
	}
	since := time.Now()
	// No retries in the library: they would go on after this call is over.
	ack, err := p.Connection.js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0))
	if err != nil {
		return pending{}, publishError(err)
	}
	return pending{event: e, ack: ack, since: since}, nil
}

var errNoAck = errors.New("the event bus acknowledges nothing")

// awaitAll waits for the acknowledgements as long as some come: a full batch may well take a
// slow disk longer than one message may take.
func (p *Publisher) awaitAll(ctx context.Context, sent []pending) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	silence := time.AfterFunc(p.Connection.ackTimeout, func() { giveUp(errNoAck) })
	defer silence.Stop()
	for i := range sent {
		*sent[i].result = p.await(ctx, &sent[i])
		silence.Reset(p.Connection.ackTimeout)
	}
}

// await returns when the event is acknowledged or refused, or ctx ends.
func (p *Publisher) await(ctx context.Context, s *pending) services.PublishResult {
	select {
	case ack := <-s.ack.Ok():
		p.Metrics.PublishDuration.Observe(time.Since(s.since).Seconds())
		if ack.Stream != p.Settings.Name {
			return services.PublishResult{Err: fmt.Errorf("publish event: stream %s acknowledged it, not %s", ack.Stream, p.Settings.Name)}
		}
		s.duplicate = ack.Duplicate
		return services.PublishResult{StreamSequence: ack.Sequence}
	case err := <-s.ack.Err():
		return services.PublishResult{Err: publishError(err)}
	case <-ctx.Done():
		return services.PublishResult{Err: publishError(context.Cause(ctx))}
	}
}

// publishError tells what is wrong with an event from what is wrong with the bus.
func publishError(err error) error {
	err = fmt.Errorf("publish event: %w", err)
	if errors.Is(err, natsgo.ErrBadSubject) || errors.Is(err, natsgo.ErrMaxPayload) {
		return err
	}
	return domain.ErrUnavailable.Because(err)
}

// Check tells how the bus is, in words that may be shown to anybody: "ok", "differs: …" for a
// stream that works but is not as configured, or, with an error for the log, "down: …". It
// makes the stream where there is none, as the relay would.
func (p *Publisher) Check(ctx context.Context) (detail string, err error) {
	if err := p.Connection.check(); err != nil {
		return "down: not connected", err
	}
	_, differences, err := p.inspect(ctx)
	if fault, ok := errors.AsType[*streamFault](err); ok {
		return "down: " + fault.detail, err
	}
	if err != nil {
		return "down: no answer", err
	}
	if len(differences) > 0 {
		return "differs: stream " + p.Settings.Name + ": " + strings.Join(differences, "; "), nil
	}
	return "ok", nil
}
