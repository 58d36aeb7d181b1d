package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/valyala/fasthttp"
)

const (
	changes  = 100                   // in a round
	breather = 20 * time.Millisecond // between two changes: the relay is idle again
)

// latency measures how long after its answer a single change reaches a subscriber of the
// stream, on both databases.
func (l *lab) latency(ctx context.Context) ([]row, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	embedded, err := l.serve(ctx, "embedded", "NATS_EMBEDDED_ADDR="+address)
	if err != nil {
		return nil, err
	}
	users, err := embedded.register(ctx, 1)
	if err != nil {
		return nil, err
	}
	subjects := []struct {
		name string
		s    *service
		bus  string
		user user
	}{{"PostgreSQL", l.service, l.bus.url(), l.users[0]}, {"embedded", embedded, "nats://" + address, users[0]}}
	p50, p99 := make([]series, len(subjects)), make([]series, len(subjects))
	for round := range l.rounds {
		for i, of := range subjects {
			l.noise.sample(ctx)
			took, err := latencyOnce(ctx, of.s, of.bus, of.user, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", of.name, err)
			}
			p50[i].add(percentile(took, 50), 0)
			p99[i].add(percentile(took, 99), 0)
		}
	}
	var rows []row
	for i, of := range subjects {
		rows = append(rows,
			p50[i].row("change answered to subscriber, "+of.name+": p50", "ms"),
			p99[i].row("  p99", "ms").atMost(20))
	}
	return rows, nil
}

// arrival is when the event of a username came.
type arrival struct {
	username string
	at       time.Time
}

// latencyOnce renames a user again and again. What arrives before the answer does counts as 0.
func latencyOnce(ctx context.Context, s *service, bus string, u user, round int) ([]time.Duration, error) {
	arrivals, stop, err := subscribe(ctx, bus)
	if err != nil {
		return nil, err
	}
	defer stop()
	client := newClient(s.address)
	defer client.CloseIdleConnections()
	var response fasthttp.Response
	var took []time.Duration
	for i := range changes {
		username := fmt.Sprintf("renamed-%d-%d", round, i)
		if err := exchange(client, s.rename(u, username), &response); err != nil {
			return nil, err
		}
		answered := time.Now()
		at, err := arrivalOf(ctx, arrivals, username)
		if err != nil {
			return nil, err
		}
		took = append(took, max(0, at.Sub(answered)))
		if !pause(ctx, breather) {
			return nil, ctx.Err()
		}
	}
	return took, nil
}

// subscribe takes what is new in the stream, as a service that consumes the events would.
func subscribe(ctx context.Context, bus string) (_ <-chan arrival, stop func(), err error) {
	nc, js, _, err := dial(ctx, bus, streamName)
	if err != nil {
		return nil, nil, err
	}
	consumer, err := js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy})
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	arrivals := make(chan arrival, changes)
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		at := time.Now()
		var event struct{ Username string }
		if json.Unmarshal(m.Data(), &event) == nil {
			arrivals <- arrival{event.Username, at}
		}
	})
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return arrivals, func() { consuming.Stop(); nc.Close() }, nil
}

// arrivalOf waits for the event of a username.
func arrivalOf(ctx context.Context, arrivals <-chan arrival, username string) (time.Time, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case a := <-arrivals:
			if a.username == username {
				return a.at, nil
			}
		case <-late.C:
			return time.Time{}, errors.New("an event does not arrive")
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
