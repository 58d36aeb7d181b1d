package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/infrastructure/nats"
	"gofiber-auth/pkg/metrics"
)

// patience is far more than anything here takes.
const patience = time.Minute

// screen is an output that a test can watch.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the screen shows a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(s.String(), text) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("%q was not shown within %v, but:\n%s", text, patience, s)
		}
	}
}

// program is a subscriber that runs.
type program struct {
	stdout, stderr *screen
	stop           func() int // ends it as a signal does and returns its exit code
}

func start(t *testing.T, environment map[string]string, args ...string) program {
	t.Helper()
	p := program{stdout: new(screen), stderr: new(screen)}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, func(name string) string { return environment[name] }, p.stdout, p.stderr)
	}()
	p.stop = sync.OnceValue(func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(patience):
			return -1
		}
	})
	t.Cleanup(func() {
		if c := p.stop(); c != done {
			t.Errorf("exit code %d, want %d; it said:\n%s", c, done, p.stderr)
		}
	})
	return p
}

// service is the auth service as far as its events go.
type service struct {
	url string
	*nats.Publisher
}

func startService(t *testing.T, addr string) service {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	bus, err := nats.StartEmbedded(nats.EmbeddedOptions{Addr: addr, StoreDir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Shutdown)
	conn, err := nats.Connect(nats.ConnectOptions{Server: bus, Name: "test", Log: log, AckTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ready := make(chan struct{}, 1)
	publisher := nats.NewPublisher(nats.PublisherDeps{
		Connection: conn, Metrics: metrics.New("test"), Log: log,
		Settings: nats.StreamSettings{Name: "USER_EVENTS", Subject: "user.events", MaxAge: time.Hour},
		OnReady:  func() { ready <- struct{}{} },
	})
	t.Cleanup(publisher.Close)
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatal("the bus was not ready")
	}
	return service{url: bus.ClientURL(), Publisher: publisher}
}

const adaID = "0199c1de-0000-7000-8000-000000000001"

// register publishes that a user came to be, under a name of its own.
func (s service) register(t *testing.T, username string) {
	t.Helper()
	s.publish(t, adaID, 1, models.ActionCreated, username)
}

// publish publishes that something happened to a user.
func (s service) publish(t *testing.T, id string, version int64, action models.Action, username string) {
	t.Helper()
	stream, err := s.Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	results := s.Publish(t.Context(), stream, []models.OutboxEvent{{
		ID: fmt.Sprint("event-", username), UserID: id, Version: version, Action: action,
		Email: username + "@example.com", Username: username, RequestID: "req-1",
		OccurredAt: time.Date(2026, 11, 23, 20, 4, 5, 678901000, time.UTC),
	}})
	if results[0].Err != nil {
		t.Fatal(results[0].Err)
	}
}

func TestPrintsEvents(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	s.register(t, "ada")
	p := start(t, nil, "-url", s.url)
	p.stderr.await(t, "reading stream USER_EVENTS as test_subscriber")
	s.register(t, "grace")

	p.stdout.await(t, "#2\n")
	want := "2026-11-23T20:04:05.678901Z created v1 " + adaID + " ada@example.com ada #1\n" +
		"2026-11-23T20:04:05.678901Z created v1 " + adaID + " grace@example.com grace #2\n"
	if got := p.stdout.String(); got != want {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
}

func TestPrintsJSON(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	s.register(t, "ada")
	p := start(t, map[string]string{"NATS_URL": s.url}, "-json")
	p.stdout.await(t, "\n")

	const want = `{"time":"2026-11-23T20:04:05.678901Z","action":"created","version":1,"id":"` + adaID + `",` +
		`"email":"ada@example.com","username":"ada","streamSequence":1,"eventId":"event-ada","requestId":"req-1"}` + "\n"
	if got := p.stdout.String(); got != want || !json.Valid([]byte(got)) {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
}

func TestGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	s.register(t, "ada")
	first := start(t, nil, "-url", s.url, "-durable", "social")
	first.stdout.await(t, "#1\n")
	if code := first.stop(); code != done {
		t.Fatalf("exit code %d after a signal", code)
	}
	s.register(t, "grace")

	second := start(t, nil, "-url", s.url, "-durable", "social")
	second.stdout.await(t, "#2\n")
	if strings.Contains(second.stdout.String(), "#1\n") {
		t.Errorf("printed again:\n%s", second.stdout)
	}
	late := start(t, nil, "-url", s.url, "-durable", "late", "-from", "new")
	late.stderr.await(t, "reading")
	s.register(t, "joan")
	late.stdout.await(t, "#3\n")
	if got := late.stdout.String(); strings.Count(got, "\n") != 1 {
		t.Errorf("-from new printed:\n%s", got)
	}
}

func TestSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := start(t, map[string]string{"NATS_URL": "nats://ada:s3cr3t@" + addr}, "-stream", "ELSEWHERE")

	p.stderr.await(t, "waiting for the event bus")
	p.stderr.await(t, "connection refused")
	startService(t, addr)
	p.stderr.await(t, "waiting for the stream, which the auth service makes: there is no event stream yet: ELSEWHERE")
	if code := p.stop(); code != done {
		t.Errorf("exit code %d after a signal", code)
	}
	said := p.stderr.String()
	if n := strings.Count(said, "\n"); n > 5 {
		t.Errorf("said %d lines:\n%s", n, said)
	}
	if strings.Contains(said, "s3cr3t") {
		t.Errorf("told the password:\n%s", said)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"an unknown flag":          {[]string{"-x"}, "-x"},
		"an argument":              {[]string{"social"}, "unexpected argument"},
		"another beginning":        {[]string{"-from", "yesterday"}, "all or new"},
		"a snapshot for no copy":   {[]string{"-snapshot", "http://localhost:8088"}, "-snapshot needs -db"},
		"a snapshot of new users":  {[]string{"-snapshot", "http://localhost:8088", "-db", "x", "-from", "new"}, "-from new"},
		"a snapshot without token": {[]string{"-snapshot", "http://localhost:8088", "-db", "x"}, "SYNC_TOKEN"},
		"a snapshot of no URL":     {[]string{"-snapshot", "http://ada:s3cr3t@localhost", "-db", "x"}, "http or https"},
		"no URL":                   {[]string{"-url", "http://ada:s3cr3t@localhost"}, "not a NATS URL"},
		"no name":                  {[]string{"-durable", "a b", "-url", "127.0.0.1:1"}, "the durable needs a name"},
		"no name of a stream":      {[]string{"-stream", "a.b", "-url", "127.0.0.1:1"}, "the stream needs a name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr := new(screen), new(screen)
			code := run(t.Context(), tt.args, func(string) string { return "" }, stdout, stderr)
			if code != misused || stdout.String() != "" || !strings.Contains(stderr.String(), tt.want) || strings.Contains(stderr.String(), "s3cr3t") {
				t.Errorf("exit code %d, want %d; it said %q and %q", code, misused, stdout, stderr)
			}
		})
	}
}
