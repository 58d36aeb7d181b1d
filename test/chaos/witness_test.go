package chaos

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/harness"
)

const streamName = "USER_EVENTS"

// witness is a service that subscribes, as pkg/userevents has it, and an operator who looks at
// the stream. Its connections are not disturbed but by what happens to the bus itself.
type witness struct {
	js jetstream.JetStream

	mu        sync.Mutex
	users     map[string]Held
	jumps     []userevents.Event
	delivered int
	repeats   int
	reports   []string // the last ones, why it waited
}

func newWitness(t *testing.T, url string) *witness {
	t.Helper()
	w := &witness{users: map[string]Held{}}
	conn, err := userevents.Connect(url, "witness", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if w.js, err = jetstream.New(conn, jetstream.WithDefaultTimeout(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- userevents.Consumer{
			Conn: conn, Stream: streamName, Durable: "witness", Handle: w.handle,
			Report: func(err error) { w.report(err) },
		}.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the subscriber: %v", err)
		}
		if t.Failed() {
			t.Logf("the subscriber reported: %q", w.reports)
		}
	})
	return w
}

// handle applies what is above the version that is held, as every subscriber has to.
func (w *witness) handle(_ context.Context, e userevents.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered++
	held := w.users[e.UserID].Version
	if e.Version <= held {
		w.repeats++
		return nil
	}
	if e.Version > held+1 {
		w.jumps = append(w.jumps, e)
	}
	w.users[e.UserID] = Held{
		Row:     Row{ID: e.UserID, Email: e.Email, Username: e.Username, Version: e.Version},
		Deleted: e.Action == userevents.Deleted,
	}
	return nil
}

func (w *witness) report(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, err.Error())
}

// held returns the copy of the users, and what came too early.
func (w *witness) held() (map[string]Held, []userevents.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.users), slices.Clone(w.jumps)
}

// has reports whether an event of the user has come.
func (w *witness) has(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users[id].Version == 0 {
		return harness.ErrNotYet
	}
	return nil
}

// info asks for the stream's state.
func (w *witness) info() (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	stream, err := w.js.Stream(ctx, streamName)
	if err != nil {
		return nil, err
	}
	return stream.CachedInfo(), nil
}

// stream reads the whole stream.
func (w *witness) stream() ([]Message, error) {
	info, err := w.info()
	if err != nil || info.State.Msgs == 0 {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
	defer cancel()
	consumer, err := w.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, err
	}
	defer func() {
		messages.Stop()
		// The server would keep it for minutes. In vain nothing hangs on it.
		_ = w.js.DeleteConsumer(ctx, streamName, consumer.CachedInfo().Name)
	}()
	var all []Message
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		event, err := userevents.Decode(m.Headers(), m.Data())
		if err != nil {
			return nil, errors.Join(err, errors.New(string(m.Data())))
		}
		event.StreamSequence = meta.Sequence.Stream
		all = append(all, Message{Event: event, Subject: m.Subject(), Stored: meta.Timestamp})
		if meta.NumPending == 0 {
			return all, nil
		}
	}
}
