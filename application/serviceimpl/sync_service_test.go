package serviceimpl_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/test/storage"
)

// bus is an event bus in memory: it drops repeats by id, and fails as it is told.
type bus struct {
	mu        sync.Mutex
	away      bool
	refuse    string // the user whose events are refused
	calls     int
	looks     int // how often the stream was looked at
	announced int // by the relay whose bus this is
	events    []models.OutboxEvent
	onSend    func()

	stream models.StreamState // but for its last sequence, which is as many events as there were
	lost   int                // events that an earlier stream, or this one at its end, had
}

var errAway = errors.New("away")

func (b *bus) Stream(context.Context) (models.StreamState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.away {
		return models.StreamState{}, errAway
	}
	state := b.stream
	state.Last = uint64(len(b.events) - b.lost)
	state.AgesOnly = true
	return state, nil
}

func (b *bus) Publish(_ context.Context, _ models.StreamState, events []models.OutboxEvent) []services.PublishResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	results := make([]services.PublishResult, len(events))
	for i, e := range events {
		if b.away || e.UserID == b.refuse {
			results[i].Err = errAway
			continue
		}
		had := slices.IndexFunc(b.events[b.lost:], func(had models.OutboxEvent) bool { return had.ID == e.ID })
		if had < 0 {
			b.events = append(b.events, e)
			had = len(b.events) - b.lost - 1
		}
		results[i].StreamSequence = uint64(had + 1)
	}
	if b.onSend != nil {
		b.onSend()
	}
	return results
}

// loseAll makes the stream another one, which is empty.
func (b *bus) loseAll() {
	b.set(func(b *bus) {
		b.stream = models.StreamState{ID: b.stream.ID + 1, MaxAge: b.stream.MaxAge}
		b.lost = len(b.events)
	})
}

func (b *bus) set(change func(*bus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// versions returns the versions of the user's events in the order of the bus.
func (b *bus) versions(userID string) (versions []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.UserID == userID {
			versions = append(versions, e.Version)
		}
	}
	return versions
}

func newRelay(store *storage.Storage, b *bus, holder string) (*serviceimpl.Relay, *serviceimpl.Wakeups) {
	wakeups := serviceimpl.NewWakeups()
	return serviceimpl.NewRelay(serviceimpl.RelayDeps{
		Queue: store.Outbox, Leases: store.Leases, Publisher: b, Wakeups: wakeups, Holder: holder, Now: now, Log: slog.New(slog.DiscardHandler),
		Announce:   func(context.Context) error { b.set(func(b *bus) { b.announced++ }); return nil },
		Reconciled: func(int64) {},
	}), wakeups
}

// withBus runs a test over a database and a bus whose time is fake.
func withBus(t *testing.T, test func(t *testing.T, store *storage.Storage, b *bus)) {
	t.Helper()
	inBubble(t, func(t *testing.T) { test(t, storage.Open(t), new(bus)) })
}

// commit appends the events of a user from version first to last.
func commit(t *testing.T, store *storage.Storage, userID string, first, last int64) {
	t.Helper()
	for version := first; version <= last; version++ {
		err := store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return r.Outbox.Append(ctx, models.OutboxEvent{
				ID: newID(), UserID: userID, Version: version, Action: models.ActionUpdated,
				Email: "a@example.com", Username: fmt.Sprintf("u%d", version), OccurredAt: now(),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func waiting(t *testing.T, store *storage.Storage) int64 {
	t.Helper()
	pending, _, err := store.Outbox.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pending
}

// tries returns how often events were sent.
func (b *bus) tries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

// running runs a relay until the end of the test or until stop.
func running(t *testing.T, r *serviceimpl.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	return func() { cancel(); <-done }
}

func TestRelayKeepsTheOrderOfEachUser(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		ada, grace := newID(), newID()
		commit(t, store, ada, 1, 5)
		commit(t, store, grace, 1, 3)
		relay, _ := newRelay(store, b, "a")
		defer running(t, relay)()
		synctest.Wait()
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2, 3, 4, 5}) {
			t.Errorf("ada's versions %v", got)
		}
		if got := b.versions(grace); !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("grace's versions %v", got)
		}
		if n := waiting(t, store); n != 0 {
			t.Errorf("%d events wait", n)
		}
	})
}

func TestRelayIsWokenByACommit(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		relay, wakeups := newRelay(store, b, "a")
		defer running(t, relay)()
		synctest.Wait() // it is idle
		ada := newID()
		commit(t, store, ada, 1, 1)
		wakeups.Committed()
		synctest.Wait() // no time passes
		if got := b.versions(ada); len(got) != 1 {
			t.Errorf("a commit with a wake-up was not published at once: %v", got)
		}
		commit(t, store, ada, 2, 2) // as by another process: nobody wakes this one
		pass(time.Second)
		if got := b.versions(ada); len(got) != 2 {
			t.Errorf("a commit without a wake-up was not found: %v", got)
		}
	})
}

func TestOneUsersFailureHoldsUpNobodyElse(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		ada, grace := newID(), newID()
		b.refuse = ada
		commit(t, store, ada, 1, 2)
		commit(t, store, grace, 1, 2)
		relay, _ := newRelay(store, b, "a")
		defer running(t, relay)()
		pass(time.Minute)
		if a, g := b.versions(ada), b.versions(grace); len(a) != 0 || !slices.Equal(g, []int64{1, 2}) {
			t.Errorf("ada %v, grace %v", a, g)
		}
		b.set(func(b *bus) { b.refuse = "" })
		pass(10 * time.Second)
		if got := b.versions(ada); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("ada's versions %v", got)
		}
	})
}

// While the bus is away the relay tries now and then, not at every commit; when it is told
// that the bus is back, it tries at once.
func TestTheBusIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, b := storage.Open(t), &bus{away: true}
		relay, wakeups := newRelay(store, b, "a")
		ada := newID()
		commit(t, store, ada, 1, 1)
		defer running(t, relay)()
		pass(time.Minute)
		before := b.tries()
		for range 1000 {
			wakeups.Committed()
			synctest.Wait()
		}
		if b.tries()-before > 2 {
			t.Errorf("1000 commits made %d tries", b.tries()-before)
		}
		if before > 60 {
			t.Errorf("%d tries in a minute", before)
		}
		b.set(func(b *bus) { b.away = false })
		wakeups.BusIsBack()
		synctest.Wait()
		if got := b.versions(ada); len(got) != 1 {
			t.Error("the event does not flow at once when the bus is back")
		}
	})
}

func TestOneOfTwoInstancesRelays(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		first, _ := newRelay(store, b, "first")
		stopFirst := running(t, first)
		synctest.Wait()
		idle := new(bus)
		second, _ := newRelay(store, idle, "second")
		defer running(t, second)()
		ada := newID()
		commit(t, store, ada, 1, 1)
		pass(10 * time.Second)
		if len(b.versions(ada)) != 1 || idle.tries() != 0 {
			t.Errorf("the holder published %v, the other tried %d times", b.versions(ada), idle.tries())
		}
		stopFirst() // as when it dies: it does not give the lease back
		commit(t, store, ada, 2, 2)
		pass(5 * time.Second)
		if got := idle.versions(ada); !slices.Equal(got, []int64{2}) {
			t.Errorf("5 s after the holder died the other has published %v", got)
		}
	})
}

// A clock that is set back must not keep an instance from taking over.
func TestTheClockIsSetBack(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		if held, err := store.Leases.Acquire(t.Context(), "relay", "one that dies", 4*time.Second); err != nil || !held {
			t.Fatal(err)
		}
		ada := newID()
		commit(t, store, ada, 1, 1)
		var back atomic.Int64
		relay := serviceimpl.NewRelay(serviceimpl.RelayDeps{
			Queue: store.Outbox, Leases: store.Leases, Publisher: b, Wakeups: serviceimpl.NewWakeups(), Holder: "a",
			Announce: func(context.Context) error { return nil }, Reconciled: func(int64) {},
			Now: func() time.Time { return now().Add(-time.Duration(back.Load())) }, Log: slog.New(slog.DiscardHandler),
		})
		defer running(t, relay)()
		synctest.Wait()
		back.Store(int64(time.Hour))
		pass(6 * time.Second)
		if got := b.versions(ada); len(got) != 1 {
			t.Error("nobody has taken over")
		}
	})
}

// An instance that does not relay announces its commits, once, and not those of others.
func TestCommitsAreAnnouncedToTheOneThatRelays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, b, idle := storage.Open(t), new(bus), new(bus)
		holder, holderWakeups := newRelay(store, b, "holder")
		defer running(t, holder)()
		synctest.Wait()
		other, otherWakeups := newRelay(store, idle, "other")
		defer running(t, other)()
		synctest.Wait()

		ada := newID()
		commit(t, store, ada, 1, 1)
		otherWakeups.Committed()
		synctest.Wait()
		idle.set(func(b *bus) {
			if b.announced != 1 {
				t.Errorf("a commit was announced %d times", b.announced)
			}
		})
		otherWakeups.Announced() // its own announcement comes back
		holderWakeups.Announced()
		synctest.Wait()
		if got := b.versions(ada); len(got) != 1 {
			t.Error("an announcement does not wake the one that relays")
		}
		holderWakeups.Committed()
		synctest.Wait()
		idle.set(func(other *bus) {
			if other.announced != 1 {
				t.Errorf("an announcement was announced")
			}
		})
		b.set(func(b *bus) {
			if b.announced != 0 {
				t.Errorf("the one that relays announced its own commit")
			}
		})
	})
}

func TestDrain(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		ada := newID()
		commit(t, store, ada, 1, 20)
		relay, _ := newRelay(store, b, "a")
		relay.Drain(t.Context())
		if got := b.versions(ada); len(got) != 20 {
			t.Errorf("%d of 20 events were drained", len(got))
		}
		if held, err := store.Leases.Acquire(t.Context(), "relay", "b", time.Minute); err != nil || !held {
			t.Errorf("the lease was not given back: %v", err)
		}
		// With the bus away a drain ends rather than trying for ever.
		b.away = true
		commit(t, store, ada, 21, 21)
		other, _ := newRelay(store, b, "b")
		other.Drain(t.Context())
		if n := waiting(t, store); n != 1 {
			t.Errorf("%d events wait, want 1", n)
		}
	})
}

// What the bus has acknowledged is marked even if the stop comes in between.
func TestAcknowledgedIsMarkedDuringAStop(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		commit(t, store, newID(), 1, 1)
		relay, _ := newRelay(store, b, "a")
		ctx, cancel := context.WithCancel(t.Context())
		b.onSend = cancel
		relay.Run(ctx)
		if n := waiting(t, store); n != 0 {
			t.Errorf("%d events wait, want none", n)
		}
	})
}

func TestJanitorEndsExpiredSessions(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store := storage.Open(t)
		user := models.User{ID: newID(), Email: "ada@example.com", Username: "ada", Role: models.RoleUser, Version: 1}
		err := store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			err := r.Users.Create(ctx, user)
			for _, lifetime := range []time.Duration{time.Hour, 3 * time.Hour} {
				id := newID()
				err = errors.Join(err, r.Sessions.Create(ctx,
					models.Session{ID: id, UserID: user.ID, CreatedAt: now(), ExpiresAt: now().Add(lifetime)},
					models.RefreshToken{Hash: []byte(id), SessionID: id}))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Hour)
		serviceimpl.NewJanitor(serviceimpl.JanitorDeps{Sessions: store.Sessions, Events: store.Outbox, Audit: store.Audit, AuditAge: time.Hour, Tokens: store.MailTokens, Waiting: store.Registrations, Now: now, Log: slog.New(slog.DiscardHandler)}).Sweep(t.Context())
		if left := store.SessionsOf(t, user.ID); len(left) != 1 || !left[0].IsLive(now()) {
			t.Errorf("sessions left: %+v, want the one that lives", left)
		}
	})
}

func TestJanitor(t *testing.T) {
	withBus(t, func(t *testing.T, store *storage.Storage, b *bus) {
		ada := newID()
		commit(t, store, ada, 1, 2)
		relay, _ := newRelay(store, b, "a")
		relay.Drain(t.Context())
		commit(t, store, ada, 3, 3) // never published: it must stay, however old
		janitor := serviceimpl.NewJanitor(serviceimpl.JanitorDeps{Sessions: store.Sessions, Events: store.Outbox, Audit: store.Audit, AuditAge: time.Hour, Tokens: store.MailTokens, Waiting: store.Registrations, Now: now, Log: slog.New(slog.DiscardHandler)})
		pass(7*24*time.Hour - time.Minute)
		janitor.Sweep(t.Context())
		if n := store.Count(t, "outbox_events"); n != 3 {
			t.Errorf("%d events after almost 7 days, want 3", n)
		}
		pass(2 * time.Minute)
		janitor.Sweep(t.Context())
		if events := store.EventsOf(t, ada); len(events) != 1 || events[0].Version != 3 {
			t.Errorf("events after 7 days: %v", events)
		}
	})
}

// An instance that cannot reach the bus leaves the lease to one that can.
func TestTheBusIsAwayForOneInstanceOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, cut, well := storage.Open(t), &bus{away: true}, new(bus)
		first, _ := newRelay(store, cut, "first")
		defer running(t, first)()
		synctest.Wait()
		second, _ := newRelay(store, well, "second")
		defer running(t, second)()
		ada := newID()
		commit(t, store, ada, 1, 3)
		pass(30 * time.Second)
		if got := well.versions(ada); !slices.Equal(got, []int64{1, 2, 3}) {
			t.Errorf("the other instance has published %v", got)
		}
		commit(t, store, ada, 4, 4)
		pass(2 * time.Second)
		if got := well.versions(ada); !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Errorf("the lease did not stay where it works: %v", got)
		}
	})
}
