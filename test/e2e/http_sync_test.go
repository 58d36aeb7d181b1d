package e2e

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
	"time"

	"gofiber-auth/test/pgtest"
)

const syncSecret = "the secret of events by HTTP, known to both"

// receiver is a service of its own to which events are POSTed. It can go away and come back.
type receiver struct {
	url    string
	server *http.Server

	mu       sync.Mutex
	answer   func(userID string) int // nil: 204; 0: none at all
	accepted []message
	asked    map[string]int // by user
	fault    error          // the first thing that was wrong with a request
}

// newReceiver starts a receiver and lets env's service deliver to it.
func newReceiver(t *testing.T, env map[string]string) *receiver {
	t.Helper()
	r := &receiver{url: "http://user:hunter2@127.0.0.1:" + freePort(t) + "/hooks/users?key=hunter2", asked: map[string]int{}}
	env["BACKEND_SYNC_URL"], env["BACKEND_SYNC_SECRET"] = r.url, syncSecret
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) start(t *testing.T) {
	t.Helper()
	_, rest, _ := strings.Cut(r.url, "@")
	address, _, _ := strings.Cut(rest, "/")
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
}

// stop cuts all connections and takes no more.
func (r *receiver) stop() { _ = r.server.Close() }

// ServeHTTP accepts what is signed, unless it is told otherwise.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // cut off
	}
	m, err := verified(q, body)
	r.mu.Lock()
	r.fault = cmp.Or(r.fault, err)
	r.asked[m.body.ID]++
	status := http.StatusNoContent
	if r.answer != nil {
		status = r.answer(m.body.ID)
	}
	if err == nil && status == http.StatusNoContent {
		r.accepted = append(r.accepted, m)
	}
	r.mu.Unlock()
	if status == 0 {
		<-q.Context().Done()
		return
	}
	w.WriteHeader(status)
}

// verified returns the event of a request if the request is as documented.
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
	if q.Method != http.MethodPost || q.RequestURI != "/hooks/users?key=hunter2" ||
		q.Header.Get("Content-Type") != "application/json" || q.Header.Get("Event-Schema") != "2" {
		return m, fmt.Errorf("%s %s with %v", q.Method, q.RequestURI, q.Header)
	}
	err := json.Unmarshal(body, &m.body)
	m.subject += m.body.Action
	return m, err
}

// tell says how the receiver answers from now on.
func (r *receiver) tell(answer func(userID string) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// askedOf returns how often the receiver was asked to take an event of the user.
func (r *receiver) askedOf(userID string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[userID]
}

// of returns the events of a user as they were accepted, without what came again. It fails
// the test if they came in the wrong order.
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

// waitFor waits until the receiver has n events of the user and returns them.
func (r *receiver) waitFor(t *testing.T, userID string, n int) (got []message) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events of a user by HTTP", n), func() error {
		if got = r.of(t, userID); len(got) < n {
			return fmt.Errorf("%d so far: %w", len(got), errNotYet)
		}
		return nil
	})
	return got
}

// rename changes the user's name, which makes an event.
func (s *instance) rename(t *testing.T, a auth, name string) {
	t.Helper()
	s.must(t, "PATCH", "/api/v1/users/me", a.Token, fmt.Sprintf(`{"username":%q}`, name), 200, nil)
}

// awaitUndelivered waits until so many events wait to be delivered by HTTP.
func (s *instance) awaitUndelivered(t *testing.T, want string) {
	t.Helper()
	eventually(t, want+" events wait for HTTP", func() error { return s.wantMetric(t, "http_sync_pending", want) })
}

// What comes by HTTP is what comes over the bus, to the byte.
func TestEventsByHTTP(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		sink := newReceiver(t, env)
		s := start(t, env)
		events := subscribe(t, s.nats)
		ada := s.register(t, "ada")
		s.rename(t, ada, "ada2")
		s.must(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"`+goodPassword+`"}`, 204, nil)
		byBus, byHTTP := events.waitFor(t, ada.User.ID, 3), sink.waitFor(t, ada.User.ID, 3)
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
		if agent := http.Header(byHTTP[0].header).Get("User-Agent"); !strings.HasPrefix(agent, "gofiber-auth/") {
			t.Errorf("the user agent is %q", agent)
		}
		root := newAdmin(t, env, s) // by authctl, which goes the same way
		sink.waitFor(t, root.User.ID, 1)
		s.awaitUndelivered(t, "0")
		if n := s.metric(t, `http_sync_deliveries_total{result="ok"}`); n != "4" {
			t.Errorf("%s deliveries are counted, want 4", n)
		}
		s.stop(t)
		for _, secret := range []string{"hunter2", syncSecret, "ada@example.com"} {
			if strings.Contains(s.Output(), secret) {
				t.Errorf("%q stands in the log", secret)
			}
		}
	})
}

// One user whose events are refused, or get no answer, waits alone, and is served in the end.
func TestOneUserIsStuckByHTTP(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"refused": http.StatusInternalServerError, "hanging": 0} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, env map[string]string) {
				sink := newReceiver(t, env)
				s := start(t, env)
				ada := s.register(t, "ada")
				sink.waitFor(t, ada.User.ID, 1)
				sink.tell(func(userID string) int {
					if userID == ada.User.ID {
						return status
					}
					return http.StatusNoContent
				})
				s.rename(t, ada, "ada2")
				s.rename(t, ada, "ada3")
				eventually(t, "ada's event is tried", func() error {
					if sink.askedOf(ada.User.ID) < 2 {
						return errNotYet
					}
					return nil
				})
				for i := range 5 {
					begun := time.Now()
					other := s.register(t, fmt.Sprintf("other%d", i))
					s.rename(t, other, fmt.Sprintf("other%d-again", i))
					sink.waitFor(t, other.User.ID, 2)
					if took := time.Since(begun); took > 5*time.Second {
						t.Errorf("another user's events took %s", took)
					}
				}
				if got := sink.of(t, ada.User.ID); len(got) != 1 {
					t.Errorf("%d events of ada were accepted, want 1", len(got))
				}
				s.awaitUndelivered(t, "2")
				sink.tell(nil)
				sink.waitFor(t, ada.User.ID, 3)
			})
		})
	}
}

// Bus and receiver go away and come back, each without a difference to the other.
func TestBusAndReceiverAreAwayInTurn(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		bus := newBus(t)
		env["NATS_URL"] = bus.url
		sink := newReceiver(t, env)
		s := start(t, env)
		ada := s.register(t, "ada")
		subscribe(t, bus.url).waitFor(t, ada.User.ID, 1)
		sink.waitFor(t, ada.User.ID, 1)

		sink.stop()
		s.rename(t, ada, "ada2")
		grace := s.register(t, "grace")
		events := subscribe(t, bus.url)
		events.waitFor(t, ada.User.ID, 2)
		events.waitFor(t, grace.User.ID, 1)
		eventually(t, "it is said that the receiver is away", func() error {
			if !strings.Contains(s.Output(), `"events by HTTP wait"`) {
				return errNotYet
			}
			return nil
		})
		s.rename(t, ada, "ada3")
		events.waitFor(t, ada.User.ID, 3)

		bus.stop()
		begun := time.Now()
		sink.start(t)
		sink.waitFor(t, ada.User.ID, 3)
		sink.waitFor(t, grace.User.ID, 1)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("the receiver waited %s for what it had missed", took)
		}
		s.rename(t, ada, "ada4")
		sink.waitFor(t, ada.User.ID, 4)

		bus.start(t)
		subscribe(t, bus.url).waitFor(t, ada.User.ID, 4)
	})
}

// A SIGKILL at any moment loses nothing and changes no order.
func TestKilledWhileDelivering(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		sink := newReceiver(t, env)
		sink.tell(func(string) int { time.Sleep(5 * time.Millisecond); return http.StatusNoContent }) // some are under way
		want := map[string]int{}
		s := start(t, env)
		for round := range 3 {
			var users []auth
			for i := range 10 {
				users = append(users, s.register(t, fmt.Sprintf("user-%d-%d", round, i)))
			}
			for i, u := range users {
				for j := range 3 {
					s.rename(t, u, fmt.Sprintf("user-%d-%d-%d", round, i, j))
				}
				want[u.User.ID] = 4
			}
			s.Kill(t)
			s = start(t, env)
		}
		for id, n := range want {
			sink.waitFor(t, id, n)
		}
	})
}

// Of two instances one delivers; when it dies, the other does, within 5 s.
func TestTheDeliveringInstanceDies(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	env["DATABASE_URL"], env["NATS_URL"] = pgtest.New(t), newBus(t).url
	sink := newReceiver(t, env)
	first := start(t, env)
	ada := first.register(t, "ada")
	sink.waitFor(t, ada.User.ID, 1) // so it has the lease
	other := map[string]string{}
	for k, v := range env {
		other[k] = v
	}
	other["APP_PORT"] = freePort(t)
	second := start(t, other)

	begun := time.Now()
	grace := second.register(t, "grace")
	sink.waitFor(t, grace.User.ID, 1)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("an event of the instance that does not deliver took %s", took)
	}
	first.Kill(t)
	begun = time.Now()
	joan := second.register(t, "joan")
	sink.waitFor(t, joan.User.ID, 1)
	if took := time.Since(begun); took > 6*time.Second { // 5 s, and the registration
		t.Errorf("the take-over took %s", took)
	}
}

// Switched on later, it begins with the events from then on.
func TestEventsByHTTPAreSwitchedOn(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		ada := s.register(t, "ada")
		subscribe(t, s.nats).waitFor(t, ada.User.ID, 1)
		s.stop(t)
		sink := newReceiver(t, env)
		s = start(t, env)
		s.rename(t, ada, "ada2")
		grace := s.register(t, "grace")
		sink.waitFor(t, grace.User.ID, 1)
		eventually(t, "ada's second event comes", func() error {
			sink.mu.Lock()
			defer sink.mu.Unlock()
			for _, m := range sink.accepted {
				if m.body.ID == ada.User.ID && m.version() == "1" {
					t.Fatal("an event came from before it was switched on")
				}
				if m.body.ID == ada.User.ID && m.version() == "2" {
					return nil
				}
			}
			return errNotYet
		})
	})
}
