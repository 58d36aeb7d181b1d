package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// message is an event as a subscriber sees it.
type message struct {
	subject string
	header  natsgo.Header
	body    struct{ ID, Email, Username, Action string }
	raw     string
}

func (m message) version() string { return m.header.Get("User-Version") }

// subscriber gathers all that the stream holds and gets.
type subscriber struct {
	mu       sync.Mutex
	messages []message
}

// subscribe reads the stream from its beginning.
func subscribe(t *testing.T, url string) *subscriber {
	t.Helper()
	nc, err := natsgo.Connect(url, natsgo.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var consumer jetstream.Consumer
	eventually(t, "the stream is there", func() (err error) {
		consumer, err = js.OrderedConsumer(ctx, "USER_EVENTS", jetstream.OrderedConsumerConfig{})
		return err
	})
	s := new(subscriber)
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		got := message{subject: m.Subject(), header: m.Headers(), raw: string(m.Data())}
		if err := json.Unmarshal(m.Data(), &got.body); err != nil {
			t.Errorf("event %s: %v", m.Data(), err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.messages = append(s.messages, got)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(consuming.Stop)
	return s
}

// all returns every event so far.
func (s *subscriber) all() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// of returns the events of a user in the order of the stream.
func (s *subscriber) of(userID string) []message {
	var out []message
	for _, m := range s.all() {
		if m.body.ID == userID {
			out = append(out, m)
		}
	}
	return out
}

// waitFor waits until the user has n events and returns them.
func (s *subscriber) waitFor(t *testing.T, userID string, n int) []message {
	t.Helper()
	var got []message
	eventually(t, fmt.Sprintf("%d events of a user", n), func() error {
		if got = s.of(userID); len(got) < n {
			return fmt.Errorf("%d so far: %w", len(got), errNotYet)
		}
		return nil
	})
	return got
}
