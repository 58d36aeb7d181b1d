package e2e

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// bus is a NATS server of its own, which can go away and come back.
type bus struct {
	url     string
	options *server.Options
	server  *server.Server
}

func newBus(t *testing.T) *bus {
	t.Helper()
	port := freePort(t)
	b := &bus{url: "nats://127.0.0.1:" + port, options: &server.Options{
		Host: "127.0.0.1", JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, SyncAlways: true,
	}}
	if _, err := fmt.Sscan(port, &b.options.Port); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *bus) start(t *testing.T) {
	t.Helper()
	s, err := server.NewServer(b.options.Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the bus does not start")
	}
	b.server = s
}

func (b *bus) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// The bus being away stops no request; its events flow when it is back, in order.
func TestTheBusIsAway(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		bus := newBus(t)
		bus.stop()
		env["NATS_URL"] = bus.url
		s := start(t, env) // it starts and is ready without the bus
		var ready struct {
			Status string
			Checks map[string]string
		}
		s.must(t, "GET", "/health/ready", "", "", 200, &ready)
		if ready.Status != "degraded" || !strings.HasPrefix(ready.Checks["events"], "down") {
			t.Errorf("readiness without the bus = %+v", ready)
		}
		ada := s.register(t, "ada")
		s.must(t, "PATCH", "/api/v1/users/me", ada.Token, `{"username":"ada2"}`, 200, nil)
		if pending := s.metric(t, "outbox_pending"); pending != "2" {
			t.Errorf("outbox_pending = %s, want 2", pending)
		}
		bus.start(t)
		events := subscribe(t, bus.url)
		got := events.waitFor(t, ada.User.ID, 2)
		if got[0].version() != "1" || got[1].version() != "2" {
			t.Errorf("the events came in the order %s, %s", got[0].version(), got[1].version())
		}
		eventually(t, "the service is whole again", func() error {
			s.must(t, "GET", "/health/ready", "", "", 200, &ready)
			if ready.Status != "ok" {
				return fmt.Errorf("%+v: %w", ready, errNotYet)
			}
			return nil
		})
		bus.stop() // and once more, while it runs
		grace := s.register(t, "grace")
		bus.start(t)
		again := subscribe(t, bus.url)
		again.waitFor(t, grace.User.ID, 1)
	})
}

// A bus that says nothing any more, without closing the connection, neither holds up requests
// nor an orderly stop; what waits goes out at the next start.
func TestTheBusStalls(t *testing.T) {
	t.Parallel()
	bus := newBus(t)
	w := harness.NewWire(t, strings.TrimPrefix(bus.url, "nats://"))
	env := newEnv(t)
	env["NATS_URL"] = "nats://" + w.Addr
	s := start(t, env)
	events := subscribe(t, bus.url)
	ada := s.register(t, "ada")
	events.waitFor(t, ada.User.ID, 1)

	w.Stall()
	grace := s.register(t, "grace")
	s.stop(t)
	w.Resume()

	start(t, env)
	events.waitFor(t, grace.User.ID, 1)
	if got := len(events.all()); got != 2 {
		t.Errorf("%d events, want 2", got)
	}
}

// PostgreSQL being away is a clear 503, and nothing has to be restarted when it is back.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	w := harness.NewWire(t, u.Host)
	u.Host = w.Addr
	env := newEnv(t)
	env["DATABASE_URL"] = u.String()
	s := start(t, env)
	events := subscribe(t, s.nats)
	ada := s.register(t, "ada")

	w.Cut()
	for _, r := range []struct{ method, path, token, body string }{
		{"GET", "/api/v1/users/me", ada.Token, ""},
		{"POST", "/api/v1/auth/register", "", registration("grace")},
		{"POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"` + goodPassword + `"}`},
	} {
		status, header, answer, err := s.do(r.method, r.path, r.token, r.body)
		if err != nil || status != 503 || header.Get("Retry-After") == "" {
			t.Errorf("%s %s without the database = %d %s %v, want 503 with Retry-After", r.method, r.path, status, answer, err)
		}
	}
	if err := s.expect("GET", "/health/ready", "", "", 503); err != nil {
		t.Error(err)
	}
	if err := s.expect("GET", "/health/live", "", "", 200); err != nil {
		t.Error(err)
	}
	w.Mend(t)
	eventually(t, "the service is ready again", func() error { return s.expect("GET", "/health/ready", "", "", 200) })
	s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
	grace := s.register(t, "grace")
	events.waitFor(t, grace.User.ID, 1)
}

// A database that comes later than the service is waited for.
func TestTheDatabaseComesLate(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	w := harness.NewWire(t, u.Host)
	w.Cut()
	u.Host = w.Addr
	env := newEnv(t)
	env["DATABASE_URL"] = u.String()
	s := launch(t, env)
	eventually(t, "it says what it waits for", func() error {
		if !strings.Contains(s.Output(), "database") {
			return errNotYet
		}
		return nil
	})
	w.Mend(t)
	eventually(t, "the service is ready", func() error { return s.expect("GET", "/health/ready", "", "", 200) })
}

// A client that sends a byte now and then is cut off and holds up nobody.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	s := start(t, newEnv(t))
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // drips until the other end has had enough
		defer close(done)
		for {
			if _, err := c.Write([]byte(" ")); err != nil {
				return
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	s.must(t, "GET", "/health", "", "", 200, nil)
	select {
	case <-done:
	case <-time.After(40 * time.Second):
		t.Error("a dripping request is never cut off")
	}
}
