package chaos

import (
	"bytes"
	mathrand "math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

const (
	changesBefore = 60 // changes that are acknowledged before a fault, in each round
	changesDuring = 30 // and while it lasts, where requests are answered meanwhile
	changesAfter  = 30 // and when it is over

	takeover = 5 * time.Second // of an instance that died
	little   = 3 * time.Second // for a busy machine and a busy subscriber
)

// A SIGKILL of the service, and of the database and the bus within it, at any moment.
func TestServiceKilled(t *testing.T) {
	t.Parallel()
	on(t, "service killed three times (SIGKILL)", 1, []deployment{embedded, sqlite, postgres, twoOfThem}, func(w *world) {
		for range 3 {
			victim := w.any()
			victim.kill()
			victim.start()
			w.load.more(1 + mathrand.IntN(changesDuring))
		}
	})
}

// When the instance that relays dies, what the other one commits arrives within five seconds.
func TestOneOfTwoKilled(t *testing.T) {
	t.Parallel()
	on(t, "relaying instance killed (SIGKILL), the other takes over", 1, []deployment{twoOfThem}, func(w *world) {
		victim := w.holder()
		victim.kill()
		killed := time.Now()
		first := w.probe()
		harness.Within(w, bound(takeover+little)-time.Since(killed), "an event of the other instance arrives", func() error {
			return w.witness.has(first)
		})
		w.note("; its next event after %.1f s", time.Since(killed).Seconds())
		victim.start()
	})
}

// An instance that is paused past its lease goes on as if it still relayed: for a moment there
// are two. Requests may go without an answer: its own, and those that wait for its locks in the
// database.
func TestOneOfTwoPaused(t *testing.T) {
	t.Parallel()
	on(t, "relaying instance paused past its lease (SIGSTOP)", 1, []deployment{twoOfThem}, func(w *world) {
		victim := w.holder()
		victim.pause()
		first := w.probe()
		harness.Within(w, bound(takeover+little), "an event of the other instance arrives", func() error {
			return w.witness.has(first)
		})
		w.load.more(changesDuring)
		victim.goOn()
	})
}

// PostgreSQL is stopped hard and comes back: requests meanwhile are answered with 503.
func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(w *world) error{
		"PostgreSQL killed (SIGKILL)":      func(w *world) error { return w.cluster.Kill() },
		"PostgreSQL stopped (immediately)": func(w *world) error { w.cluster.Quit(); return nil },
	} {
		on(t, name, 1, []deployment{ownPostgres}, func(w *world) {
			if err := stop(w); err != nil {
				w.Fatal(err)
			}
			w.load.moreLost(5)
			if err := w.cluster.Restart(w.Context()); err != nil {
				w.Fatal(err)
			}
		})
	}
}

// The network to the bus lets nothing pass any more, closes nothing, and goes on.
func TestNetworkStalls(t *testing.T) {
	t.Parallel()
	on(t, "network to the bus stalls until publishing is given up", 1, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
		before := w.said(eventsWait)
		w.wire.Stall()
		w.load.more(changesDuring)
		w.untilSaid(eventsWait, before)
		w.wire.Resume()
	}))
	on(t, "network to the bus stalls for a moment", 3, []deployment{postgres}, unanswered(0, func(w *world) {
		w.wire.Stall()
		w.load.more(changesDuring)
		w.wire.Resume()
	}))
}

// The network to the bus breaks while events are on their way.
func TestNetworkBreaks(t *testing.T) {
	t.Parallel()
	on(t, "network to the bus cut in mid-batch", 3, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
		const some = 10 // events get through
		var passed atomic.Int64
		cut := make(chan struct{})
		w.wire.Watch(func(toServer bool, chunk []byte) harness.Fate {
			if n := int64(bytes.Count(chunk, publication)); toServer && n > 0 && passed.Load() <= some && passed.Add(n) > some {
				close(cut)
				return harness.Sever
			}
			return harness.Pass
		})
		harness.Await(w, cut, "events are published")
		w.wire.Watch(nil)
	}))
}

// publication begins an event on its way to the bus.
var publication = []byte("HPUB user.events.")

// An event arrives, and its acknowledgement does not: it is in the stream once all the same.
func TestAcknowledgementLost(t *testing.T) {
	t.Parallel()
	on(t, "acknowledgements of the bus lost", 3, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
		info := w.stream()
		var deaf atomic.Bool
		w.wire.Watch(func(toServer bool, chunk []byte) harness.Fate {
			if toServer && bytes.Contains(chunk, publication) {
				deaf.Store(true)
			}
			if !toServer && deaf.Load() {
				return harness.Drop
			}
			return harness.Pass
		})
		harness.Eventually(w, "events arrive without an acknowledgement", func() error {
			now, err := w.witness.info()
			if err == nil && (now.State.LastSeq <= info.State.LastSeq || !deaf.Load()) {
				err = harness.ErrNotYet
			}
			return err
		})
		w.wire.Sever()
		w.wire.Watch(nil)
	}))
}

// What the relay says.
const (
	eventsWait = `"msg":"events wait"`
	noRoom     = "insufficient resources" // in the bus's words
)

// said is how often the instances have said something so far.
func (w *world) said(what string) (n int) {
	for _, i := range w.instances {
		n += strings.Count(i.process.Output(), what)
	}
	return n
}

// untilSaid waits until an instance has said it once more.
func (w *world) untilSaid(what string, before int) {
	w.Helper()
	harness.Eventually(w, what, func() error {
		if w.said(what) <= before {
			return harness.ErrNotYet
		}
		return nil
	})
}
