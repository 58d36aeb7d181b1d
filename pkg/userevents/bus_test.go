package userevents

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is far more than anything here takes.
const patience = time.Minute

const streamName = "USER_EVENTS"

// startBus starts a server; port -1 is a free one.
func startBus(t testing.TB, port int, dir string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopBus(s) })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server did not start")
	}
	return s
}

func stopBus(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// sender puts messages into the stream as the auth service does.
type sender struct {
	js jetstream.JetStream
}

func newSender(t testing.TB, bus *server.Server) sender {
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
	return sender{js}
}

// makeStream makes the stream. The server clears the files of one that was deleted a moment ago
// behind its answer, and cannot make another meanwhile.
func (s sender) makeStream(t testing.TB) {
	t.Helper()
	deadline := time.After(patience)
	for {
		_, err := s.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: streamName, Subjects: []string{"user.events.*"}})
		if err == nil {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatal(err)
		}
	}
}

// send publishes events of versions first to last.
func (s sender) send(t testing.TB, first, last int) {
	t.Helper()
	for v := first; v <= last; v++ {
		s.message(t, map[string]string{"User-Version": fmt.Sprint(v), "Nats-Msg-Id": fmt.Sprint("event-", v)}, adasBody)
	}
}

// message publishes a message with adasHeaders changed.
func (s sender) message(t testing.TB, change map[string]string, body string) {
	t.Helper()
	m := &natsgo.Msg{Subject: "user.events.updated", Header: adasHeaders(), Data: []byte(body)}
	for name, v := range change {
		m.Header[name] = []string{v}
	}
	if _, err := s.js.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// awaitAcks waits until the durable social is behind a sequence.
func (s sender) awaitAcks(t testing.TB, sequence uint64) {
	t.Helper()
	deadline := time.After(patience)
	for {
		durable, err := s.js.Consumer(t.Context(), streamName, "social")
		if err != nil {
			t.Fatal(err)
		}
		if durable.CachedInfo().AckFloor.Stream == sequence {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the durable is at %+v, not behind %d", durable.CachedInfo(), sequence)
		}
	}
}

// reader is a Consumer that runs.
type reader struct {
	events  chan Event
	reports chan error
	ready   chan struct{}
	stop    func() error // ends Run and returns what it returned
}

// startReader runs a Consumer called social that is changed by change.
func startReader(t testing.TB, url string, change func(*Consumer)) *reader {
	t.Helper()
	nc, err := Connect(url, t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{events: make(chan Event, 10_000), reports: make(chan error, 10_000), ready: make(chan struct{}, 10_000)}
	c := Consumer{
		Conn: nc, Stream: streamName, Durable: "social",
		Handle: func(_ context.Context, e Event) error { r.events <- e; return nil },
		Report: func(err error) { r.reports <- err },
		Ready:  func() { r.ready <- struct{}{} },
	}
	if change != nil {
		change(&c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		defer nc.Close()
		select {
		case err := <-result:
			return err
		case <-time.After(patience):
			return context.DeadlineExceeded
		}
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	return r
}

func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come within %v", what, patience)
		panic("unreachable")
	}
}

// expect receives the events of versions first to last, in order and nothing else.
func (r *reader) expect(t testing.TB, first, last int) {
	t.Helper()
	for v := first; v <= last; v++ {
		if e := receive(t, fmt.Sprint("event ", v), r.events); e.Version != int64(v) {
			t.Fatalf("received version %d, want %d", e.Version, v)
		}
	}
	if len(r.events) > 0 {
		t.Fatalf("received %+v after version %d", <-r.events, last)
	}
}

func (r *reader) expectReport(t testing.TB, parts ...string) {
	t.Helper()
	text := receive(t, "a report", r.reports).Error()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("reported %q, want %q in it", text, part)
		}
	}
}
