package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// message is an event as a subscriber sees it.
type message struct {
	subject string
	header  natsgo.Header
	body    struct{ ID, Email, Username, Action string }
	raw     string
}

func (m message) version() string { return m.header.Get("User-Version") }

// subscriber collects all that the stream holds and gets.
type subscriber struct {
	mu       sync.Mutex
	messages []message
}

func jetStream(t testing.TB, url string) jetstream.JetStream {
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
	return js
}

// subscribe reads the stream from its beginning.
func subscribe(t testing.TB, url string) *subscriber {
	t.Helper()
	js := jetStream(t, url)
	var consumer jetstream.Consumer
	harness.Eventually(t, "the stream is there", func() (err error) {
		consumer, err = js.OrderedConsumer(t.Context(), "USER_EVENTS", jetstream.OrderedConsumerConfig{})
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

func (s *subscriber) all() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// waitFor waits until n events of the user have come, checks that they are the user's first ones
// in order, and returns them.
func (s *subscriber) waitFor(t *testing.T, userID string, n int) (got []message) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("%d events of a user", n), func() error {
		got = slices.DeleteFunc(s.all(), func(m message) bool { return m.body.ID != userID })
		if len(got) < n {
			return fmt.Errorf("%d so far", len(got))
		}
		return nil
	})
	for i, m := range got {
		if m.version() != strconv.Itoa(i+1) {
			t.Fatalf("event %d of a user has version %s", i+1, m.version())
		}
	}
	return got
}

// rename changes the username, which makes an event.
func (s *service) rename(t *testing.T, a auth) {
	t.Helper()
	s.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("username", client.Name())}, 200, nil)
}

func TestEventsOfAnAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		events := subscribe(t, s.one.NATS())
		a := s.one.Register(t)
		patch := func(body string) string {
			return s.two.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: body}, 200, nil).Header.Get("X-Request-ID")
		}
		name := client.Name()
		cause := patch(object("username", "Ada."+name))
		patch(`{"displayName":"Ada Lovelace"}`)
		patch(object("email", strings.ToUpper(a.User.Email), "username", "Ada."+name)) // as they are
		s.one.LogIn(t, a.User.Email, client.Password)
		s.one.Must(t, request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", client.Password)}, 204, nil)
		got := events.waitFor(t, a.User.ID, 3)
		if len(got) != 3 {
			t.Errorf("there are %d events, want 3", len(got))
		}
		for i, want := range []string{
			fmt.Sprintf(`{"id":%q,"email":%q,"username":%q,"action":"created"}`, a.User.ID, a.User.Email, a.User.Username),
			fmt.Sprintf(`{"id":%q,"email":%q,"username":"Ada.%s","action":"updated"}`, a.User.ID, a.User.Email, name),
			fmt.Sprintf(`{"id":%q,"email":%q,"username":"Ada.%s","action":"deleted"}`, a.User.ID, a.User.Email, name),
		} {
			m := got[i]
			if m.raw != want || m.subject != "user.events."+m.body.Action {
				t.Errorf("event %d is %s on %s, want %s", i+1, m.raw, m.subject, want)
			}
			if len(m.header.Get("Nats-Msg-Id")) != 36 || m.header.Get("X-Request-ID") == "" || m.header.Get("Event-Schema") != "2" || m.header.Get("Event-Time") == "" {
				t.Errorf("event %d has the headers %v", i+1, m.header)
			}
		}
		if id := got[1].header.Get("X-Request-ID"); id != cause {
			t.Errorf("the event names request %s, want %s", id, cause)
		}
	})
}

func TestTwoInstancesPublishInOrder(t *testing.T) {
	t.Parallel()
	s := newPair(t, nil)
	events := subscribe(t, s.one.NATS())
	a := s.one.Register(t)
	const changes = 30
	for n := range changes {
		s.at(n).rename(t, a)
	}
	events.waitFor(t, a.User.ID, changes+1)
	// When the instance that publishes dies, the other goes on.
	relay := slices.IndexFunc([]*service{s.one, s.two}, func(i *service) bool { return strings.Contains(i.Output(), `"holds_lease":true`) })
	if relay < 0 {
		t.Fatal("no instance publishes")
	}
	s.at(relay).Kill(t)
	b := s.at(relay + 1).Register(t)
	events.waitFor(t, b.User.ID, 1)
}

// crowd has eight lanes register users until they fail, and returns the names that were
// acknowledged, by id, once stop has returned.
func crowd(t *testing.T, s *service, enough int32, stop func()) map[string]string {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[string]string{}
	var n atomic.Int32
	reached := make(chan struct{})
	var lanes sync.WaitGroup
	for range 8 {
		lanes.Go(func() {
			for {
				name := client.Name()
				got, err := s.Try(context.WithoutCancel(t.Context()), client.Registration(name))
				if err != nil || got.Status == 503 {
					return // the service has gone
				}
				var a auth
				if err := got.Decode(201, &a); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged[a.Seen().User.ID] = name
				mu.Unlock()
				if n.Add(1) == enough {
					close(reached)
				}
			}
		})
	}
	harness.Await(t, reached, "many have registered")
	stop()
	lanes.Wait()
	return acknowledged
}

// TestKilledUnderLoad: no acknowledged change loses its event, and no event is without its change.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		acknowledged := crowd(t, s.one, 60, func() { s.one.Kill(t) })
		s.one.Restart(t)
		events := subscribe(t, s.one.NATS())
		for id, name := range acknowledged {
			if got := events.waitFor(t, id, 1); len(got) != 1 || got[0].body.Username != name {
				t.Errorf("%s has the events %v", name, got)
			}
		}
		admin := s.one.NewAdmin(t, s.env)
		events.waitFor(t, admin.User.ID, 1) // behind all others
		known := map[string]bool{}
		for _, u := range s.one.allUsers(t, admin.Token, "", 100) {
			known[u.ID] = true
		}
		for _, m := range events.all() {
			if !known[m.body.ID] {
				t.Errorf("the event of %s has no user", m.body.Username)
			}
		}
	})
}

// TestBusIsAway kills the bus before and after the start. It stops no request.
func TestBusIsAway(t *testing.T) {
	t.Parallel()
	bus := harness.NewNats(t)
	bus.Kill(t)
	s := newSetup(t, map[string]string{"NATS_URL": bus.URL()}) // ready without the bus
	if got := s.one.readiness(t); got.Status != "degraded" || !strings.HasPrefix(got.Checks["events"], "down") {
		t.Errorf("readiness without the bus is %+v", got)
	}
	a := s.one.Register(t)
	s.one.rename(t, a)
	if err := s.one.MetricIs(t, "outbox_pending", "2"); err != nil {
		t.Error(err)
	}
	bus.Start(t)
	subscribe(t, bus.URL()).waitFor(t, a.User.ID, 2)
	harness.Eventually(t, "the service is whole", func() error {
		if got := s.one.readiness(t); got.Status != "ok" {
			return fmt.Errorf("readiness is %+v", got)
		}
		return nil
	})
	bus.Kill(t)
	b := s.one.Register(t)
	bus.Start(t)
	subscribe(t, bus.URL()).waitFor(t, b.User.ID, 1)
}
