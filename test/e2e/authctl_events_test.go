package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

type eventsStatus struct {
	Pending       int64
	Oldest        *time.Time
	LastPublished *struct {
		Sequence uint64
		Lost     bool
	}
	Stream struct {
		Name, Status                string
		Messages                    uint64
		FirstSequence, LastSequence uint64
	}
}

func readStatus(t *testing.T, env map[string]string) (s eventsStatus) {
	t.Helper()
	code, output := authctl(t, env, "", "events", "status", "--json")
	if code != 0 {
		t.Fatalf("events status: %d %s", code, output)
	}
	if err := json.Unmarshal([]byte(output), &s); err != nil {
		t.Fatalf("events status --json: %v in %s", err, output)
	}
	return s
}

// Beside a running service, whose bus and database are embedded or not.
func TestAuthctlEvents(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		ada, grace := s.register(t, "ada"), s.register(t, "grace")
		s.must(t, "PATCH", "/api/v1/users/me", ada.Token, `{"username":"countess"}`, 200, nil)
		events := subscribe(t, s.nats)
		events.waitFor(t, ada.User.ID, 2)
		eventually(t, "nothing waits", func() error { return s.wantMetric(t, "outbox_pending", "0") })

		status := readStatus(t, env)
		if status.Pending != 0 || status.Oldest != nil || status.Stream.Name != "USER_EVENTS" || status.Stream.Status != "ok" ||
			status.Stream.Messages != 3 || status.Stream.LastSequence != 3 ||
			status.LastPublished == nil || status.LastPublished.Sequence != 3 || status.LastPublished.Lost {
			t.Errorf("events status: %+v", status)
		}
		if code, output := authctl(t, env, "", "events", "status"); code != 0 || !strings.Contains(output, "USER_EVENTS, ok") || !strings.Contains(output, "sequence 3") {
			t.Errorf("events status: %d %s", code, output)
		}

		// What the stream still has is not stored twice.
		if code, output := authctl(t, env, "", "events", "replay", "--all"); code != 0 || !strings.Contains(output, "3 events") {
			t.Errorf("events replay --all: %d %s", code, output)
		}
		if n := len(events.all()); n != 3 {
			t.Errorf("the stream has %d events after a replay, want 3", n)
		}
		var done struct{ Events, States int64 }
		code, output := authctl(t, env, "", "events", "replay", "--json", "--user", ada.User.ID, "--rate", "100")
		if err := json.Unmarshal([]byte(output), &done); code != 0 || err != nil || done.Events != 2 || done.States != 0 {
			t.Errorf("events replay --user: %d %s", code, output)
		}
		if code, output := authctl(t, env, "", "events", "replay", "--since", "1h", "--json"); code != 0 || !strings.Contains(output, `"events":3`) {
			t.Errorf("events replay --since: %d %s", code, output)
		}
		for _, args := range [][]string{
			{}, {"nothing"}, {"status", "x"}, {"replay"}, {"replay", "--all", "--user", grace.User.ID}, {"replay", "--since", "noon"},
			{"replay", "--all", "--rate", "0"}, {"replay", "--all", "x"}, {"replay", "--since", "-1h"},
		} {
			if code, output := authctl(t, env, "", append([]string{"events"}, args...)...); code != 2 {
				t.Errorf("events %v: exit code %d, want 2: %s", args, code, output)
			}
		}
		if code, output := authctl(t, env, "", "events", "replay", "--user", "nobody"); code != 1 || !strings.Contains(output, "nobody") {
			t.Errorf("events replay of nobody: %d %s", code, output)
		}
	})
}

// Without a running service, on a bus of its own: authctl publishes itself.
func TestAuthctlReplaysByItself(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		bus := newBus(t)
		env["NATS_URL"] = bus.url
		s := start(t, env)
		ada := s.register(t, "ada")
		for i := range 3 {
			s.must(t, "PATCH", "/api/v1/users/me", ada.Token, fmt.Sprintf(`{"username":"ada%d"}`, i), 200, nil)
		}
		subscribe(t, bus.url).waitFor(t, ada.User.ID, 4)
		s.stop(t)
		bus.recreate(t, false)
		if status := readStatus(t, env); status.Stream.Status != "missing" || status.LastPublished == nil {
			t.Errorf("events status without a stream: %+v", status)
		}
		if code, output := authctl(t, env, "", "events", "replay", "--all", "--rate", "1000"); code != 0 || !strings.Contains(output, "published again") {
			t.Errorf("events replay: %d %s", code, output)
		}
		got := subscribe(t, bus.url).waitFor(t, ada.User.ID, 4)
		for i, m := range got {
			if m.version() != fmt.Sprint(i+1) {
				t.Errorf("event %d has the version %s", i, m.version())
			}
		}
		bus.operate(t, func(stream jetstream.Stream) error { return stream.Purge(t.Context()) })
		bus.stop()
		if status := readStatus(t, env); status.Stream.Status != "down: not connected" {
			t.Errorf("events status without a bus: %+v", status)
		}
	})
}
