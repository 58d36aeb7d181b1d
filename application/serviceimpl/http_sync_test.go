package serviceimpl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/test/storage"
)

// sink is a receiver of events in memory, which fails as it is told.
type sink struct {
	mu       sync.Mutex
	away     bool
	refused  map[string]bool // users whose events fail
	hanging  map[string]bool // users whose events get no answer
	takes    time.Duration   // by every other event
	now, top int             // deliveries under way, and the most of them at once
	tries    []try
	got      []models.OutboxEvent
}

type try struct {
	user string
	at   time.Time
}

func (s *sink) Deliver(ctx context.Context, e models.OutboxEvent) error {
	s.mu.Lock()
	s.tries = append(s.tries, try{e.UserID, time.Now()})
	s.now++
	s.top = max(s.top, s.now)
	takes, hangs := s.takes, s.hanging[e.UserID]
	s.mu.Unlock()
	if hangs {
		takes = 10 * time.Second
	}
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	if hangs || s.away || s.refused[e.UserID] || ctx.Err() != nil {
		return errors.Join(errAway, ctx.Err())
	}
	s.got = append(s.got, e)
	return nil
}

func (s *sink) set(change func(*sink)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// sum returns how many tries there were, how many of them got through, and how many are
// under way now and were at most.
func (s *sink) sum() (tries, got, now, top int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tries), len(s.got), s.now, s.top
}

// versions returns the versions of the user's events in the order of their arrival.
func (s *sink) versions(userID string) (versions []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.got {
		if e.UserID == userID {
			versions = append(versions, e.Version)
		}
	}
	return versions
}

// triesOf returns when the user's events were tried.
func (s *sink) triesOf(userID string) (at []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tries {
		if t.user == userID {
			at = append(at, t.at)
		}
	}
	return at
}

// lab is a worker with all that it needs, in a bubble of synctest.
type lab struct {
	store     *storage.Storage
	sink      *sink
	wakeups   *serviceimpl.Wakeups
	announced int
	log       *lockedLog
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), what)
}

// inLab runs a test of a worker whose time is fake.
func inLab(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		test(t, &lab{store: storage.Open(t), sink: &sink{refused: map[string]bool{}, hanging: map[string]bool{}}, log: new(lockedLog)})
	})
}

// start runs a worker of the given name until stop.
func (l *lab) start(t *testing.T, holder string) (stop func()) {
	t.Helper()
	l.wakeups = serviceimpl.NewWakeups()
	worker := serviceimpl.NewHTTPSync(serviceimpl.HTTPSyncDeps{
		Queue: l.store.Deliveries, Leases: l.store.Leases, Sink: l.sink, Wakeups: l.wakeups, Holder: holder,
		Announce: func(context.Context) error { l.announced++; return nil },
		Log:      slog.New(slog.NewTextHandler(l.log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); worker.Run(ctx) }()
	return func() { cancel(); <-done }
}

// commit appends the events of a user from version first to last, and wakes the worker.
func (l *lab) commit(t *testing.T, userID string, first, last int64) {
	t.Helper()
	for version := first; version <= last; version++ {
		err := l.store.ByHTTP.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return r.Outbox.Append(ctx, models.OutboxEvent{
				ID: newID(), UserID: userID, Version: version, Action: models.ActionUpdated,
				Email: "a@example.com", Username: fmt.Sprintf("u%d", version), OccurredAt: now(),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if l.wakeups != nil {
		l.wakeups.Committed()
	}
}

func (l *lab) wantVersions(t *testing.T, userID string, want ...int64) {
	t.Helper()
	if got := l.sink.versions(userID); !slices.Equal(got, want) {
		t.Errorf("the receiver got the versions %v, want %v", got, want)
	}
}

func (l *lab) wantWaiting(t *testing.T, want int64) {
	t.Helper()
	if n, _, err := l.store.Deliveries.Undelivered(t.Context()); err != nil || n != want {
		t.Errorf("%d events wait, %v, want %d", n, err, want)
	}
}

func TestHTTPSyncKeepsTheOrderOfEachUser(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		ada, grace := newID(), newID()
		l.commit(t, ada, 1, 5)
		l.commit(t, grace, 1, 3)
		defer l.start(t, "a")()
		synctest.Wait()
		l.wantVersions(t, ada, 1, 2, 3, 4, 5)
		l.wantVersions(t, grace, 1, 2, 3)
		l.wantWaiting(t, 0)
		l.commit(t, ada, 6, 6)
		synctest.Wait() // no time passes
		l.wantVersions(t, ada, 1, 2, 3, 4, 5, 6)
	})
}

// Events of many users go out at once, but not of all, and never two of one.
func TestHTTPSyncIsParallelWithinBounds(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.sink.takes = time.Second
		for range 120 {
			l.commit(t, newID(), 1, 2)
		}
		begin := time.Now()
		defer l.start(t, "a")()
		for range 300 {
			pass(100 * time.Millisecond)
			if _, got, _, _ := l.sink.sum(); got == 240 {
				break
			}
		}
		l.wantWaiting(t, 0)
		if took := time.Since(begin); took > 25*time.Second {
			t.Errorf("240 deliveries of a second each took %s", took)
		}
		if _, _, _, top := l.sink.sum(); top < 8 || top > 16 {
			t.Errorf("%d deliveries at once", top)
		}
	})
}

func TestOneStuckUserHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	for name, stick := range map[string]func(s *sink, userID string){
		"refused": func(s *sink, userID string) { s.refused[userID] = true },
		"hanging": func(s *sink, userID string) { s.hanging[userID] = true },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				ada := newID()
				stick(l.sink, ada)
				l.commit(t, ada, 1, 3)
				defer l.start(t, "a")()
				synctest.Wait()
				for range 200 { // one after the other, over ten minutes
					grace := newID()
					l.commit(t, grace, 1, 2)
					pass(300 * time.Millisecond) // more than new events wait while nothing is known to get through
					l.wantVersions(t, grace, 1, 2)
					pass(2700 * time.Millisecond)
				}
				l.wantVersions(t, ada)
				if tries := len(l.sink.triesOf(ada)); tries > 30 {
					t.Errorf("%d tries of the one that is stuck", tries)
				}
				if said := l.log.count("the events of one user wait"); said != 1 {
					t.Errorf("it was said %d times", said)
				}
				if flaps := l.log.count("events by HTTP wait"); flaps > 1 {
					t.Errorf("the receiver was taken for away %d times", flaps)
				}
				l.sink.set(func(s *sink) { s.refused, s.hanging = nil, nil })
				pass(time.Minute + 10*time.Second)
				l.wantVersions(t, ada, 1, 2, 3)
				l.wantWaiting(t, 0)
				if l.log.count("example.com") > 0 {
					t.Error("an address stands in the log")
				}
			})
		})
	}
}

// A user's tries come ever less often, up to one a minute, and a restart does not forget that.
func TestHTTPSyncBacksOff(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		stop := l.start(t, "a")
		ada, grace := newID(), newID()
		l.sink.set(func(s *sink) { s.refused[ada] = true })
		l.commit(t, ada, 1, 1)
		version := int64(0)
		flow := func(d time.Duration) { // with others that get through
			for end := time.Now().Add(d); time.Now().Before(end); {
				version++
				l.commit(t, grace, version, version)
				pass(time.Second)
			}
		}
		flow(5 * time.Minute)
		tries := l.sink.triesOf(ada)
		if len(tries) < 9 || len(tries) > 20 {
			t.Fatalf("%d tries in five minutes", len(tries))
		}
		for i := 1; i < len(tries); i++ {
			gap, most := tries[i].Sub(tries[i-1]), min(200*time.Millisecond<<(i-1), time.Minute)
			// The backoff begins anew once, when others turn out to get through.
			if gap > most+time.Second {
				t.Errorf("try %d came after %s, later than %s", i, gap, most)
			}
		}
		if last := tries[len(tries)-1].Sub(tries[len(tries)-2]); last < 29*time.Second {
			t.Errorf("the last two tries are %s apart", last)
		}
		stop()
		before := len(l.sink.triesOf(ada))
		defer l.start(t, "b")()
		flow(10 * time.Second)
		if again := len(l.sink.triesOf(ada)) - before; again > 2 {
			t.Errorf("%d tries in the ten seconds after a restart", again)
		}
	})
}

// While the receiver is away it is probed, not stormed; when it is back, all that waits comes
// within seconds, and not a minute later.
func TestTheReceiverIsAway(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		defer l.start(t, "a")()
		l.sink.set(func(s *sink) { s.away = true })
		users := make([]string, 100)
		for i := range users {
			users[i] = newID()
			l.commit(t, users[i], 1, 2)
			pass(100 * time.Millisecond)
		}
		pass(10 * time.Minute)
		l.wantWaiting(t, 200)
		before, _, _, _ := l.sink.sum()
		if before > 400 {
			t.Errorf("%d tries of 100 users in ten minutes", before)
		}
		pass(time.Minute)
		after, _, _, _ := l.sink.sum()
		if probes := after - before; probes < 10 || probes > 30 {
			t.Errorf("%d probes in a minute", probes)
		}
		l.sink.set(func(s *sink) { s.away = false })
		pass(6 * time.Second)
		l.wantWaiting(t, 0)
		for _, user := range users {
			l.wantVersions(t, user, 1, 2)
		}
		for _, what := range []string{`"events by HTTP wait"`, `"events by HTTP flow"`, "holds_lease"} {
			if said := l.log.count(what); said != 1 {
				t.Errorf("%s was said %d times", what, said)
			}
		}
	})
}

// An outage that ends while the service is not running does not go on after the start.
func TestTheReceiverIsBackBeforeTheService(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		ada := newID()
		l.sink.away = true
		l.commit(t, ada, 1, 2)
		stop := l.start(t, "a")
		pass(10 * time.Minute)
		stop()
		l.sink.set(func(s *sink) { s.away = false })
		defer l.start(t, "b")()
		pass(time.Second)
		l.wantVersions(t, ada, 1, 2)
	})
}

func TestAnotherInstanceTakesOver(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		held, err := l.store.Leases.Acquire(t.Context(), "http_sync", "one that dies", 4*time.Second)
		if err != nil || !held {
			t.Fatal(err)
		}
		ada := newID()
		stop := l.start(t, "a")
		l.commit(t, ada, 1, 1)
		pass(time.Second)
		l.wantVersions(t, ada)
		if l.announced != 1 {
			t.Errorf("the commit was announced %d times", l.announced)
		}
		pass(4 * time.Second)
		l.wantVersions(t, ada, 1)
		stop()
		if held, err := l.store.Leases.Acquire(t.Context(), "http_sync", "b", time.Minute); err != nil || !held {
			t.Errorf("the lease was not given back: %v", err)
		}
	})
}

// Who cannot renew the lease lets go of what is under way before another may have it.
func TestALeaseThatEndsEndsItsDeliveries(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		ada, grace := newID(), newID()
		l.sink.hanging[ada] = true
		l.commit(t, ada, 1, 1)
		l.commit(t, grace, 1, 1)
		defer l.start(t, "a")()
		pass(100 * time.Millisecond)
		l.store.FailWrites(t, true)
		pass(4 * time.Second)
		l.sink.set(func(s *sink) {
			if s.now != 0 {
				t.Errorf("%d deliveries are under way without the lease", s.now)
			}
			s.hanging = nil
		})
		if said := l.log.count("wait for the database"); said != 1 {
			t.Errorf("it was said %d times", said)
		}
		l.store.FailWrites(t, false)
		pass(10 * time.Second)
		l.wantVersions(t, ada, 1)
		l.wantVersions(t, grace, 1)
		l.wantWaiting(t, 0)
	})
}

func TestHTTPSyncStops(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.sink.takes = 300 * time.Millisecond
		ada, grace := newID(), newID()
		l.sink.hanging[grace] = true
		l.commit(t, grace, 1, 1)
		l.commit(t, ada, 1, 1)
		stop := l.start(t, "a")
		pass(400 * time.Millisecond)
		if _, _, under, _ := l.sink.sum(); under != 2 {
			t.Fatalf("%d deliveries are under way, want 2", under)
		}
		begin := time.Now()
		stop()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the stop took %s", took)
		}
		l.wantVersions(t, ada, 1) // it was under way and had its moment
		l.wantWaiting(t, 1)
		due, err := l.store.Deliveries.Due(t.Context(), repositories.DeliveryQuery{Fresh: 10})
		if err != nil || len(due) != 1 || due[0].Event.UserID != grace {
			t.Errorf("what was abandoned is not tried at once by the next: %v, %v", due, err)
		}
		if l.log.count("WARN") > 0 {
			t.Error("a stop is no failure, and a warning stands in the log")
		}
	})
}
