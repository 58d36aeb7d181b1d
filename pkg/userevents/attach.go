package userevents

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// attach finds the durable consumer or makes it.
func (r *run) attach(ctx context.Context) (jetstream.Consumer, error) {
	if r.Conn.IsClosed() {
		return nil, fmt.Errorf("%w: the connection is closed", ErrUnusable)
	}
	if !r.Conn.IsConnected() {
		return nil, ErrBusAway
	}
	r.connection = r.Conn.Stats().Reconnects
	stream, err := r.js.Stream(ctx, r.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("%w: %s", ErrNoStream, r.Stream)
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", r.Stream, err)
	}
	r.stream = stream
	durable, err := r.find(ctx, stream)
	if err == nil && r.Position != nil {
		durable, err = r.follow(ctx, durable)
	} else if err == nil {
		durable, err = r.goOn(ctx, stream.CachedInfo(), durable)
	}
	if err != nil {
		return nil, fmt.Errorf("durable %s: %w", r.Durable, err)
	}
	return durable, nil
}

// find returns the durable, or nil where there is none.
func (r *run) find(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	durable, err := stream.Consumer(ctx, r.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if is := durable.CachedInfo().Config; is.AckPolicy != jetstream.AckExplicitPolicy || is.DeliverSubject != "" {
		return nil, fmt.Errorf("%w: it exists and is not a pull consumer with explicit acknowledgements", ErrUnusable)
	}
	return durable, nil
}

// goOn is for who keeps no position. A durable that was lost under a Run goes on behind what
// that has dealt with, or begins with all of the stream if that is another one now.
func (r *run) goOn(ctx context.Context, stream *jetstream.StreamInfo, durable jetstream.Consumer) (jetstream.Consumer, error) {
	if durable != nil {
		r.place = Position{Stream: stream.Created, Sequence: durable.CachedInfo().AckFloor.Stream}
		r.reportMissed(stream.State)
		return r.adopt(ctx, durable)
	}
	from := r.From
	if !r.place.Stream.IsZero() {
		from = All
		if stream.Created.Equal(r.place.Stream) {
			from = After(r.place.Sequence)
		}
	}
	durable, behind, err := r.create(ctx, from, stream.State)
	if err != nil {
		return nil, err
	}
	r.place = Position{Stream: stream.Created, Sequence: behind}
	r.reportMissed(stream.State)
	return durable, nil
}

// reportMissed tells what the stream does not have any more and nobody dealt with.
func (r *run) reportMissed(stream jetstream.StreamState) {
	if r.place.Sequence+1 < stream.FirstSeq {
		r.Report(fmt.Errorf("%w: events %d to %d of stream %s are gone", ErrMissed, r.place.Sequence+1, stream.FirstSeq-1, r.Stream))
		r.place.Sequence = stream.FirstSeq - 1
	}
}

// create makes the durable, and returns the sequence that it is behind.
func (r *run) create(ctx context.Context, from Start, stream jetstream.StreamState) (durable jetstream.Consumer, behind uint64, err error) {
	cfg := r.shape(jetstream.ConsumerConfig{Durable: r.Durable, AckPolicy: jetstream.AckExplicitPolicy})
	cfg.DeliverPolicy, cfg.OptStartSeq, behind = from.position(stream)
	durable, err = r.js.CreateConsumer(ctx, r.Stream, cfg)
	return durable, behind, err
}

// adopt gives a durable that exists the settings that order depends on.
func (r *run) adopt(ctx context.Context, durable jetstream.Consumer) (jetstream.Consumer, error) {
	is := durable.CachedInfo().Config
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
