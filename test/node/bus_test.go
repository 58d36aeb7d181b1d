package node

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/harness"
)

const streamName = "USER_EVENTS"

// bus is a NATS server that can go away and come back.
type bus struct {
	url     string
	options *server.Options
	server  *server.Server
}

func startBus(t *testing.T) *bus {
	t.Helper()
	port, err := strconv.Atoi(harness.FreePort(t))
	if err != nil {
		t.Fatal(err)
	}
	b := &bus{url: fmt.Sprintf("nats://127.0.0.1:%d", port), options: &server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	}}
	b.start(t)
	t.Cleanup(b.stop)
	return b
}

func (b *bus) start(t *testing.T) {
	t.Helper()
	s, err := server.NewServer(b.options.Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the bus does not start")
	}
	b.server = s
}

func (b *bus) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// sender stands in for the auth service's relay.
type sender struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

func newSender(t *testing.T, b *bus) sender {
	t.Helper()
	nc, err := natsgo.Connect(b.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: streamName, Subjects: []string{"user.events.*"}})
	if err != nil {
		t.Fatal(err)
	}
	return sender{js, stream}
}

// send publishes an event of a user as it is then.
func (s sender) send(t *testing.T, action string, u user) {
	t.Helper()
	_, err := s.js.PublishMsg(t.Context(), &natsgo.Msg{
		Subject: "user.events." + action,
		Header: natsgo.Header{
			"Nats-Msg-Id":    {fmt.Sprint(u.ID, "-", u.Version)},
			"User-Version":   {fmt.Sprint(u.Version)},
			"Event-Schema":   {"2"},
			"Event-Time":     {"2026-11-23T21:17:41.655369Z"},
			"Correlation-Id": {"what a consumer does not know, it ignores"},
		},
		Data: fmt.Appendf(nil, `{"id":%q,"email":%q,"username":%q,"action":%q}`, u.ID, u.Email, u.Username, action),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// purge takes away all messages below a sequence.
func (s sender) purge(t *testing.T, below uint64) {
	t.Helper()
	if err := s.stream.Purge(t.Context(), jetstream.WithPurgeSequence(below)); err != nil {
		t.Fatal(err)
	}
}

// drop takes away one message.
func (s sender) drop(t *testing.T, sequence uint64) {
	t.Helper()
	if err := s.stream.DeleteMsg(t.Context(), sequence); err != nil {
		t.Fatal(err)
	}
}

// recreate makes the stream anew, empty and without consumers.
func (s sender) recreate(t *testing.T) {
	t.Helper()
	cfg := s.stream.CachedInfo().Config
	if err := s.js.DeleteStream(t.Context(), cfg.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}
