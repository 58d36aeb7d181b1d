package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain/models"
	"gofiber-auth/pkg/userevents"
	"gofiber-auth/pkg/userevents/userstore"
	"gofiber-auth/test/pgtest"
)

const (
	graceID   = "0199c1de-0000-7000-8000-000000000002"
	joanID    = "0199c1de-0000-7000-8000-000000000003"
	syncToken = "a-token-of-at-least-thirty-two-bytes"
)

func onBothDatabases(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "social.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.New(t))
	})
}

// directory is the auth service as far as its list of users goes.
type directory struct {
	url   string
	users atomic.Pointer[[]userevents.User]
}

func startDirectory(t *testing.T) *directory {
	t.Helper()
	d := &directory{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		users := d.users.Load()
		if users == nil || r.Header.Get("Authorization") != "Bearer "+syncToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"users": *users, "nextCursor": "", "streamSequence": 0})
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func (d *directory) list(users ...userevents.User) { d.users.Store(&users) }

func listed(id, name string, version int64) userevents.User {
	return userevents.User{ID: id, Email: name + "@example.com", Username: name, Version: version}
}

// copied is the usernames in a copy, by id, of those who have a profile.
func copied(t *testing.T, database string) map[string]string {
	t.Helper()
	users, err := userstore.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer users.Close() //nolint:errcheck // it was only read
	rows, err := users.DB().QueryContext(t.Context(), `SELECT i.id, i.email, i.username FROM users_identity i JOIN users_profile p ON p.id = i.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, email, name string
		if err := rows.Scan(&id, &email, &name); err != nil || email != name+"@example.com" {
			t.Fatalf("%s has the address %s: %v", name, email, err)
		}
		all[id] = name
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// expectCopy waits until a copy holds the users of these names, and no others.
func expectCopy(t *testing.T, database string, want map[string]string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		diff := cmp.Diff(want, copied(t, database))
		if diff == "" {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the copy (-want +got):\n%s", diff)
		}
	}
}

// purge empties the stream.
func (s service) purge(t *testing.T) {
	t.Helper()
	nc, err := natsgo.Connect(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "USER_EVENTS")
	if err == nil {
		err = stream.Purge(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBeginsWithASnapshot(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, database string) {
		s, d := startService(t, "127.0.0.1:0"), startDirectory(t)
		s.register(t, "ada")
		s.purge(t)
		args := []string{"-url", s.url, "-db", database, "-snapshot", d.url}
		environment := map[string]string{"SYNC_TOKEN": syncToken}
		p := start(t, environment, args...)
		p.stderr.await(t, "refuses the token")
		d.list(listed(adaID, "ada", 1), listed(graceID, "grace", 3))
		p.stderr.await(t, "copied all users")
		expectCopy(t, database, map[string]string{adaID: "ada", graceID: "grace"})
		s.publish(t, graceID, 4, models.ActionUpdated, "admiral")
		expectCopy(t, database, map[string]string{adaID: "ada", graceID: "admiral"})
		if code := p.stop(); code != done {
			t.Errorf("exit code %d", code)
		}

		// While it is away Joan comes and Grace goes, and nothing of it stays in the stream.
		s.publish(t, joanID, 1, models.ActionCreated, "joan")
		s.publish(t, graceID, 5, models.ActionDeleted, "gone")
		s.purge(t)
		d.list(listed(adaID, "ada", 1), listed(joanID, "joan", 1))
		p = start(t, environment, args...)
		p.stderr.await(t, "events were missed")
		expectCopy(t, database, map[string]string{adaID: "ada", joanID: "joan"})
		s.publish(t, graceID, 4, models.ActionUpdated, "again") // late, and no news
		s.publish(t, adaID, 2, models.ActionDeleted, "ada2")
		expectCopy(t, database, map[string]string{joanID: "joan"})
		if said := p.stderr.String() + p.stdout.String(); strings.Contains(said, syncToken) {
			t.Errorf("told the token:\n%s", said)
		}
	})
}

// The database is away at the start, and again while events come.
func TestWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	database := pgtest.New(t)
	server := os.Getenv("TEST_DATABASE_URL")
	name := database[strings.LastIndex(database, "/")+1:]
	name, _, _ = strings.Cut(name, "?")
	allow := func(may bool) {
		t.Helper()
		pgtest.Exec(t, server, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %t", name, may))
		if !may {
			pgtest.Exec(t, server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
		}
	}
	allow(false)
	s.register(t, "ada")
	p := start(t, nil, "-url", s.url, "-db", database)
	p.stderr.await(t, "waiting for the database")
	allow(true)
	expectCopy(t, database, map[string]string{adaID: "ada"})

	allow(false)
	s.publish(t, graceID, 1, models.ActionCreated, "grace")
	p.stderr.await(t, "trying again: event 2 of stream USER_EVENTS")
	allow(true)
	expectCopy(t, database, map[string]string{adaID: "ada", graceID: "grace"})

	allow(false)
	s.publish(t, joanID, 1, models.ActionCreated, "joan")
	p.stderr.await(t, "trying again: event 3 of stream USER_EVENTS")
	if code := p.stop(); code != done {
		t.Errorf("exit code %d after a signal without a database", code)
	}
	allow(true)
}
