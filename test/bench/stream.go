package main

import (
	"context"
	"errors"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// streamName is the service's stream.
const streamName = "USER_EVENTS"

// dial connects to a bus and waits for a stream on it. The caller ends the connection.
func dial(ctx context.Context, url, name string) (*natsgo.Conn, jetstream.JetStream, jetstream.Stream, error) {
	nc, err := natsgo.Connect(url)
	if err != nil {
		return nil, nil, nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		stream, err := js.Stream(ctx, name)
		if err == nil {
			return nc, js, stream, nil
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) || !pause(ctx, 10*time.Millisecond) {
			nc.Close()
			return nil, nil, nil, err
		}
	}
}

// pause reports whether ctx leaves that much time.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// awaitSequence waits until the stream has the message of that sequence.
func awaitSequence(ctx context.Context, s jetstream.Stream, last uint64) error {
	for {
		info, err := s.Info(ctx)
		if err != nil {
			return err
		}
		if info.State.LastSeq >= last {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// rate is the messages per second between two of a stream, by the server's clock at the
// arrival of each.
func rate(ctx context.Context, s jetstream.Stream, first, last uint64) (perSecond float64, begun time.Time, err error) {
	a, err := s.GetMsg(ctx, first)
	if err != nil {
		return 0, time.Time{}, err
	}
	b, err := s.GetMsg(ctx, last)
	if err != nil {
		return 0, time.Time{}, err
	}
	return float64(last-first) / b.Time.Sub(a.Time).Seconds(), a.Time, nil
}
