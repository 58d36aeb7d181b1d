package deploy

import (
	"context"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/harness"
)

// readStream returns all events of the stream, in its order.
func readStream(ctx context.Context, js jetstream.JetStream) ([]userevents.Event, error) {
	stream, err := js.Stream(ctx, streamName)
	if err != nil {
		return nil, err
	}
	left := stream.CachedInfo().State.Msgs
	if left == 0 {
		return nil, nil
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, err
	}
	defer messages.Stop()
	var events []userevents.Event
	for ; left > 0; left-- {
		m, err := messages.Next(jetstream.NextMaxWait(harness.Patience))
		if err != nil {
			return nil, err
		}
		e, err := userevents.Decode(m.Headers(), m.Data())
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// awaitEvent waits until an event of the user is in the stream.
func awaitEvent(t *testing.T, c *client, a account) {
	t.Helper()
	harness.Eventually(t, "the event of "+a.User.Username, func() error {
		events, err := readStream(t.Context(), c.js)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.UserID == a.User.ID {
				return nil
			}
		}
		return fmt.Errorf("it is not among %d events", len(events))
	})
}
