package nats

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// patience is far more than anything here takes.
const patience = time.Minute

// userEvents is the stream as the configuration's defaults have it.
var userEvents = StreamSettings{Name: "USER_EVENTS", Subject: "user.events", Replicas: 1, MaxAge: 168 * time.Hour}

// logBook is a log that a test can read.
type logBook struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines.String()
}

func (b *logBook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// startBus starts a server on a free port.
func startBus(t testing.TB) *Embedded {
	t.Helper()
	return startBusAt(t, "127.0.0.1:0", t.TempDir())
}

func startBusAt(t testing.TB, addr, dir string) *Embedded {
	t.Helper()
	bus, err := StartEmbedded(EmbeddedOptions{Addr: addr, StoreDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("StartEmbedded() = %v", err)
	}
	t.Cleanup(bus.Shutdown)
	return bus
}

// address is where the bus listens, without the scheme.
func address(bus *Embedded) string { return strings.TrimPrefix(bus.ClientURL(), "nats://") }

// freeAddress returns an address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func connect(t testing.TB, o ConnectOptions) *Connection {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = patience // a busy disk is not what is tested
	}
	o.Name = t.Name()
	c, err := Connect(o)
	if err != nil {
		t.Fatalf("Connect() = %v", err)
	}
	t.Cleanup(func() { closeConnection(t, c) })
	return c
}

func closeConnection(t testing.TB, c *Connection) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// fixture is a Publisher with what it tells.
type fixture struct {
	*Publisher
	ready chan struct{}
	log   *logBook
}

func newFixture(t testing.TB, c *Connection, s StreamSettings) fixture {
	t.Helper()
	f := fixture{ready: make(chan struct{}, 100), log: new(logBook)}
	f.Publisher = NewPublisher(PublisherDeps{
		Connection: c, Settings: s, Metrics: metrics.New("test"), Log: f.log.logger(),
		OnReady: func() { f.ready <- struct{}{} },
	})
	t.Cleanup(f.Close)
	return f
}

func (f fixture) awaitReady(t testing.TB) {
	t.Helper()
	select {
	case <-f.ready:
	case <-time.After(patience):
		t.Fatalf("events cannot flow after %v; the log:\n%s", patience, f.log)
	}
}

// Publish publishes events as one does who has looked at the stream a moment ago.
func (f fixture) Publish(ctx context.Context, events []models.OutboxEvent) []services.PublishResult {
	return f.Publisher.Publish(ctx, models.StreamState{Look: f.stream.doubts.Load()}, events)
}

// send publishes events as the relay does, and returns what became of them.
func (f fixture) send(t testing.TB, events ...models.OutboxEvent) []services.PublishResult {
	t.Helper()
	state, err := f.Stream(t.Context())
	if err != nil {
		return slices.Repeat([]services.PublishResult{{Err: err}}, len(events))
	}
	return f.Publisher.Publish(t.Context(), state, events)
}

// publish publishes events that must all be acknowledged, and returns their sequences.
func (f fixture) publish(t testing.TB, events ...models.OutboxEvent) []uint64 {
	t.Helper()
	var out []uint64
	for i, r := range f.send(t, events...) {
		if r.Err != nil {
			t.Fatalf("event %d: %v", i, r.Err)
		}
		out = append(out, r.StreamSequence)
	}
	return out
}

// publishAtLast publishes an event again and again, as the relay does, until it is
// acknowledged, and returns its sequence.
func (f fixture) publishAtLast(t testing.TB, e models.OutboxEvent) uint64 {
	t.Helper()
	var result services.PublishResult
	eventually(t, "an acknowledgement", func() bool {
		result = f.send(t, e)[0]
		return result.Err == nil
	})
	return result.StreamSequence
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// operator is a client beside ours that may do anything.
func operator(t testing.TB, bus *Embedded) jetstream.JetStream {
	t.Helper()
	nc, err := natsgo.Connect(bus.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func makeStream(t testing.TB, js jetstream.JetStream, cfg jetstream.StreamConfig) {
	t.Helper()
	if _, err := js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

func streamInfo(t testing.TB, js jetstream.JetStream, name string) *jetstream.StreamInfo {
	t.Helper()
	s, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo()
}

var eventTime = time.Date(2026, 11, 23, 20, 4, 5, 678901000, time.UTC)

// newEvent is the first event of a new user.
func newEvent() models.OutboxEvent {
	id := uuid.Must(uuid.NewV7()).String()
	return models.OutboxEvent{
		ID: uuid.Must(uuid.NewV7()).String(), UserID: id, Version: 1, Action: models.ActionCreated,
		Email: "user" + id + "@example.com", Username: "user" + id[30:], RequestID: "r-1", OccurredAt: eventTime,
	}
}

func newEvents(n int) []models.OutboxEvent {
	events := make([]models.OutboxEvent, n)
	for i := range events {
		events[i] = newEvent()
		events[i].Username = fmt.Sprint("user", i)
	}
	return events
}
