package nats

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// The server goes on dropping repeats of messages that were purged or deleted.
func TestPublishedAgainAfterAnOperatorRemovedIt(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	js := operator(t, bus)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t)
	events := newEvents(4)
	f.publish(t, events...)
	stream, err := js.Stream(t.Context(), userEvents.Name)
	if err != nil {
		t.Fatal(err)
	}

	if err := stream.DeleteMsg(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{1, 5, 3, 4}, f.publish(t, events...)); diff != "" {
		t.Errorf("sequences after one was deleted (-want +got):\n%s", diff)
	}
	f.wantMessages(t, js, events[0], events[2], events[3], events[1])

	for range 2 {
		if err := stream.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := f.publish(t, events...)
		if diff := cmp.Diff(first, f.publish(t, events...)); diff != "" {
			t.Errorf("a repeat after a purge was stored again (-first +again):\n%s", diff)
		}
		// The one that was deleted before takes a try more.
		f.wantMessages(t, js, events[0], events[2], events[3], events[1])
	}
}

// wantMessages compares the users of the stream's messages, and looks at their ids.
func (f fixture) wantMessages(t *testing.T, js jetstream.JetStream, want ...models.OutboxEvent) {
	t.Helper()
	state, err := f.Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), userEvents.Name)
	if err != nil {
		t.Fatal(err)
	}
	var got, users []string
	for seq := state.First; seq <= state.Last; seq++ {
		m, err := stream.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := uuid.Parse(m.Header.Get(headerMsgID)); err != nil {
			t.Errorf("Nats-Msg-Id %q: %v", m.Header.Get(headerMsgID), err)
		}
		got = append(got, string(m.Data))
	}
	for _, e := range want {
		m, err := message("x", e)
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, string(m.Data))
	}
	if diff := cmp.Diff(users, got); diff != "" {
		t.Errorf("the stream's messages (-want +got):\n%s", diff)
	}
}

func TestStreamTellsWhatItHolds(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	js := operator(t, bus)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t)
	want := models.StreamState{MaxAge: 168 * time.Hour, AgesOnly: true}
	expect := func(what string) {
		t.Helper()
		got, err := f.Stream(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want.ID = streamInfo(t, js, userEvents.Name).Created.UnixNano()
		got.Look = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	expect("new")
	f.publish(t, newEvents(6)...)
	want.First, want.Last = 1, 6
	expect("after six")
	stream, err := js.Stream(t.Context(), userEvents.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{3, 5} {
		if err := stream.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		want.Deleted = append(want.Deleted, seq)
		expect("deleted in between")
		expect("asked again")
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	want.First, want.Last, want.Deleted = 7, 6, nil
	expect("purged")
	if err := js.DeleteStream(t.Context(), userEvents.Name); err != nil {
		t.Fatal(err)
	}
	old := want.ID
	if _, err := f.Stream(t.Context()); err != nil {
		t.Fatal(err)
	}
	want.First, want.Last = 0, 0
	expect("made anew")
	if want.ID == old {
		t.Error("another stream has the same id")
	}
}

// What leaves a stream by other ways than age may have left it by rights.
func TestStreamThatLosesByItself(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*jetstream.StreamConfig){
		"so many messages":         func(c *jetstream.StreamConfig) { c.MaxMsgs = 100 },
		"so many bytes":            func(c *jetstream.StreamConfig) { c.MaxBytes = 100 },
		"so many per subject":      func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"until everybody has them": func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
	} {
		cfg := userEvents.config()
		change(&cfg)
		if stateOf(&jetstream.StreamInfo{Config: cfg}).AgesOnly {
			t.Errorf("a stream that keeps %s is said to lose by age only", name)
		}
	}
}

// After the connection came back the stream may be another one. That somebody has looked at
// it since, a probe of readiness say, is no leave for who knows only the one before.
func TestNothingIsPublishedToAStreamThatTheCallerHasNotSeen(t *testing.T) {
	t.Parallel()
	first := startBus(t)
	addr := address(first)
	f := newFixture(t, connect(t, ConnectOptions{URL: addr}), userEvents)
	refused := func(what string, state models.StreamState) {
		t.Helper()
		if r := f.Publisher.Publish(t.Context(), state, newEvents(1)); !errors.Is(r[0].Err, domain.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", what, r[0].Err, domain.ErrUnavailable)
		}
	}
	f.awaitReady(t)
	refused("without a look", models.StreamState{})
	seen, err := f.Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.Shutdown()
	second := startBusAt(t, addr, t.TempDir())
	f.awaitReady(t) // the watch has looked, and made the stream
	if detail, err := f.Check(t.Context()); detail != "ok" || err != nil {
		t.Fatalf("Check() = %q, %v", detail, err)
	}
	refused("with the look at the stream before", seen)
	if n := streamInfo(t, operator(t, second), userEvents.Name).State.LastSeq; n != 0 {
		t.Errorf("%d events are in a stream that nobody has compared", n)
	}
	f.publish(t, newEvents(1)...)
}
