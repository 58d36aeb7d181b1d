package userevents

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// copyOf is what a service keeps: a position, which every event has to follow.
type copyOf struct {
	mu       sync.Mutex
	position Position
	events   []uint64 // sequences of those applied since the last Bootstrap

	gaps chan Gap
	fail atomic.Int32 // how many of the next Bootstraps do
	wait chan struct{}
	away atomic.Bool
}

func newCopy() *copyOf { return &copyOf{gaps: make(chan Gap, 1000)} }

// keep gives a Consumer the copy.
func (c *copyOf) keep(consumer *Consumer) {
	announce := consumer.Handle
	consumer.Position = func(context.Context) (Position, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.position, nil
	}
	consumer.Bootstrap = func(ctx context.Context, g Gap) error {
		c.gaps <- g
		if c.wait != nil {
			select {
			case <-c.wait:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if c.fail.Add(-1) >= 0 {
			return errors.New("the auth service is away")
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.position == g.Was {
			c.position, c.events = g.End, nil
		}
		return nil
	}
	consumer.Handle = func(ctx context.Context, e Event) error {
		if err := c.apply(e); err != nil {
			return err
		}
		return announce(ctx, e)
	}
}

func (c *copyOf) apply(e Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.away.Load():
		return errors.New("database is away")
	case c.position.Stream.Equal(e.Position.Stream) && e.Position.Sequence <= c.position.Sequence:
		return nil
	case !c.position.Stream.Equal(e.Position.Stream) || e.Position.Sequence != c.position.Sequence+1:
		return ErrGap
	}
	c.position = e.Position
	c.events = append(c.events, e.Position.Sequence)
	return nil
}

// expectGap waits for a Bootstrap and checks what it was told.
func (c *copyOf) expectGap(t *testing.T, was, begin, end uint64, why string) {
	t.Helper()
	g := receive(t, "a Bootstrap", c.gaps)
	if g.Was.Sequence != was || g.Begin.Sequence != begin || g.End.Sequence != end || !strings.Contains(g.Why, why) {
		t.Errorf("Bootstrap(%+v), want it to go from %d to %d and %d: %s", g, was, begin, end, why)
	}
	if g.Begin.Stream.IsZero() || !g.End.Stream.Equal(g.Begin.Stream) {
		t.Errorf("Bootstrap(%+v) is not told of one stream", g)
	}
}

// expectNoGap checks that there was none that expectGap did not see.
func (c *copyOf) expectNoGap(t *testing.T) {
	t.Helper()
	select {
	case g := <-c.gaps:
		t.Errorf("Bootstrap(%+v) was called", g)
	default:
	}
}

// shelf is a bus that can stop, with a stream.
type shelf struct {
	sender

	t    *testing.T
	dir  string
	port int
	bus  *server.Server
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{t: t, dir: t.TempDir(), port: -1}
	s.open()
	s.makeStream(t)
	return s
}

func (s *shelf) open() {
	s.t.Helper()
	s.bus = startBus(s.t, s.port, s.dir)
	s.port = s.bus.Addr().(*net.TCPAddr).Port
	s.sender = newSender(s.t, s.bus)
}

func (s *shelf) stream() jetstream.Stream {
	s.t.Helper()
	stream, err := s.js.Stream(s.t.Context(), streamName)
	if err != nil {
		s.t.Fatal(err)
	}
	return stream
}

func (s *shelf) purge() {
	s.t.Helper()
	if err := s.stream().Purge(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// ageOut lets all that is in the stream go by its age.
func (s *shelf) ageOut() {
	s.t.Helper()
	cfg := s.stream().CachedInfo().Config
	cfg.Duplicates = 100 * time.Millisecond
	cfg.MaxAge = 100 * time.Millisecond
	if _, err := s.js.UpdateStream(s.t.Context(), cfg); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.After(patience)
	for s.stream().CachedInfo().State.Msgs > 0 {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			s.t.Fatal("nothing aged out")
		}
	}
	cfg.MaxAge = 0
	if _, err := s.js.UpdateStream(s.t.Context(), cfg); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) makeAnew() {
	s.t.Helper()
	if err := s.js.DeleteStream(s.t.Context(), streamName); err != nil {
		s.t.Fatal(err)
	}
	s.makeStream(s.t)
}

// read starts a reader with a copy.
func (s *shelf) read(c *copyOf) *reader {
	s.t.Helper()
	return startReader(s.t, s.bus.ClientURL(), c.keep)
}

// readAndStop lets a copy read the events of versions first to last, and stop.
func (s *shelf) readAndStop(c *copyOf, first, last int) {
	s.t.Helper()
	r := s.read(c)
	r.expect(s.t, first, last)
	if err := r.stop(); err != nil {
		s.t.Fatal(err)
	}
}

func TestBootstrapBeforeTheFirstEvent(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 5)
	c := newCopy()
	c.fail.Store(2)
	r := s.read(c)

	for range 3 {
		c.expectGap(t, 0, 0, 5, "nothing is known")
	}
	r.expectReport(t, ErrBootstrap.Error(), "the auth service is away")
	receive(t, "readiness", r.ready)
	s.send(t, 6, 7)
	r.expect(t, 6, 7)
	if len(r.reports) > 0 {
		t.Errorf("reported %v", <-r.reports)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	s.send(t, 8, 9)
	s.readAndStop(c, 8, 9)
	c.expectNoGap(t)
}

// What changes while the list of users is read has its event behind the place that was noted
// before.
func TestEventsDuringABootstrapFollowIt(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 5)
	c := newCopy()
	c.wait = make(chan struct{})
	r := s.read(c)
	c.expectGap(t, 0, 0, 5, "")
	s.send(t, 6, 8)
	close(c.wait)
	r.expect(t, 6, 8)
}

// lost is the ways to lose events that a copy behind the third has not read, and what its
// Bootstrap is told then.
func TestBootstrapWhereEventsAreGone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lose            func(t *testing.T, s *shelf)
		was, begin, end uint64
		why             string
	}{
		"aged out": {
			func(t *testing.T, s *shelf) {
				s.send(t, 4, 6)
				s.ageOut()
			}, 3, 6, 6, "events 4 to 6 are gone",
		},
		"purged": {
			func(t *testing.T, s *shelf) {
				s.send(t, 4, 6)
				s.purge()
			}, 3, 6, 6, "events 4 to 6 are gone",
		},
		"purged, and more came": {
			func(t *testing.T, s *shelf) {
				s.send(t, 4, 6)
				s.purge()
				s.send(t, 7, 9)
			}, 3, 6, 9, "events 4 to 6 are gone",
		},
		"deleted and made anew": {
			func(t *testing.T, s *shelf) {
				s.makeAnew()
				s.send(t, 4, 5)
			}, 3, 0, 2, "made anew",
		},
		"made anew, and already as long": {
			func(t *testing.T, s *shelf) {
				s.makeAnew()
				s.send(t, 4, 9)
			}, 3, 0, 6, "made anew",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			c := newCopy()
			first := s.read(c)
			c.expectGap(t, 0, 0, 0, "")
			s.send(t, 1, 3)
			first.expect(t, 1, 3)
			if err := first.stop(); err != nil {
				t.Fatal(err)
			}

			tt.lose(t, s)
			r := s.read(c)
			c.expectGap(t, tt.was, tt.begin, tt.end, tt.why)
			r.expectReport(t, ErrMissed.Error(), tt.why)
			receive(t, "readiness", r.ready)
			s.send(t, 20, 22)
			for {
				if e := receive(t, "an event", r.events); e.Version == 20 { // those before are in the list of users
					break
				}
			}
			r.expect(t, 21, 22)
			c.expectNoGap(t)
			if c.events[0] != tt.end+1 || len(c.events) != 3 {
				t.Errorf("applied events %v, want those from %d", c.events, tt.end+1)
			}
		})
	}
}

// The bus loses its newest events, as one that does not sync may: the stream is the same, but
// shorter. Copies of its files stand in for it.
func TestBootstrapWhereTheStreamIsShorter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after int // versions that come when it is back
		end   uint64
		why   string
	}{
		"shorter":                     {0, 2, "ends with event 2, and had 5"},
		"shorter, and grown again":    {4, 6, "another in its place"},
		"grown again to the same end": {3, 5, "another in its place"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			c := newCopy()
			first := s.read(c)
			c.expectGap(t, 0, 0, 0, "")
			s.send(t, 1, 2)
			first.expect(t, 1, 2)
			stopBus(s.bus)
			backup := filepath.Join(t.TempDir(), "backup")
			if err := os.CopyFS(backup, os.DirFS(s.dir)); err != nil {
				t.Fatal(err)
			}
			s.open()
			s.send(t, 3, 5)
			first.expect(t, 3, 5)
			if err := first.stop(); err != nil {
				t.Fatal(err)
			}
			stopBus(s.bus)
			s.dir = backup
			s.open()
			s.send(t, 11, 10+tt.after)

			r := s.read(c)
			c.expectGap(t, 5, 0, tt.end, tt.why)
			receive(t, "readiness", r.ready)
			s.send(t, 20, 21)
			for {
				if e := receive(t, "an event", r.events); e.Version == 20 {
					break
				}
			}
			r.expect(t, 21, 21)
			c.expectNoGap(t)
		})
	}
}

// All that with a reader that stays: it looks again when the bus has come back.
func TestLooksAgainWhenTheBusIsBack(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := newCopy()
	r := startReader(t, s.bus.ClientURL(), func(consumer *Consumer) {
		c.keep(consumer)
		consumer.quiet = time.Hour
	})
	c.expectGap(t, 0, 0, 0, "")
	s.send(t, 1, 2)
	r.expect(t, 1, 2)
	s.awaitAcks(t, 2)
	stopBus(s.bus)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	s.open()
	s.send(t, 3, 5)
	r.expect(t, 3, 5)
	s.awaitAcks(t, 5)
	stopBus(s.bus)

	s.dir = backup
	s.open()
	s.send(t, 11, 14) // 3 to 6 of the stream: the copy has a 5, but not this one
	if g := receive(t, "a Bootstrap", c.gaps); g.Was.Sequence != 5 {
		t.Errorf("Bootstrap(%+v)", g)
	}
	s.send(t, 20, 20)
	for receive(t, "an event", r.events).Version != 20 { // those before are in the list of users
	}
}

// Events go while the database is away, and no other one comes after that.
func TestBootstrapInTheQuiet(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := newCopy()
	r := startReader(t, s.bus.ClientURL(), func(consumer *Consumer) {
		c.keep(consumer)
		consumer.quiet = 50 * time.Millisecond
	})
	c.expectGap(t, 0, 0, 0, "")
	s.send(t, 1, 2)
	r.expect(t, 1, 2)
	c.expectNoGap(t)
	c.away.Store(true)
	s.send(t, 3, 3)
	r.expectReport(t, "event 3 of stream", "database is away")
	s.ageOut()
	c.away.Store(false)
	c.expectGap(t, 2, 3, 3, "events 3 to 3 are gone")
}

func TestBootstrapWhereOneEventIsGone(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := newCopy()
	r := s.read(c)
	c.expectGap(t, 0, 0, 0, "")
	s.send(t, 1, 3)
	r.expect(t, 1, 3)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	s.send(t, 4, 8)
	if err := s.stream().DeleteMsg(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	r = s.read(c)
	c.expectGap(t, 5, 6, 8, "events 6 to 6 are gone")
	for _, v := range []int64{4, 5, 7, 8} { // the last two say what the list of users did
		if e := receive(t, "an event", r.events); e.Version != v {
			t.Fatalf("received version %d, want %d", e.Version, v)
		}
	}
	c.expectNoGap(t)
}

// The database was restored from a backup, or another one was put in its place: the durable is
// ahead of it.
func TestDurableFollowsThePosition(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	c := newCopy()
	first := s.read(c)
	c.expectGap(t, 0, 0, 0, "")
	s.send(t, 1, 9)
	first.expect(t, 1, 9)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	backup := newCopy()
	backup.position = c.position
	backup.position.Sequence, backup.position.Time = 4, time.Time{}
	s.readAndStop(backup, 5, 9)
	backup.expectNoGap(t)

	if err := s.js.DeleteConsumer(t.Context(), streamName, "social"); err != nil {
		t.Fatal(err)
	}
	s.send(t, 10, 11)
	s.readAndStop(backup, 10, 11)
	backup.expectNoGap(t)
}

func TestMissedWithoutAPosition(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 3)
	r := startReader(t, s.bus.ClientURL(), nil)
	r.expect(t, 1, 3)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	s.send(t, 4, 6)
	s.ageOut()
	s.send(t, 7, 7)
	r = startReader(t, s.bus.ClientURL(), nil)
	r.expectReport(t, ErrMissed.Error(), "events 4 to 6")
	r.expect(t, 7, 7)

	late := startReader(t, s.bus.ClientURL(), func(c *Consumer) { c.Durable = "late" })
	late.expectReport(t, ErrMissed.Error(), "events 1 to 6")
	late.expect(t, 7, 7)
}
