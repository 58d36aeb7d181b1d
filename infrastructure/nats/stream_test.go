package nats

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
)

func TestStreamIsMadeAsTheContractSays(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)
	f.awaitReady(t) // before any event: consumers wait for it

	got := streamInfo(t, operator(t, bus), "USER_EVENTS").Config
	type settings struct {
		Subjects              []string
		Storage               jetstream.StorageType
		Retention             jetstream.RetentionPolicy
		Discard               jetstream.DiscardPolicy
		Replicas              int
		MaxAge, Duplicates    time.Duration
		MaxMsgs, MaxBytes     int64
		MaxMsgsPerSubject     int64
		DenyDelete, DenyPurge bool
	}
	want := settings{
		Subjects: []string{"user.events.*"}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
		Discard: jetstream.DiscardOld, Replicas: 1, MaxAge: 168 * time.Hour, Duplicates: time.Hour,
		MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1,
	}
	is := settings{
		got.Subjects, got.Storage, got.Retention, got.Discard, got.Replicas, got.MaxAge, got.Duplicates,
		got.MaxMsgs, got.MaxBytes, got.MaxMsgsPerSubject, got.DenyDelete, got.DenyPurge,
	}
	if diff := cmp.Diff(want, is); diff != "" {
		t.Errorf("the stream (-want +got):\n%s", diff)
	}
	if detail, err := f.Check(t.Context()); detail != "ok" || err != nil {
		t.Errorf("Check() = %q, %v, want ok", detail, err)
	}
}

func TestStreamWithOtherSettingsIsLeftAlone(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	js := operator(t, bus)
	makeStream(t, js, jetstream.StreamConfig{
		Name: "USER_EVENTS", Subjects: []string{"user.>"}, MaxAge: 24 * time.Hour, MaxMsgs: 1000, Duplicates: time.Hour,
	})
	before := streamInfo(t, js, "USER_EVENTS").Config
	f := newFixture(t, connect(t, ConnectOptions{Server: bus}), userEvents)

	f.awaitReady(t)
	f.publish(t, newEvents(2)...)

	const differs = "subjects is [user.>], not [user.events.*]; max_age is 24h0m0s, not 168h0m0s; max_msgs is 1000, not unlimited"
	for range 3 {
		if detail, err := f.Check(t.Context()); detail != "differs: stream USER_EVENTS: "+differs || err != nil {
			t.Fatalf("Check() = %q, %v", detail, err)
		}
	}
	if diff := cmp.Diff(before, streamInfo(t, js, "USER_EVENTS").Config); diff != "" {
		t.Errorf("the stream was changed (-before +after):\n%s", diff)
	}
	if n := strings.Count(f.log.String(), differs); n != 1 {
		t.Errorf("reported %d times, want once:\n%s", n, f.log)
	}

	after := before
	after.MaxAge = 48 * time.Hour
	if _, err := js.UpdateStream(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	if detail, _ := f.Check(t.Context()); !strings.Contains(detail, "max_age is 48h0m0s") {
		t.Errorf("Check() = %q after a change", detail)
	}
	if n := strings.Count(f.log.String(), "max_age is 48h0m0s"); n != 1 {
		t.Errorf("the change was reported %d times, want once:\n%s", n, f.log)
	}
}

func TestDeletedStreamIsMadeAnew(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ listener bool }{
		"the bus says that nobody takes the event": {},
		"somebody listens, and nobody answers":     {listener: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus := startBus(t)
			js := operator(t, bus)
			if tt.listener {
				if _, err := js.Conn().Subscribe("user.events.*", func(*natsgo.Msg) {}); err != nil {
					t.Fatal(err)
				}
			}
			f := newFixture(t, connect(t, ConnectOptions{Server: bus, AckTimeout: 300 * time.Millisecond}), userEvents)
			f.awaitReady(t)
			f.publishAtLast(t, newEvent())
			if err := js.DeleteStream(t.Context(), "USER_EVENTS"); err != nil {
				t.Fatal(err)
			}

			lost := f.Publish(t.Context(), newEvents(1))
			if !errors.Is(lost[0].Err, domain.ErrUnavailable) {
				t.Fatalf("without a stream: %v, want %v", lost[0].Err, domain.ErrUnavailable)
			}
			if seq := f.publishAtLast(t, newEvent()); seq != 1 {
				t.Errorf("the first event of the new stream has sequence %d", seq)
			}
		})
	}
}

func TestStreamThatTakesNoEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		there    jetstream.StreamConfig
		replicas int
		want     string
	}{
		"another stream has the subjects": {
			there: jetstream.StreamConfig{Name: "EVERYTHING", Subjects: []string{"user.>"}},
			want:  "down: stream EVERYTHING has the subject user.events.created",
		},
		"another stream has one of the subjects": {
			there: jetstream.StreamConfig{Name: "GONE", Subjects: []string{"user.events.deleted"}},
			want:  "down: stream GONE has the subject user.events.deleted",
		},
		"ours takes other subjects": {
			there: jetstream.StreamConfig{Name: "USER_EVENTS", Subjects: []string{"users.*"}},
			want:  "down: stream USER_EVENTS does not take the subject user.events.created",
		},
		"ours takes only some": {
			there: jetstream.StreamConfig{Name: "USER_EVENTS", Subjects: []string{"user.events.created", "user.events.updated"}},
			want:  "down: stream USER_EVENTS does not take the subject user.events.deleted",
		},
		"ours does not acknowledge": {
			there: jetstream.StreamConfig{Name: "USER_EVENTS", Subjects: []string{"user.events.*"}, NoAck: true},
			want:  "down: stream USER_EVENTS does not acknowledge (no_ack)",
		},
		"too few servers": {
			there: jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"other"}}, replicas: 3,
			want: "down: stream USER_EVENTS: replicas > 1 not supported in non-clustered mode",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus := startBus(t)
			js := operator(t, bus)
			makeStream(t, js, tt.there)
			before := streamInfo(t, js, tt.there.Name)
			s := userEvents
			s.Replicas = max(1, tt.replicas)
			f := newFixture(t, connect(t, ConnectOptions{Server: bus}), s)

			eventually(t, "a connection", f.Connection.up.Load)
			detail, err := f.Check(t.Context())
			if detail != tt.want || err == nil {
				t.Errorf("Check() = %q, %v, want %q", detail, err, tt.want)
			}
			state, err := f.Stream(t.Context())
			if err == nil {
				t.Error("Stream() had nothing to say against it")
			}
			for _, r := range f.Publisher.Publish(t.Context(), state, newEvents(2)) {
				if r.Err == nil {
					t.Error("an event was published")
				}
			}
			if after := streamInfo(t, js, tt.there.Name); after.State.LastSeq != 0 || !cmp.Equal(before.Config, after.Config) {
				t.Errorf("the stream was touched: %+v", after)
			}
			why := strings.TrimPrefix(tt.want, "down: ")
			eventually(t, "a report", func() bool { return strings.Count(f.log.String(), why) == 1 })

			// Put right, it is noticed without a restart.
			if err := js.DeleteStream(t.Context(), tt.there.Name); err != nil {
				t.Fatal(err)
			}
			if tt.replicas < 2 {
				f.awaitReady(t)
				f.publish(t, newEvents(1)...)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	const subject = "user.events.created"
	for pattern, want := range map[string]bool{
		subject: true, "user.events.*": true, "user.*.created": true, "*.*.*": true, "user.>": true, ">": true,
		"user.events.created.>": false, "user.events": false, "user.*": false, "user.events.*.*": false,
		"user.events.deleted": false, "*": false, "": false,
	} {
		if got := covers(pattern, subject); got != want {
			t.Errorf("covers(%q, %q) = %v", pattern, subject, got)
		}
	}
}
