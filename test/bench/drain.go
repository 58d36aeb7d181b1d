package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	backlog     = 20_000 // events
	drainWithin = 3 * time.Minute
)

// drain measures how fast a backlog gets into the stream when the bus is back, beside a
// process that has nothing to do but to publish as many messages, equally long, to a stream of
// the same settings on the same server.
func (l *lab) drain(ctx context.Context) ([]row, error) {
	var events, away series
	for range l.rounds {
		l.noise.sample(ctx)
		ours, back, err := l.drainOnce(ctx)
		if err != nil {
			return nil, err
		}
		l.noise.sample(ctx)
		bare, err := l.barePublisher(ctx)
		if err != nil {
			return nil, err
		}
		events.add(ours, bare)
		away.add(milliseconds(back), 0)
	}
	return []row{
		events.row(fmt.Sprintf("backlog of %d events / bare async publisher", backlog), "/s").atLeast(0.80),
		away.row("  bus back to the first event of it", "ms"),
	}, nil
}

// drainOnce returns the rate and how long after the bus's return the first event came.
func (l *lab) drainOnce(ctx context.Context) (perSecond float64, back time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	before, err := l.lastSequence(ctx)
	if err != nil {
		return 0, 0, err
	}
	l.bus.stop()
	if err := l.fillOutbox(ctx); err != nil {
		return 0, 0, err
	}
	if err := l.bus.start(); err != nil {
		return 0, 0, err
	}
	returned := time.Now()
	nc, _, stream, err := dial(ctx, l.bus.url(), streamName)
	if err != nil {
		return 0, 0, err
	}
	defer nc.Close()
	if err := awaitSequence(ctx, stream, before+backlog); err != nil {
		return 0, 0, err
	}
	perSecond, begun, err := rate(ctx, stream, before+1, before+backlog)
	return perSecond, max(0, begun.Sub(returned)), err
}

// lastSequence waits until the service's stream has the registrations.
func (l *lab) lastSequence(ctx context.Context) (uint64, error) {
	nc, _, stream, err := dial(ctx, l.bus.url(), streamName)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	if err := awaitSequence(ctx, stream, connections); err != nil {
		return 0, err
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.LastSeq, nil
}

// fillOutbox leaves events of as many users waiting, as their transactions would.
func (l *lab) fillOutbox(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, l.database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	columns := []string{"id", "user_id", "version", "action", "email", "username", "request_id", "occurred_at"}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"outbox_events"}, columns, pgx.CopyFromSlice(backlog, func(i int) ([]any, error) {
		id, err := uuid.NewV7()
		return []any{
			id.String(), uuid.NewString(), 1, "created", fmt.Sprintf("waiting%d@example.com", i), fmt.Sprintf("waiting%d", i),
			uuid.NewString(), time.Now(),
		}, err
	}))
	return err
}

// bareStream is where the bare publisher publishes.
const bareStream = "BARE"

// barePublisher returns the rate of the yardstick. It counts as ours does: by the server's
// clock, from the first message to the last.
func (l *lab) barePublisher(ctx context.Context) (perSecond float64, err error) {
	nc, js, events, err := dial(ctx, l.bus.url(), streamName)
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	settings := events.CachedInfo().Config
	settings.Name, settings.Subjects = bareStream, []string{"bare.*"}
	stream, err := js.CreateStream(ctx, settings)
	if err != nil {
		return 0, err
	}
	p, err := l.yardstick("publisher", "NATS_URL="+l.bus.url())
	if err != nil {
		return 0, err
	}
	if err := p.wait(ctx); err != nil {
		_ = p.stop() // what is wrong with it is in err
		return 0, err
	}
	if err := awaitSequence(ctx, stream, backlog); err != nil {
		return 0, err
	}
	if perSecond, _, err = rate(ctx, stream, 1, backlog); err != nil {
		return 0, err
	}
	return perSecond, js.DeleteStream(ctx, bareStream)
}

// publishBare publishes messages like the newest of the service's, without looking back.
func publishBare(ctx context.Context, js jetstream.JetStream, events jetstream.Stream) error {
	like, err := events.GetMsg(ctx, events.CachedInfo().State.LastSeq)
	if err != nil {
		return err
	}
	for range backlog {
		if _, err := js.PublishMsgAsync(copyOf(like), jetstream.WithStallWait(time.Minute)); err != nil {
			return err
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
