package nats

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain/models"
)

// BenchmarkDrain compares a Publisher, batch by batch as the relay calls it, with a bare
// asynchronous JetStream publisher of equally long messages without headers or waits: the
// same server, connection and stream settings, in turns, so that a slow moment of the disk
// hits both. bare/s and ours/s are messages a second.
func BenchmarkDrain(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, batch := range []int{100, 500, 1000, 2000} {
			b.Run(fmt.Sprintf("sync=%v/batch=%d", sync, batch), func(b *testing.B) { benchmarkDrain(b, sync, batch) })
		}
	}
}

// backlog is what is drained in one turn.
const backlog = 4000

func benchmarkDrain(b *testing.B, sync bool, batch int) {
	bus, err := startEmbedded(
		EmbeddedOptions{Addr: "127.0.0.1:0", StoreDir: b.TempDir(), Log: slog.New(slog.DiscardHandler)},
		func(o *server.Options) { o.SyncAlways = sync })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bus.Shutdown)
	f := newFixture(b, connect(b, ConnectOptions{URL: bus.ClientURL(), AckTimeout: time.Minute}), userEvents)
	f.awaitReady(b)
	bare := newBare(b, bus)

	var ours, theirs time.Duration
	for b.Loop() {
		events := newEvents(backlog)
		begin := time.Now()
		for first := 0; first < backlog; first += batch {
			for _, r := range f.Publish(b.Context(), events[first:min(first+batch, backlog)]) {
				if r.Err != nil {
					b.Fatal(r.Err)
				}
			}
		}
		ours += time.Since(begin)

		begin = time.Now()
		bare.publish(b, events)
		theirs += time.Since(begin)
	}
	n := float64(b.N * backlog)
	b.ReportMetric(n/theirs.Seconds(), "bare/s")
	b.ReportMetric(n/ours.Seconds(), "ours/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op")
}

// barePublisher is the least that gets a message into a stream.
type barePublisher struct {
	js jetstream.JetStream
}

func newBare(b *testing.B, bus *Embedded) barePublisher {
	nc, err := natsgo.Connect(bus.ClientURL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(maxInFlight))
	if err != nil {
		b.Fatal(err)
	}
	settings := userEvents
	settings.Name, settings.Subject = "BARE", "bare"
	makeStream(b, js, settings.config())
	return barePublisher{js}
}

func (p barePublisher) publish(b *testing.B, events []models.OutboxEvent) {
	m, err := message("bare", events[0])
	if err != nil {
		b.Fatal(err)
	}
	for range events {
		if _, err := p.js.PublishAsync("bare.created", m.Data, jetstream.WithStallWait(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	<-p.js.PublishAsyncComplete()
}
