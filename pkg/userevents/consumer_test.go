package userevents

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

func TestRunDeliversEvents(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.message(t, nil, adasBody)
	r := startReader(t, s.bus.ClientURL(), nil)

	want := adasEvent()
	want.StreamSequence, want.Position.Sequence = 1, 1
	got := receive(t, "an event", r.events)
	if got.Position.Stream.IsZero() || got.Position.Time.Before(got.Position.Stream) {
		t.Errorf("the event is at %+v", got.Position)
	}
	got.Position.Stream, got.Position.Time = time.Time{}, time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
	s.send(t, 4, 30)
	r.expect(t, 4, 30)
}

func TestRunGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 5)
	never := func(c *Consumer) { c.ackWait = time.Hour } // so long what is unacknowledged does not come again
	first := startReader(t, s.bus.ClientURL(), never)
	first.expect(t, 1, 5)
	if err := first.stop(); err != nil {
		t.Fatalf("Run() = %v after its context ended", err)
	}

	s.send(t, 6, 8)
	second := startReader(t, s.bus.ClientURL(), func(c *Consumer) {
		never(c)
		c.From = New // only for a durable that is not there
	})
	second.expect(t, 6, 8)
}

func TestRunBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from  Start
		first int // of the five events that are there before
	}{
		"all":                   {from: All, first: 1},
		"new":                   {from: New, first: 6},
		"after the second":      {from: After(2), first: 3},
		"after the last":        {from: After(5), first: 6},
		"after another's event": {from: After(900), first: 1}, // the stream was made anew since
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t)
			s.send(t, 1, 5)
			r := startReader(t, s.bus.ClientURL(), func(c *Consumer) { c.From = tt.from })
			receive(t, "readiness", r.ready)
			s.send(t, 6, 6)
			r.expect(t, tt.first, 6)
		})
	}
}

func TestFailedEventComesAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 4)
	var tries atomic.Int32
	var r *reader
	events := make(chan Event, 100)
	r = startReader(t, s.bus.ClientURL(), func(c *Consumer) {
		c.Handle = func(_ context.Context, e Event) error {
			events <- e
			if e.Version == 2 && tries.Add(1) <= 3 {
				return errors.New("database is away")
			}
			return nil
		}
	})

	for i, want := range []int64{1, 2, 2, 2, 2, 3, 4} {
		if e := receive(t, "an event", events); e.Version != want {
			t.Fatalf("event %d is version %d, want %d", i, e.Version, want)
		}
	}
	for range 3 {
		r.expectReport(t, "event 2 of stream USER_EVENTS", "database is away")
	}
}

func TestMalformedMessageIsSkipped(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 1)
	s.message(t, map[string]string{"Nats-Msg-Id": "bad-1"}, `{"id":7}`)
	s.message(t, map[string]string{"Nats-Msg-Id": "bad-2", "User-Version": "none"}, adasBody)
	s.send(t, 2, 2)
	r := startReader(t, s.bus.ClientURL(), nil)

	r.expect(t, 1, 2)
	r.expectReport(t, "event 2 of stream", ErrMalformed.Error())
	r.expectReport(t, "event 3 of stream", ErrMalformed.Error())
	s.awaitAcks(t, 4) // none of them comes again
}

func TestLaterSchemaIsKept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.message(t, map[string]string{"Event-Schema": "3", "Nats-Msg-Id": "later"}, adasBody)
	s.send(t, 2, 2)
	r := startReader(t, s.bus.ClientURL(), nil)

	r.expectReport(t, "event 1 of stream", ErrSchema.Error())
	r.expectReport(t, "event 1 of stream", ErrSchema.Error())
	if len(r.events) != 0 {
		t.Errorf("%+v came although the event before it waits", <-r.events)
	}
}

func TestRunWaitsForTheBusAndTheStream(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	r := startReader(t, fmt.Sprintf("nats://127.0.0.1:%d", port), nil)

	if err := receive(t, "a report", r.reports); !errors.Is(err, ErrBusAway) {
		t.Errorf("reported %v, want %v", err, ErrBusAway)
	}
	bus := startBus(t, port, t.TempDir())
	if err := receive(t, "a report", r.reports); !errors.Is(err, ErrNoStream) {
		t.Errorf("reported %v, want %v", err, ErrNoStream)
	}
	s := newSender(t, bus)
	s.makeStream(t)
	s.send(t, 1, 1)
	r.expect(t, 1, 1)
	if len(r.reports) != 0 {
		t.Errorf("reported again: %v", <-r.reports)
	}
}

func TestSlowHandlerKeepsItsEvent(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 2)
	const ackWait = 3 * time.Second // a third of it is how late a busy machine may be
	r := startReader(t, s.bus.ClientURL(), func(c *Consumer) {
		c.ackWait = ackWait
		keep := c.Handle
		c.Handle = func(ctx context.Context, e Event) error {
			if e.Version == 1 {
				sleep(ctx, 2*ackWait)
			}
			return keep(ctx, e)
		}
	})
	r.expect(t, 1, 1)
	r.expect(t, 2, 2)
	durable, err := s.js.Consumer(t.Context(), streamName, "social")
	if err != nil {
		t.Fatal(err)
	}
	if n := durable.CachedInfo().Delivered.Consumer; n != 2 {
		t.Errorf("delivered %d times, want 2", n)
	}
}

func TestStopInTheMiddleOfAnEvent(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 1)
	began := make(chan struct{}, 1)
	first := startReader(t, s.bus.ClientURL(), func(c *Consumer) {
		c.ackWait = time.Hour // it is given back, not waited for
		c.Handle = func(ctx context.Context, _ Event) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
	})
	receive(t, "the event", began)
	if err := first.stop(); err != nil {
		t.Fatalf("Run() = %v", err)
	}
	if len(first.reports) != 0 {
		t.Errorf("reported %v", <-first.reports)
	}

	second := startReader(t, s.bus.ClientURL(), func(c *Consumer) { c.ackWait = time.Hour })
	second.expect(t, 1, 1)
}

func TestDurableOfAnotherKind(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.send(t, 1, 2)
	_, err := s.js.CreateConsumer(t.Context(), streamName, jetstream.ConsumerConfig{Durable: "social", AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := Connect(s.bus.ClientURL(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := Consumer{Conn: nc, Stream: streamName, Durable: "social", Handle: func(context.Context, Event) error { return nil }}
	if err := c.Run(t.Context()); !errors.Is(err, ErrUnusable) {
		t.Errorf("Run() = %v, want %v", err, ErrUnusable)
	}
}

func TestDurableThatWouldLoseTheOrder(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	_, err := s.js.CreateConsumer(t.Context(), streamName, jetstream.ConsumerConfig{Durable: "social", MaxDeliver: 3, MaxAckPending: 500})
	if err != nil {
		t.Fatal(err)
	}
	r := startReader(t, s.bus.ClientURL(), nil)
	receive(t, "readiness", r.ready)
	durable, err := s.js.Consumer(t.Context(), streamName, "social")
	if err != nil {
		t.Fatal(err)
	}
	if c := durable.CachedInfo().Config; c.MaxAckPending != 1 || c.MaxDeliver != -1 {
		t.Errorf("the durable was left as %+v", c)
	}
}

func TestRunWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	if err := (Consumer{Stream: streamName}).Run(t.Context()); !errors.Is(err, ErrUnusable) {
		t.Errorf("Run() = %v, want %v", err, ErrUnusable)
	}
	bus := startBus(t, -1, t.TempDir())
	nc, err := Connect(bus.ClientURL(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	c := Consumer{Conn: nc, Stream: streamName, Durable: "so.cial", Handle: func(context.Context, Event) error { return nil }}
	if err := c.Run(t.Context()); !errors.Is(err, ErrUnusable) {
		t.Errorf("Run() = %v for a name with a dot, want %v", err, ErrUnusable)
	}
	c.Durable = "social"
	if err := c.Run(t.Context()); !errors.Is(err, ErrUnusable) {
		t.Errorf("Run() = %v on a closed connection, want %v", err, ErrUnusable)
	}
}

func TestConnectRefusesWithoutRepeating(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for _, addresses := range []string{
		"nats://ada:" + secret + "%zz@127.0.0.1:4222", "nats://ada:1/" + secret + "@127.0.0.1:4222", "http://ada:" + secret + "@127.0.0.1",
		"nats://127.0.0.1:4222,", "",
	} {
		nc, err := Connect(addresses, "test", nil)
		if err == nil {
			nc.Close()
		}
		if !errors.Is(err, ErrURL) || strings.Contains(err.Error(), secret) {
			t.Errorf("Connect() = %v, want %v", err, ErrURL)
		}
	}
}

func TestConnectHasAnInboxOfItsUser(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"nats://social:secret@127.0.0.1:1, nats://127.0.0.2:1": "_INBOX_social.",
		"s%6Fcial:secret@127.0.0.1:1":                          "_INBOX_social.",
		"nats://127.0.0.1:1":                                   "_INBOX.",
		"nats://t0ken@127.0.0.1:1":                             "_INBOX.", // it would tell the token
		"nats://:secret@127.0.0.1:1":                           "_INBOX.",
		"nats://so.cial:secret@127.0.0.1:1":                    "_INBOX.", // no name within a subject
	} {
		nc, err := Connect(address, "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		inbox := nc.NewRespInbox()
		nc.Close()
		if !strings.HasPrefix(inbox, want) {
			t.Errorf("%s: replies come to %s, want %s…", address, inbox, want)
		}
	}
}
