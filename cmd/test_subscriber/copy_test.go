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

func TestKeepsACopyOfTheWholeStream(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, database string) {
		s := startService(t, "127.0.0.1:0")
		s.register(t, "ada")
		p := start(t, nil, "-url", s.url, "-db", database)
		s.publish(t, graceID, 1, models.ActionCreated, "grace")
		s.publish(t, joanID, 1, models.ActionCreated, "joan")
		s.publish(t, adaID, 2, models.ActionUpdated, "countess")
		s.publish(t, joanID, 2, models.ActionDeleted, "joan2")
		p.stdout.await(t, "#5\n")
		expectCopy(t, database, map[string]string{adaID: "countess", graceID: "grace"})
		if code := p.stop(); code != done || strings.Contains(p.stderr.String(), "missed") {
			t.Errorf("exit code %d; it said:\n%s", code, p.stderr)
		}

		// The next has nothing to read again.
		s.publish(t, graceID, 2, models.ActionUpdated, "admiral")
		p = start(t, nil, "-url", s.url, "-db", database)
		p.stdout.await(t, "#6\n")
		expectCopy(t, database, map[string]string{adaID: "countess", graceID: "admiral"})
		if got := p.stdout.String(); strings.Count(got, "\n") != 1 {
			t.Errorf("printed again:\n%s", got)
		}
	})
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

func TestSaysWhatItMissedWithoutASnapshot(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, database string) {
		s := startService(t, "127.0.0.1:0")
		s.register(t, "ada")
		s.purge(t)
		s.publish(t, graceID, 1, models.ActionCreated, "grace")
		p := start(t, nil, "-url", s.url, "-db", database)
		p.stderr.await(t, "events were missed: the stream begins with event 2")
		expectCopy(t, database, map[string]string{graceID: "grace"})
		if code := p.stop(); code != done {
			t.Errorf("exit code %d", code)
		}
		s.publish(t, graceID, 2, models.ActionUpdated, "admiral")
		s.purge(t)
		s.publish(t, joanID, 1, models.ActionCreated, "joan")
		p = start(t, nil, "-url", s.url, "-db", database)
		p.stderr.await(t, "events were missed: events 3 to 3 are gone")
		expectCopy(t, database, map[string]string{graceID: "grace", joanID: "joan"})
	})
}

func TestCopyOfWhatIsNew(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	s.register(t, "ada")
	database := filepath.Join(t.TempDir(), "social.db")
	p := start(t, nil, "-url", s.url, "-db", database, "-from", "new")
	p.stderr.await(t, "reading")
	s.publish(t, graceID, 1, models.ActionCreated, "grace")
	expectCopy(t, database, map[string]string{graceID: "grace"})
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

// Several with one durable and one database share the work.
func TestSeveralKeepOneCopy(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, database string) {
		s, d := startService(t, "127.0.0.1:0"), startDirectory(t)
		d.list(listed(graceID, "grace", 3))
		args := []string{"-url", s.url, "-db", database, "-snapshot", d.url}
		environment := map[string]string{"SYNC_TOKEN": syncToken}
		first := start(t, environment, args...)
		second := start(t, environment, args...)
		first.stderr.await(t, "reading")
		second.stderr.await(t, "reading")
		for v := int64(1); v <= 40; v++ {
			s.publish(t, adaID, v, models.ActionUpdated, fmt.Sprint("ada-", v))
			if v == 20 {
				if code := first.stop(); code != done {
					t.Errorf("exit code %d", code)
				}
			}
		}
		expectCopy(t, database, map[string]string{adaID: "ada-40", graceID: "grace"})
		for v := range 40 {
			place := fmt.Sprintf("#%d\n", v+1)
			if n := strings.Count(first.stdout.String()+second.stdout.String(), place); n != 1 {
				t.Errorf("event %d was printed %d times", v+1, n)
			}
		}
	})
}

// What is in work when the signal comes is finished: here it waits for a lock on the copy.
func TestFinishesWhatIsInWork(t *testing.T) {
	t.Parallel()
	s := startService(t, "127.0.0.1:0")
	database := filepath.Join(t.TempDir(), "social.db")
	p := start(t, nil, "-url", s.url, "-db", database)
	s.register(t, "ada")
	p.stdout.await(t, "#1\n")
	users, err := userstore.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer users.Close()                               //nolint:errcheck // it was only read
	lock, err := users.DB().BeginTx(t.Context(), nil) // for writing: it is immediate
	if err != nil {
		t.Fatal(err)
	}
	s.publish(t, graceID, 1, models.ActionCreated, "grace")
	s.awaitDelivery(t, 2)
	stopped := make(chan int, 1)
	go func() { stopped <- p.stop() }()
	select {
	case code := <-stopped:
		t.Errorf("it ended with exit code %d and an event in work", code)
	case <-time.After(300 * time.Millisecond): // an absence is all that there is to see
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if code := <-stopped; code != done {
		t.Errorf("exit code %d", code)
	}
	if diff := cmp.Diff(map[string]string{adaID: "ada", graceID: "grace"}, copied(t, database)); diff != "" {
		t.Errorf("the copy (-want +got):\n%s", diff)
	}
	s.awaitAck(t, 2)
}

// awaitDelivery and awaitAck wait until the durable has come to an event.
func (s service) awaitDelivery(t *testing.T, sequence uint64) {
	t.Helper()
	s.awaitDurable(t, func(i *jetstream.ConsumerInfo) bool { return i.Delivered.Stream >= sequence })
}

func (s service) awaitAck(t *testing.T, sequence uint64) {
	t.Helper()
	s.awaitDurable(t, func(i *jetstream.ConsumerInfo) bool { return i.AckFloor.Stream >= sequence })
}

func (s service) awaitDurable(t *testing.T, is func(*jetstream.ConsumerInfo) bool) {
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
	deadline := time.After(patience)
	for {
		durable, err := js.Consumer(t.Context(), "USER_EVENTS", "test_subscriber")
		if err != nil {
			t.Fatal(err)
		}
		if is(durable.CachedInfo()) {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the durable is at %+v", durable.CachedInfo())
		}
	}
}
