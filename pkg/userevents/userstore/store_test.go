package userstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/pgtest"
)

const (
	ada   = "0199c1de-0000-7000-8000-000000000001"
	grace = "0199c1de-0000-7000-8000-000000000002"
	joan  = "0199c1de-0000-7000-8000-000000000003"
)

var (
	stream  = time.Date(2026, 11, 23, 20, 0, 0, 123456789, time.UTC)
	another = stream.Add(time.Hour)
)

// at is the place of an event in a stream.
func at(stream time.Time, sequence uint64) userevents.Position {
	return userevents.Position{Stream: stream, Sequence: sequence, Time: stream.Add(time.Duration(sequence))}
}

// event is what happened to somebody, at a place in the stream; at 0 it has no place.
func event(sequence uint64, id string, version int64, action userevents.Action, name string) userevents.Event {
	e := userevents.Event{
		UserID: id, Version: version, Action: action, Email: name + "@example.com", Username: name,
		Time: time.Date(2026, 11, 23, 20, 4, 5, 678901000, time.UTC),
	}
	if sequence > 0 {
		e.Position = at(stream, sequence)
	}
	return e
}

// onBothDatabases runs a test with the address of a new SQLite file and of a new PostgreSQL
// database.
func onBothDatabases(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "what is it? 100%.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.New(t))
	})
}

func open(t *testing.T, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// begin opens a store that begins before the first event of the stream.
func begin(t *testing.T, address string) *Store {
	t.Helper()
	s := open(t, address)
	if err := s.Begin(t.Context(), userevents.Gap{}, at(stream, 0)); err != nil {
		t.Fatal(err)
	}
	return s
}

func apply(t *testing.T, s *Store, events ...userevents.Event) {
	t.Helper()
	for _, e := range events {
		if err := s.Apply(t.Context(), e); err != nil {
			t.Fatalf("Apply(#%d %s v%d): %v", e.Position.Sequence, e.Action, e.Version, err)
		}
	}
}

// service answers with pages of two users; in the middle it calls during.
type service struct {
	users  []userevents.User
	during func()
}

const token = "0123456789abcdef0123456789abcdef"

func (s service) start(t *testing.T) userevents.Snapshot {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token || r.URL.Path != "/api/v1/internal/users" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		from := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &from)
		if from == 0 && s.during != nil {
			s.during()
		}
		to := min(from+2, len(s.users))
		answer := map[string]any{"users": append([]userevents.User{}, s.users[from:to]...), "nextCursor": "", "streamSequence": 7}
		if to < len(s.users) {
			answer["nextCursor"] = fmt.Sprint(to)
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return userevents.Snapshot{URL: server.URL, Token: token}
}

func user(id, name string, version int64) userevents.User {
	return userevents.User{ID: id, Email: name + "@example.com", Username: name, Version: version}
}

// contents is all that a store holds: "name version", with a + for a profile, by id.
func contents(t *testing.T, s *Store) map[string]string {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), `
		SELECT v.id, v.version, i.email, i.username, p.id IS NOT NULL FROM users_version v
		LEFT JOIN users_identity i ON i.id = v.id LEFT JOIN users_profile p ON p.id = v.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id string
		var version int
		var email, name sql.NullString
		var profile bool
		if err := rows.Scan(&id, &version, &email, &name, &profile); err != nil {
			t.Fatal(err)
		}
		all[id] = fmt.Sprint(name.String, " ", version)
		if profile {
			all[id] += "+"
		}
		if name.Valid && email.String != name.String+"@example.com" {
			t.Errorf("%s has the address %s", name.String, email.String)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func expect(t *testing.T, s *Store, position userevents.Position, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, contents(t, s)); diff != "" {
		t.Errorf("the copy (-want +got):\n%s", diff)
	}
	got, err := s.Position(t.Context())
	if err != nil || !cmp.Equal(got, position) {
		t.Errorf("Position() = %+v %v, want %+v", got, err, position)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := begin(t, address)
		first := event(1, ada, 1, userevents.Created, "ada")
		second := event(2, ada, 2, userevents.Updated, "countess")
		third := event(3, grace, 4, userevents.Updated, "grace") // her first that we see

		apply(t, s, first, second, first, third)
		expect(t, s, at(stream, 3), map[string]string{ada: "countess 2+", grace: "grace 4+"})

		apply(t, s, event(4, ada, 3, userevents.Deleted, "countess"))
		apply(t, s, event(5, ada, 1, userevents.Created, "ada")) // published again
		expect(t, s, at(stream, 5), map[string]string{ada: " 3", grace: "grace 4+"})
	})
}

// Ada gave her names up before Grace took them, and the stream has it the other way round.
func TestNamesMayCollideForAMoment(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := begin(t, address)
		apply(t, s,
			event(1, ada, 1, userevents.Created, "first"),
			event(2, grace, 1, userevents.Created, "first"),
			event(3, ada, 2, userevents.Updated, "ada"))
		expect(t, s, at(stream, 3), map[string]string{ada: "ada 2+", grace: "first 1+"})
	})
}

func TestApplyRefusesWhatDoesNotFollow(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := open(t, address)
		first := event(1, ada, 1, userevents.Created, "ada")
		if err := s.Apply(t.Context(), first); !errors.Is(err, userevents.ErrGap) {
			t.Errorf("before there is a position: %v, want %v", err, userevents.ErrGap)
		}
		if err := s.Begin(t.Context(), userevents.Gap{}, at(stream, 0)); err != nil {
			t.Fatal(err)
		}
		apply(t, s, first)
		if err := s.Apply(t.Context(), event(3, grace, 1, userevents.Created, "grace")); !errors.Is(err, userevents.ErrGap) {
			t.Errorf("the third after the first: %v, want %v", err, userevents.ErrGap)
		}
		elsewhere := event(2, grace, 1, userevents.Created, "grace")
		elsewhere.Position = at(another, 2)
		if err := s.Apply(t.Context(), elsewhere); !errors.Is(err, userevents.ErrGap) {
			t.Errorf("of another stream: %v, want %v", err, userevents.ErrGap)
		}
		expect(t, s, at(stream, 1), map[string]string{ada: "ada 1+"})
	})
}

func TestRestoreAtTheFirstStart(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := open(t, address)
		snapshot := service{users: []userevents.User{user(ada, "ada", 5), user(grace, "grace", 1), user(joan, "joan", 1)}}.start(t)
		if err := s.Restore(t.Context(), userevents.Gap{End: at(stream, 9)}, snapshot); err != nil {
			t.Fatal(err)
		}
		expect(t, s, at(stream, 9), map[string]string{ada: "ada 5+", grace: "grace 1+", joan: "joan 1+"})

		// What the snapshot holds already comes again; then Grace goes, who went while it was read.
		apply(t, s, event(8, ada, 1, userevents.Created, "old"), event(10, grace, 2, userevents.Deleted, "grace"))
		expect(t, s, at(stream, 10), map[string]string{ada: "ada 5+", grace: " 2", joan: "joan 1+"})
	})
}

func TestRestoreFillsAGap(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := begin(t, address)
		apply(t, s,
			event(1, ada, 1, userevents.Created, "ada"),
			event(2, grace, 1, userevents.Created, "grace"))
		if _, err := s.DB().ExecContext(t.Context(), `UPDATE users_profile SET bio = 'Notes' WHERE id = $1`, ada); err != nil {
			t.Fatal(err)
		}
		snapshot := service{users: []userevents.User{user(ada, "countess", 2), user(joan, "joan", 1)}}.start(t)
		for range 2 { // a crash before anything follows makes it begin again
			gap := userevents.Gap{Was: at(stream, 2), Begin: at(another, 0), End: at(another, 3)}
			if err := s.Restore(t.Context(), gap, snapshot); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]string{ada: "countess 2+", grace: " 1", joan: "joan 1+"}
		expect(t, s, at(another, 3), want)
		var bio string
		if err := s.DB().QueryRowContext(t.Context(), `SELECT bio FROM users_profile WHERE id = $1`, ada).Scan(&bio); err != nil || bio != "Notes" {
			t.Errorf("the service's own column is %q %v", bio, err)
		}

		old := event(4, grace, 1, userevents.Created, "grace") // published again
		old.Position = at(another, 4)
		apply(t, s, old)
		expect(t, s, at(another, 4), want)
	})
}

func TestRestoreTakesNoVersionBack(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := begin(t, address)
		apply(t, s,
			event(1, ada, 3, userevents.Updated, "countess"),
			event(2, grace, 2, userevents.Deleted, "grace"))
		snapshot := service{users: []userevents.User{user(ada, "ada", 2), user(grace, "grace", 1)}}.start(t)
		if err := s.Restore(t.Context(), userevents.Gap{Was: at(stream, 2), End: at(stream, 9)}, snapshot); err != nil {
			t.Fatal(err)
		}
		expect(t, s, at(stream, 9), map[string]string{ada: "countess 3+", grace: " 2"})
	})
}

// Joan's event came to another instance while this one was reading a list without her.
func TestRestoreUndoesNothingNewer(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s, other := begin(t, address), open(t, address)
		apply(t, s, event(1, ada, 1, userevents.Created, "ada"))
		gap := userevents.Gap{Was: at(stream, 1), End: at(stream, 5)}
		everybody := []userevents.User{user(ada, "ada", 1)}
		first := service{users: everybody}.start(t)
		late := service{users: everybody, during: func() {
			if err := other.Restore(t.Context(), gap, first); err != nil {
				t.Error(err)
			}
			apply(t, other, event(6, joan, 1, userevents.Created, "joan"))
		}}.start(t)
		if err := s.Restore(t.Context(), gap, late); err != nil {
			t.Fatal(err)
		}
		expect(t, s, at(stream, 6), map[string]string{ada: "ada 1+", joan: "joan 1+"})
	})
}

func TestFailedRestoreChangesNothing(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		s := begin(t, address)
		apply(t, s, event(1, ada, 1, userevents.Created, "ada"))
		gap := userevents.Gap{Was: at(stream, 1), End: at(stream, 5)}
		snapshot := service{users: []userevents.User{user(joan, "joan", 1)}}.start(t)
		snapshot.Token = "wrong"
		if err := s.Restore(t.Context(), gap, snapshot); err == nil {
			t.Error("a snapshot that was refused is no error")
		}
		ctx, stop := context.WithCancel(t.Context())
		interrupted := service{users: []userevents.User{user(joan, "joan", 1)}, during: stop}.start(t)
		if err := s.Restore(ctx, gap, interrupted); err == nil {
			t.Error("a snapshot that was interrupted is no error")
		}
		expect(t, s, at(stream, 1), map[string]string{ada: "ada 1+"})
	})
}

// Each event comes to two instances at once.
func TestInstancesShareOneCopy(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, address string) {
		stores := []*Store{begin(t, address), open(t, address)}
		const last = 60
		var instances sync.WaitGroup
		for _, s := range stores {
			instances.Go(func() {
				for n := uint64(1); n <= last; n++ {
					err := s.Apply(t.Context(), event(n, ada, int64(n), userevents.Updated, fmt.Sprint("ada-", n)))
					if err != nil {
						t.Errorf("Apply(#%d): %v", n, err)
						return
					}
				}
			})
		}
		instances.Wait()
		expect(t, stores[0], at(stream, last), map[string]string{ada: fmt.Sprintf("ada-%d %d+", last, last)})
	})
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	for _, address := range []string{filepath.Join(t.TempDir(), "no", "folder.db"), "postgres://ada:s3cr3t@127.0.0.1:1/none"} {
		if s, err := Open(t.Context(), address); err == nil {
			t.Errorf("Open(%s) succeeds, and Close() = %v", address, s.Close())
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
