package userevents

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	askFor      = 100
	heartbeat   = 2 * time.Second // by which the server shows that it still has our request
	drainWait   = time.Second
	firstRetry  = 100 * time.Millisecond
	longestBack = 10 * time.Second
)

// read handles events until ctx ends or the durable cannot be read.
func (r *run) read(ctx context.Context, durable jetstream.Consumer) error {
	// However many are asked for, the durable gives the next only when the one before is dealt
	// with. Asking for one alone would stall where the library misses its turn to ask again.
	messages, err := durable.Messages(jetstream.PullMaxMessages(askFor), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer giveBack(messages)
	for {
		m, err := r.next(ctx, messages)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if ctx.Err() != nil {
			return m.Nak()
		}
		// A bus that was away may have come back with less than it had.
		if r.Conn.Stats().Reconnects != r.connection {
			_ = m.Nak() // in vain it comes again a little later
			return errLookAgain
		}
		if err := r.deal(ctx, m); err != nil {
			return err
		}
	}
}

// next waits for a message. Where none comes for a while it returns nil, unless there is
// something to bootstrap: events that went while nobody could read them leave no other trace.
func (r *run) next(ctx context.Context, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	if r.Position == nil {
		return messages.Next(jetstream.NextContext(ctx))
	}
	quiet, cancel := context.WithTimeout(ctx, r.quiet)
	defer cancel()
	m, err := messages.Next(jetstream.NextContext(quiet))
	if err == nil || quiet.Err() == nil || ctx.Err() != nil {
		return m, err
	}
	_, gap, err := r.compare(ctx)
	if err == nil && gap != nil {
		err = errLookAgain
	}
	return nil, err
}

// giveBack stops reading, and lets go at once what came in the last moment: else it would be
// nobody's until the server gave up waiting.
func giveBack(messages jetstream.MessagesContext) {
	messages.Drain()
	for {
		m, err := messages.Next(jetstream.NextMaxWait(drainWait))
		if err != nil {
			return
		}
		_ = m.Nak() // in vain it comes again a little later
	}
}

// deal handles one message and tells the server how that went. It returns an error where the
// server cannot be told.
func (r *run) deal(ctx context.Context, m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	at := Position{Stream: r.place.Stream, Sequence: meta.Sequence.Stream, Time: meta.Timestamp}
	event, err := Decode(m.Headers(), m.Data())
	if err == nil {
		event.StreamSequence, event.Position = at.Sequence, at
		err = r.handle(ctx, m, event)
	}
	switch {
	case err == nil:
		r.place = at
		return m.Ack()
	case ctx.Err() != nil:
		return m.Nak() // nothing is wrong with it: another instance takes it at once
	case errors.Is(err, ErrGap) && r.Position != nil:
		r.ahead = at
		_ = m.Nak() // in vain it comes again a little later
		return errLookAgain
	}
	r.Report(fmt.Errorf("event %d of stream %s: %w", at.Sequence, r.Stream, err))
	if errors.Is(err, ErrMalformed) {
		r.place = at
		return m.Term()
	}
	return m.NakWithDelay(retryDelay(meta.NumDelivered))
}

// retryDelay is how long an event waits that was delivered so many times in vain.
func retryDelay(delivered uint64) time.Duration {
	return min(firstRetry<<min(max(delivered, 1)-1, 10), longestBack)
}

// handle calls Handle, and keeps the server from giving the event to another instance as long
// as that takes.
func (r *run) handle(ctx context.Context, m jetstream.Msg, e Event) error {
	finished := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() {
		tick := time.NewTicker(r.ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = m.InProgress() // in vain the event comes twice
			case <-finished:
				return
			}
		}
	})
	defer keeper.Wait()
	defer close(finished)
	return r.Handle(ctx, e)
}
