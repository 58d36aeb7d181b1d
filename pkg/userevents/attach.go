package userevents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// place is how far a Run has come, in which stream.
type place struct {
	stream time.Time // when the stream was made; zero before the first
	behind uint64    // the sequence of the last event that was dealt with
}

// attach finds the durable consumer or makes it.
func (r *run) attach(ctx context.Context) (jetstream.Consumer, error) {
	if r.Conn.IsClosed() {
		return nil, fmt.Errorf("%w: the connection is closed", ErrUnusable)
	}
	if !r.Conn.IsConnected() {
		return nil, ErrBusAway
	}
	stream, err := r.js.Stream(ctx, r.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("%w: %s", ErrNoStream, r.Stream)
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", r.Stream, err)
	}
	durable, err := stream.Consumer(ctx, r.Durable)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		durable, err = r.create(ctx, stream.CachedInfo())
	case err == nil:
		durable, err = r.adopt(ctx, durable)
	}
	if err != nil {
		return nil, fmt.Errorf("durable %s: %w", r.Durable, err)
	}
	r.place.stream = stream.CachedInfo().Created
	return durable, nil
}

// create makes the durable. If it was lost under a Run it goes on behind what that has dealt
// with, or begins with all of the stream if that is another one now.
func (r *run) create(ctx context.Context, stream *jetstream.StreamInfo) (jetstream.Consumer, error) {
	from := r.From
	if !r.place.stream.IsZero() {
		from = All
		if stream.Created.Equal(r.place.stream) {
			from = After(r.place.behind)
		}
	}
	cfg := r.shape(jetstream.ConsumerConfig{Durable: r.Durable, AckPolicy: jetstream.AckExplicitPolicy})
	var behind uint64
	cfg.DeliverPolicy, cfg.OptStartSeq, behind = from.position(stream.State)
	durable, err := r.js.CreateConsumer(ctx, r.Stream, cfg)
	if err == nil {
		r.place.behind = behind
	}
	return durable, err
}

// adopt takes a durable that exists, and gives it the settings that order depends on.
func (r *run) adopt(ctx context.Context, durable jetstream.Consumer) (jetstream.Consumer, error) {
	info := durable.CachedInfo()
	r.place.behind = info.AckFloor.Stream
	is := info.Config
	if is.AckPolicy != jetstream.AckExplicitPolicy || is.DeliverSubject != "" {
		return nil, fmt.Errorf("%w: it exists and is not a pull consumer with explicit acknowledgements", ErrUnusable)
	}
	if is.MaxAckPending == 1 && is.MaxDeliver == -1 && is.AckWait == r.ackWait && len(is.BackOff) == 0 {
		return durable, nil
	}
	return r.js.UpdateConsumer(ctx, r.Stream, r.shape(is))
}

// shape returns cfg with what order depends on: one event at a time, whichever instance has
// it, and again until it is dealt with.
func (r *run) shape(cfg jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	cfg.MaxAckPending, cfg.MaxDeliver, cfg.AckWait, cfg.BackOff = 1, -1, r.ackWait, nil
	return cfg
}
