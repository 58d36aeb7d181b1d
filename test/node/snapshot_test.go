package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/pgtest"
)

// authority stands in for the auth service's GET /api/v1/internal/users.
type authority struct {
	url string

	mu       sync.Mutex
	users    []user
	sequence uint64
	reads    int // of whole snapshots
}

func startAuthority(t *testing.T) *authority {
	t.Helper()
	a := new(authority)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/internal/users" || r.Header.Get("Authorization") != "Bearer "+syncToken {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(a.page(r.URL.Query().Get("cursor"))) // in vain the client has gone
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// page returns two users from a cursor on, which is an id.
func (a *authority) page(cursor string) map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cursor == "" {
		a.reads++
	}
	rest, next := append([]user{}, a.users...), "" // an empty list is [], not null
	slices.SortFunc(rest, func(x, y user) int { return strings.Compare(x.ID, y.ID) })
	rest = slices.DeleteFunc(rest, func(u user) bool { return u.ID <= cursor })
	if len(rest) > 2 {
		rest = rest[:2]
		next = rest[1].ID
	}
	return map[string]any{"users": rest, "nextCursor": next, "streamSequence": a.sequence}
}

// has sets who is there, and the sequence of the stream up to which that says all.
func (a *authority) has(sequence uint64, users ...user) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users, a.sequence = users, sequence
}

func (a *authority) timesRead() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reads
}

// numbered returns a user whose id and names hold a number.
func numbered(n int, version int64) user {
	return user{
		ID: fmt.Sprintf("01a20a45-9397-75dc-bc3e-%012d", n), Email: fmt.Sprintf("user%d@example.com", n),
		Username: fmt.Sprintf("user%d.%d", n, version), Version: version,
	}
}

func byID(users ...user) map[string]user {
	all := map[string]user{}
	for _, u := range users {
		all[u.ID] = u
	}
	return all
}

// gone returns what is left of deleted users.
func gone(users ...user) map[string]user {
	all := map[string]user{}
	for _, u := range users {
		all[u.ID] = user{ID: u.ID, Version: u.Version}
	}
	return all
}

// A service that begins late takes a snapshot and reads on behind it.
func TestBeginsWithASnapshot(t *testing.T) {
	t.Parallel()
	bus, dsn, auth := startBus(t), pgtest.New(t), startAuthority(t)
	events := newSender(t, bus)
	for n := range 4 { // what was before the snapshot is not read
		events.send(t, "created", numbered(90+n, 1))
	}
	ada, grace, joan, kay, lise := numbered(1, 7), numbered(2, 1), numbered(3, 2), numbered(4, 3), numbered(5, 1)
	auth.has(4, ada, grace, joan, kay, lise)
	events.send(t, "updated", numbered(1, 6)) // in the snapshot already
	events.send(t, "deleted", numbered(2, 2))
	events.send(t, "updated", numbered(3, 3))
	events.send(t, "created", numbered(6, 1))

	settings := map[string]string{"AUTH_URL": auth.url, "SYNC_TOKEN": syncToken, "NATS_URL": bus.url, "DATABASE_URL": dsn}
	social, _ := startExample(t, settings)
	users := byID(ada, numbered(3, 3), kay, lise, numbered(6, 1))
	awaitCopy(t, dsn, users, gone(numbered(2, 2)))
	social.stop(t)

	// What the durable remembers is gone on with, without another snapshot.
	events.send(t, "updated", numbered(6, 2))
	social, _ = startExample(t, settings)
	users[numbered(6, 2).ID] = numbered(6, 2)
	awaitCopy(t, dsn, users, gone(numbered(2, 2)))
	if n := auth.timesRead(); n != 1 {
		t.Errorf("it took %d snapshots, want 1", n)
	}
	social.stop(t)
}

// Where events left the stream unread, a new snapshot takes their place: users who are not in
// it are removed, and their versions kept.
func TestBeginsAnewWhereEventsAreMissing(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, sender){
		"all aged out":        func(t *testing.T, s sender) { s.purge(t, 7) },
		"the oldest aged out": func(t *testing.T, s sender) { s.purge(t, 6) },
		"one in the middle":   func(t *testing.T, s sender) { s.drop(t, 5) },
		// The snapshot still knows the stream that was.
		"the stream was deleted": func(t *testing.T, s sender) { s.recreate(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bus, dsn, auth := startBus(t), pgtest.New(t), startAuthority(t)
			events := newSender(t, bus)
			settings := map[string]string{"AUTH_URL": auth.url, "SYNC_TOKEN": syncToken, "NATS_URL": bus.url, "DATABASE_URL": dsn}
			social, _ := startExample(t, settings)
			ada, grace, joan := numbered(1, 1), numbered(2, 1), numbered(3, 1)
			for _, u := range []user{ada, grace, joan} {
				events.send(t, "created", u)
			}
			awaitCopy(t, dsn, byID(ada, grace, joan), nil)
			social.stop(t)

			events.send(t, "updated", numbered(1, 2)) // 4
			events.send(t, "deleted", numbered(2, 2)) // 5
			events.send(t, "created", numbered(4, 1)) // 6
			lose(t, events)
			auth.has(6, numbered(1, 2), joan, numbered(4, 1))
			social, _ = startExample(t, settings)
			awaitCopy(t, dsn, byID(numbered(1, 2), joan, numbered(4, 1)), gone(grace))

			// Old news of the removed one brings nobody back; what is new goes on.
			events.send(t, "created", user{ID: grace.ID, Email: grace.Email, Username: "again", Version: 1})
			events.send(t, "updated", numbered(3, 2))
			awaitCopy(t, dsn, byID(numbered(1, 2), numbered(3, 2), numbered(4, 1)), gone(grace))
			social.stop(t)
		})
	}
}

// A snapshot that breaks off removes nobody, and is taken again.
func TestWaitsForTheSnapshot(t *testing.T) {
	t.Parallel()
	bus, dsn, auth := startBus(t), pgtest.New(t), startAuthority(t)
	events := newSender(t, bus)
	events.send(t, "created", numbered(1, 1))
	auth.has(1, numbered(1, 1))
	settings := map[string]string{"AUTH_URL": auth.url, "SYNC_TOKEN": "another token", "NATS_URL": bus.url, "DATABASE_URL": dsn}
	social, _ := startExample(t, settings)
	social.awaitPrinted(t, "the auth service answers 404 when asked for a snapshot", 2)
	awaitCopy(t, dsn, nil, nil)
	social.stop(t)

	settings["SYNC_TOKEN"] = syncToken
	social, _ = startExample(t, settings)
	awaitCopy(t, dsn, byID(numbered(1, 1)), nil)
	social.stop(t)
}

// Without a SYNC_TOKEN the stream is all that there is to begin with.
func TestBeginsWithTheOldestEvent(t *testing.T) {
	t.Parallel()
	bus, dsn := startBus(t), pgtest.New(t)
	events := newSender(t, bus)
	for n := range 4 {
		events.send(t, "created", numbered(n, 1))
	}
	events.purge(t, 3)
	social, _ := startExample(t, map[string]string{"NATS_URL": bus.url, "DATABASE_URL": dsn})
	awaitCopy(t, dsn, byID(numbered(2, 1), numbered(3, 1)), nil)
	social.stop(t)

	// Another database, such as one restored from a backup, is not as far as the durable.
	settings := map[string]string{"NATS_URL": bus.url, "DATABASE_URL": pgtest.New(t)}
	social, _ = startExample(t, settings)
	awaitCopy(t, settings["DATABASE_URL"], byID(numbered(2, 1), numbered(3, 1)), nil)
	social.stop(t)

	// And what is missing in the middle holds up nothing.
	for n := range 3 {
		events.send(t, "updated", numbered(2, int64(2+n)))
	}
	events.drop(t, 6)
	social, _ = startExample(t, settings)
	awaitCopy(t, settings["DATABASE_URL"], byID(numbered(2, 4), numbered(3, 1)), nil)
	social.stop(t)
}

// What is no event is skipped, and holds up nothing.
func TestSkipsWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	bus, dsn, auth := startBus(t), pgtest.New(t), startAuthority(t)
	events := newSender(t, bus)
	social, _ := startExample(t, map[string]string{"AUTH_URL": auth.url, "SYNC_TOKEN": syncToken, "NATS_URL": bus.url, "DATABASE_URL": dsn})
	events.send(t, "created", numbered(1, 1))
	events.send(t, "greeted", numbered(2, 1))
	events.send(t, "created", numbered(3, 1))
	awaitCopy(t, dsn, byID(numbered(1, 1), numbered(3, 1)), nil)
	social.awaitPrinted(t, `"message":"skipped","sequence":2`, 1)
	if n := auth.timesRead(); n > 1 {
		t.Errorf("it took %d snapshots for a message that is none", n)
	}
	social.stop(t)
}
