package contract

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

const syncSecret = "the secret of events by HTTP, known to both"

// receiver is a service to which events are POSTed. It can go away and come back.
type receiver struct {
	address string
	server  *http.Server

	mu       sync.Mutex
	accepted []message
	fault    error // the first thing that was wrong with a request
}

// newReceiver starts a receiver.
func newReceiver(t *testing.T) *receiver {
	t.Helper()
	client.Secrets.Add("secret of BACKEND_SYNC_URL", "hunter2-hunter2-hunter2", syncSecret)
	r := &receiver{address: "127.0.0.1:" + harness.FreePort(t)}
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

// settings lead the service to the receiver.
func (r *receiver) settings() map[string]string {
	return map[string]string{
		"BACKEND_SYNC_URL": "http://user:hunter2-hunter2-hunter2@" + r.address + "/hooks/users?key=hunter2-hunter2-hunter2", "BACKEND_SYNC_SECRET": syncSecret,
	}
}

func (r *receiver) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
}

// stop cuts all connections and takes no more.
func (r *receiver) stop() { _ = r.server.Close() }

// ServeHTTP accepts what is signed.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // cut off
	}
	m, err := verified(q, body)
	r.mu.Lock()
	r.fault = cmp.Or(r.fault, err)
	if err == nil {
		r.accepted = append(r.accepted, m)
	}
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// verified returns the event of a request, which must be as documented.
func verified(q *http.Request, body []byte) (message, error) {
	m := message{subject: "user.events.", header: map[string][]string{}, raw: string(body)}
	for name, values := range q.Header {
		m.header[name] = values
	}
	mac := hmac.New(sha256.New, []byte(syncSecret))
	fmt.Fprintf(mac, "%s.%s.%s.%s", q.Header.Get("Nats-Msg-Id"), q.Header.Get("User-Version"), q.Header.Get("Event-Time"), body)
	if want := fmt.Sprintf("sha256=%x", mac.Sum(nil)); q.Header.Get("X-Signature") != want {
		return m, fmt.Errorf("the signature is %q, want %q", q.Header.Get("X-Signature"), want)
	}
	if q.Method != http.MethodPost || q.RequestURI != "/hooks/users?key=hunter2-hunter2-hunter2" || q.Header.Get("Content-Type") != "application/json" ||
		q.Header.Get("Event-Schema") != "2" || !strings.HasPrefix(q.Header.Get("User-Agent"), "gofiber-auth/") {
		return m, fmt.Errorf("%s %s with %v", q.Method, q.RequestURI, q.Header)
	}
	err := json.Unmarshal(body, &m.body)
	m.subject += m.body.Action
	return m, err
}

// of returns the events of a user as they were accepted, without repeats. They must be the user's
// first ones in order.
func (r *receiver) of(t *testing.T, userID string) (got []message) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		t.Fatal(r.fault)
	}
	for _, m := range r.accepted {
		if m.body.ID != userID || slices.ContainsFunc(got, func(had message) bool { return had.version() == m.version() }) {
			continue
		}
		if want := strconv.Itoa(len(got) + 1); m.version() != want {
			t.Fatalf("version %s came where %s was due", m.version(), want)
		}
		got = append(got, m)
	}
	return got
}

func (r *receiver) waitFor(t *testing.T, userID string, n int) (got []message) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("%d events of a user by HTTP", n), func() error {
		if got = r.of(t, userID); len(got) < n {
			return fmt.Errorf("%d so far", len(got))
		}
		return nil
	})
	return got
}

func TestEventsByHTTP(t *testing.T) {
	t.Parallel()
	var sinks sync.Map // by the address
	onOwn(t, func(t *testing.T) map[string]string {
		sink := newReceiver(t)
		settings := sink.settings()
		sinks.Store(settings["BACKEND_SYNC_URL"], sink)
		return settings
	}, func(t *testing.T, s *setup) {
		found, _ := sinks.Load(s.env["BACKEND_SYNC_URL"])
		sink := found.(*receiver)
		events := subscribe(t, s.one.NATS())
		// What comes by HTTP is what comes over the bus, to the byte.
		a := s.one.Register(t)
		s.one.rename(t, a)
		s.one.Must(t, request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", client.Password)}, 204, nil)
		byBus, byHTTP := events.waitFor(t, a.User.ID, 3), sink.waitFor(t, a.User.ID, 3)
		for i := range byBus {
			if byBus[i].raw != byHTTP[i].raw || byBus[i].subject != byHTTP[i].subject {
				t.Errorf("by the bus %s %s, by HTTP %s %s", byBus[i].subject, byBus[i].raw, byHTTP[i].subject, byHTTP[i].raw)
			}
			for _, name := range []string{"Nats-Msg-Id", "User-Version", "Event-Schema", "Event-Time", "X-Request-ID"} {
				if b, h := byBus[i].header.Get(name), http.Header(byHTTP[i].header).Get(name); b != h || b == "" {
					t.Errorf("%s is %q by the bus and %q by HTTP", name, b, h)
				}
			}
		}
		sink.waitFor(t, s.one.NewAdmin(t, s.env).User.ID, 1) // by authctl
		harness.Eventually(t, "no event waits", func() error { return s.one.MetricIs(t, "http_sync_pending", "0") })
		if err := s.one.MetricIs(t, `http_sync_deliveries_total{result="ok"}`, "4"); err != nil {
			t.Error(err)
		}

		// A SIGKILL at any moment loses nothing and changes no order.
		var users []auth
		for range 2 {
			for range 8 {
				a := s.one.Register(t)
				users = append(users, a)
				s.one.rename(t, a)
				s.one.rename(t, a)
			}
			s.one.Kill(t)
			s.one.Restart(t)
		}
		for _, u := range users {
			sink.waitFor(t, u.User.ID, 3)
		}
	})
}

func TestBusAndReceiverAreAwayInTurn(t *testing.T) {
	t.Parallel()
	bus, sink := harness.NewNats(t), newReceiver(t)
	settings := sink.settings()
	settings["NATS_URL"] = bus.URL()
	s := newSetup(t, settings)
	a := s.one.Register(t)
	subscribe(t, bus.URL()).waitFor(t, a.User.ID, 1)
	sink.waitFor(t, a.User.ID, 1)

	sink.stop()
	s.one.rename(t, a)
	b := s.one.Register(t)
	events := subscribe(t, bus.URL())
	events.waitFor(t, a.User.ID, 2)
	events.waitFor(t, b.User.ID, 1)
	harness.Eventually(t, "it is said that the receiver is away", func() error {
		if !strings.Contains(s.one.Output(), `"events by HTTP wait"`) {
			return harness.ErrNotYet
		}
		return nil
	})
	bus.Kill(t)
	sink.start(t)
	sink.waitFor(t, a.User.ID, 2)
	sink.waitFor(t, b.User.ID, 1)
	s.one.rename(t, a)
	sink.waitFor(t, a.User.ID, 3)
	bus.Start(t)
	subscribe(t, bus.URL()).waitFor(t, a.User.ID, 3)
}

// TestEventsByHTTPSwitchedOnLater begin with those from then on.
func TestEventsByHTTPSwitchedOnLater(t *testing.T) {
	t.Parallel()
	sink := newReceiver(t)
	s := newSetup(t, nil)
	a := s.one.Register(t)
	subscribe(t, s.one.NATS()).waitFor(t, a.User.ID, 1)
	s.one.Stop(t)
	for k, v := range sink.settings() {
		s.one.Env[k] = v
	}
	s.one.Restart(t)
	s.one.rename(t, a)
	sink.waitFor(t, s.one.Register(t).User.ID, 1)
	harness.Eventually(t, "the second event comes", func() error {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		for _, m := range sink.accepted {
			if m.body.ID == a.User.ID && m.version() == "1" {
				t.Fatal("an event of before came")
			}
			if m.body.ID == a.User.ID && m.version() == "2" {
				return nil
			}
		}
		return harness.ErrNotYet
	})
}
