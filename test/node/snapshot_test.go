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

// Where events left the stream unread, a new snapshot takes their place: users who are not in
// it are removed, and their versions kept.
func TestBeginsAnewWhereEventsAreMissing(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, sender){
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
