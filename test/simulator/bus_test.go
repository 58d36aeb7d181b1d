package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/harness"
)

// event is what the bus says of a user.
type event struct {
	ID, Email, Username, Action string

	request string // the X-Request-ID
}

// subscriber gathers all that the stream holds and gets.
type subscriber struct {
	mu     sync.Mutex
	events []event
}

// subscribe reads the stream from its beginning.
func subscribe(t *testing.T, url, stream string) *subscriber {
	t.Helper()
	nc, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	var consumer jetstream.Consumer
	harness.Eventually(t, "the stream is there", func() (err error) {
		consumer, err = js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{})
		return err
	})
	s := new(subscriber)
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		e := event{request: m.Headers().Get("X-Request-ID")}
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			t.Errorf("event %s: %v", m.Data(), err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(consuming.Stop)
	return s
}

// about returns the events that match.
func (s *subscriber) about(match func(e event) bool) []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []event
	for _, e := range s.events {
		if match(e) {
			out = append(out, e)
		}
	}
	return out
}

// published returns the events that match, of the first that the service has had to tell of each
// user so far: a user's next goes out when the one before has, and so maybe later.
func (w *world) published(t *testing.T, match func(e event) bool) []event {
	t.Helper()
	last := w.register(t, w.email("fence")) // what was before it is before it in the stream
	harness.Eventually(t, "the bus has all events", func() error {
		if len(w.bus.about(func(e event) bool { return e.ID == last.User.ID })) == 0 {
			return harness.ErrNotYet
		}
		return nil
	})
	return w.bus.about(match)
}

// actions returns the actions that the bus has told of a user.
func (w *world) actions(t *testing.T, id string) []string {
	t.Helper()
	var out []string
	for _, e := range w.published(t, func(e event) bool { return e.ID == id }) {
		out = append(out, e.Action)
	}
	return out
}

// told checks what the bus has told of a user.
func (w *world) told(t *testing.T, id string, want ...string) {
	t.Helper()
	harness.Eventually(t, "the bus tells of the user what happened", func() error {
		if got := w.actions(t, id); !slices.Equal(got, want) {
			return fmt.Errorf("it has told %v, want %v", got, want)
		}
		return nil
	})
}
