package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// reconciled is how soon after the stream is back everything is in it again.
const reconciled = 30 * time.Second

// What the stream had acknowledged and lost is published again, before anything newer.
func TestTheStreamLosesWhatItHad(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, b *bus){
		"its files": func(t *testing.T, b *bus) {
			b.stop()
			if err := os.RemoveAll(b.options.StoreDir); err != nil {
				t.Fatal(err)
			}
			b.start(t)
		},
		"all by a purge": func(t *testing.T, b *bus) {
			b.operate(t, func(s jetstream.Stream) error { return s.Purge(t.Context()) })
		},
		"one subject's": func(t *testing.T, b *bus) {
			b.operate(t, func(s jetstream.Stream) error {
				return s.Purge(t.Context(), jetstream.WithPurgeSubject("user.events.*"))
			})
		},
		"itself":                func(t *testing.T, b *bus) { b.recreate(t, false) },
		"itself, and is remade": func(t *testing.T, b *bus) { b.recreate(t, true) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, env map[string]string) {
				bus := newBus(t)
				env["NATS_URL"] = bus.url
				s := start(t, env)
				ada, grace := s.register(t, "ada"), s.register(t, "grace")
				for i := range 5 {
					s.must(t, http.MethodPatch, "/api/v1/users/me", ada.Token, fmt.Sprintf(`{"username":"ada%d"}`, i), 200, nil)
				}
				subscribe(t, bus.url).waitFor(t, ada.User.ID, 6)
				eventually(t, "nothing waits", func() error { return s.wantMetric(t, "outbox_pending", "0") })

				lose(t, bus)
				begun := time.Now()
				s.must(t, http.MethodPatch, "/api/v1/users/me", ada.Token, `{"username":"newer"}`, 200, nil)
				events := subscribe(t, bus.url)
				got := events.waitFor(t, ada.User.ID, 7)
				events.waitFor(t, grace.User.ID, 1)
				if took := time.Since(begun); took > reconciled {
					t.Errorf("it took %s", took)
				}
				var versions []string
				for _, m := range got {
					versions = append(versions, m.version())
				}
				if want := []string{"1", "2", "3", "4", "5", "6", "7"}; !slices.Equal(versions, want) {
					t.Errorf("versions in the stream: %v, want %v", versions, want)
				}
				if err := s.wantMetric(t, "events_reconciled_total", "7"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// operate does something to the stream, as an operator.
func (b *bus) operate(t *testing.T, what func(jetstream.Stream) error) {
	t.Helper()
	s, err := b.jetStream(t).Stream(t.Context(), "USER_EVENTS")
	if err == nil {
		err = what(s)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bus) recreate(t *testing.T, make bool) {
	t.Helper()
	js := b.jetStream(t)
	b.operate(t, func(s jetstream.Stream) error {
		err := js.DeleteStream(t.Context(), "USER_EVENTS")
		if err == nil && make {
			_, err = js.CreateOrUpdateStream(t.Context(), s.CachedInfo().Config)
		}
		return err
	})
}

func (b *bus) jetStream(t *testing.T) jetstream.JetStream {
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
	return js
}

func (s *instance) wantMetric(t *testing.T, name, want string) error {
	t.Helper()
	if got := s.metric(t, name); got != want {
		return fmt.Errorf("%s = %s, want %s", name, got, want)
	}
	return nil
}
