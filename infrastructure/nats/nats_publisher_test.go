package nats

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain/models"
)

// stored is a message as a consumer gets it.
type stored struct {
	Subject string              `json:"subject"`
	Headers map[string][]string `json:"headers"`
	Payload string              `json:"payload"`
}

func storedMessages(t *testing.T, js jetstream.JetStream) []stored {
	t.Helper()
	s, err := js.Stream(t.Context(), userEvents.Name)
	if err != nil {
		t.Fatal(err)
	}
	var out []stored
	for seq := s.CachedInfo().State.FirstSeq; seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, stored{Subject: m.Subject, Headers: m.Header, Payload: string(m.Data)})
	}
	return out
}

func TestMessagesAreTheContract(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t)
	const user = "0199c1de-0000-7000-8000-000000000001"

	// In three calls: events of one user go out one by one.
	f.publish(t, models.OutboxEvent{
		ID: "0199c1de-0000-7000-8000-00000000000a", UserID: user, Version: 1, Action: models.ActionCreated,
		Email: "user@example.com", Username: "john_doe", RequestID: "req-1", OccurredAt: eventTime,
	})
	f.publish(t, models.OutboxEvent{
		ID: "0199c1de-0000-7000-8000-00000000000b", UserID: user, Version: 2, Action: models.ActionUpdated,
		Email: "o'neil&sons<x>@example.com", Username: "john.doe-2", RequestID: "req-2",
		OccurredAt: time.Date(2026, 11, 23, 21, 4, 5, 0, time.FixedZone("CET", 3600)),
	})
	f.publish(t, models.OutboxEvent{
		ID: "0199c1de-0000-7000-8000-00000000000c", UserID: user, Version: 3, Action: models.ActionDeleted,
		Email: "o'neil&sons<x>@example.com", Username: "john.doe-2", OccurredAt: eventTime.Add(time.Hour),
	})

	got := storedMessages(t, operator(t, bus))
	const golden = "testdata/events.golden.json"
	if *update {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want []stored
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages differ from %s (-want +got):\n%s", golden, diff)
	}
}

func TestPublishedAgainIsStoredOnce(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t)
	events := newEvents(50)

	first := f.publish(t, events...)
	again := f.publish(t, events...)

	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the repeats have other sequences (-first +again):\n%s", diff)
	}
	if n := len(storedMessages(t, operator(t, bus))); n != len(events) {
		t.Errorf("the stream holds %d messages, want %d", n, len(events))
	}
}

func TestEventsOfOneUserKeepTheirOrder(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t)
	ada, grace := newEvent(), newEvent()
	ada2, ada3, grace2 := ada, newEvent(), newEvent()
	ada2.Version, ada2.Action, ada2.ID = 2, "not a subject", "x-2"
	ada3.Version, ada3.Action, ada3.UserID = 3, models.ActionDeleted, ada.UserID
	grace2.Version, grace2.Action, grace2.UserID = 2, models.ActionUpdated, grace.UserID

	results := f.Publish(t.Context(), []models.OutboxEvent{ada, grace, ada2, grace2, ada3})

	for i, want := range []bool{true, true, false, true, false} {
		if ok := results[i].Err == nil; ok != want {
			t.Errorf("event %d: %v, want success to be %v", i, results[i].Err, want)
		}
	}
	var got []string
	for _, m := range storedMessages(t, operator(t, bus)) {
		got = append(got, m.Headers[headerMsgID]...)
	}
	if diff := cmp.Diff([]string{ada.ID, grace.ID, grace2.ID}, got); diff != "" {
		t.Errorf("the stream's events (-want +got):\n%s", diff)
	}
}
