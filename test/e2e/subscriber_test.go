package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite" of userstore
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of userstore

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/pkg/userevents/userstore"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

const syncToken = "a-token-of-at-least-thirty-two-bytes"

// A copy that begins while users come, change and go ends with exactly the users that there
// are, and so does one that was away while events were lost.
func TestTheCopyIsExact(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, b *bus){
		"nothing is lost": func(*testing.T, *bus) {},
		"purged": func(t *testing.T, b *bus) {
			b.operate(t, func(s jetstream.Stream) error { return s.Purge(t.Context()) })
		},
		"deletions purged": func(t *testing.T, b *bus) {
			b.operate(t, func(s jetstream.Stream) error {
				return s.Purge(t.Context(), jetstream.WithPurgeSubject("user.events.deleted"))
			})
		},
		"aged out":  ageOut,
		"made anew": func(t *testing.T, b *bus) { b.recreate(t, true) },
	} {
		t.Run(name, func(t *testing.T) {
			onBothDatabases(t, func(t *testing.T, env map[string]string) {
				bus := newBus(t)
				env["NATS_URL"], env["SYNC_TOKEN"] = bus.url, syncToken
				s := start(t, env)
				admin := newAdmin(t, env, s)
				s.register(t, "early")
				copied := newSocial(t, env, s)

				writers := write(t, s, "a")
				eventually(t, "writes are under way", func() error { return writers.atLeast(20) })
				copied.start(t)
				eventually(t, "writes went on", func() error { return writers.atLeast(60) })
				writers.stop()
				copied.expect(t, s, bus, admin)
				copied.stop(t)

				writers = write(t, s, "b")
				eventually(t, "writes were missed", func() error { return writers.atLeast(30) })
				lose(t, bus)
				copied.start(t)
				eventually(t, "writes went on", func() error { return writers.atLeast(70) })
				writers.stop()
				copied.expect(t, s, bus, admin)
				copied.stop(t)
			})
		})
	}
}

// Two instances of the other service share one durable and one copy, and die at any moment.
func TestTheCopySurvivesKills(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		bus := newBus(t)
		env["NATS_URL"], env["SYNC_TOKEN"] = bus.url, syncToken
		s := start(t, env)
		admin := newAdmin(t, env, s)
		one := newSocial(t, env, s)
		other := &social{env: one.env, args: one.args, database: one.database}
		writers := write(t, s, "a")
		one.start(t)
		other.start(t)
		for round := range int64(6) {
			eventually(t, "writes went on", func() error { return writers.atLeast(10 * (round + 1)) })
			one.process.Kill(t)
			one.start(t)
			one, other = other, one
		}
		writers.stop()
		one.expect(t, s, bus, admin)
		one.stop(t)
		other.stop(t)
	})
}

// ageOut lets every event go after a second from now on, and waits until some went.
func ageOut(t *testing.T, b *bus) {
	t.Helper()
	js := b.jetStream(t)
	var last uint64
	b.operate(t, func(s jetstream.Stream) error {
		cfg := s.CachedInfo().Config
		last = s.CachedInfo().State.LastSeq
		cfg.MaxAge, cfg.Duplicates = time.Second, time.Second
		_, err := js.UpdateStream(t.Context(), cfg)
		return err
	})
	eventually(t, "events aged out", func() error {
		s, err := js.Stream(t.Context(), "USER_EVENTS")
		if err == nil && s.CachedInfo().State.FirstSeq <= last {
			err = errNotYet
		}
		return err
	})
}

// writing is users who come, change and go.
type writing struct {
	done  atomic.Int64
	ended chan struct{}
	all   sync.WaitGroup
}

// write begins to write, with names that begin with prefix, until it is stopped.
func write(t *testing.T, s *instance, prefix string) *writing {
	t.Helper()
	w := &writing{ended: make(chan struct{})}
	for lane := range 4 {
		w.all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-w.ended:
					return
				default:
				}
				if err := s.live(fmt.Sprintf("%s%d-%d", prefix, lane, n), n); err != nil {
					t.Error(err)
					return
				}
				w.done.Add(1)
			}
		})
	}
	t.Cleanup(w.stop)
	return w
}

// live is the life of one user: each changes the username n modulo 3 times, and every second
// one goes.
func (s *instance) live(name string, n int) error {
	status, _, body, err := s.do(http.MethodPost, "/api/v1/auth/register", "", registration(name))
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("register: %d %s %w", status, body, err)
	}
	var a auth
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	for i := range n % 3 {
		change := fmt.Sprintf(`{"username":"%s-%d"}`, name, i)
		if err := s.expect(http.MethodPatch, "/api/v1/users/me", a.Token, change, http.StatusOK); err != nil {
			return err
		}
	}
	if n%2 == 0 {
		return nil
	}
	return s.expect(http.MethodDelete, "/api/v1/users/me", a.Token, fmt.Sprintf(`{"currentPassword":%q}`, goodPassword), http.StatusNoContent)
}

func (w *writing) atLeast(lives int64) error {
	if n := w.done.Load(); n < lives {
		return fmt.Errorf("%d lives of %d", n, lives)
	}
	return nil
}

func (w *writing) stop() {
	select {
	case <-w.ended:
	default:
		close(w.ended)
	}
	w.all.Wait()
}

// social is another service: a test_subscriber and its copy of the users.
type social struct {
	env      map[string]string
	args     []string
	database string
	process  *harness.Process
}

// newSocial returns one that keeps its copy in a database of the same kind as the service.
func newSocial(t *testing.T, env map[string]string, s *instance) *social {
	t.Helper()
	c := &social{database: filepath.Join(t.TempDir(), "social.db")}
	if env["DATABASE_URL"] != "" {
		c.database = pgtest.New(t)
	}
	c.env = map[string]string{"NATS_URL": env["NATS_URL"], "SYNC_TOKEN": syncToken}
	c.args = []string{"-durable", "social", "-db", c.database, "-snapshot", s.base}
	return c
}

func (c *social) start(t *testing.T) {
	t.Helper()
	c.process = harness.Run(t, c.env, "", "test_subscriber", c.args...)
}

func (c *social) stop(t *testing.T) {
	t.Helper()
	if err := c.process.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := c.process.ExitCode(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// expect waits until every event is published and behind the durable or gone, and then
// compares the copy with the service's users.
func (c *social) expect(t *testing.T, s *instance, b *bus, admin auth) {
	t.Helper()
	eventually(t, "every event is published", func() error { return s.wantMetric(t, "outbox_pending", "0") })
	want := map[string]string{}
	for id, u := range allUsers(t, s, admin) {
		want[id] = u.Email + " " + u.Username
	}
	users, err := userstore.Open(t.Context(), c.database)
	if err != nil {
		t.Fatal(err)
	}
	defer users.Close() //nolint:errcheck // it was only read
	js := b.jetStream(t)
	eventually(t, "the copy has come to the end of the stream", func() error {
		at, err := users.Position(t.Context())
		if err != nil {
			return err
		}
		stream, err := js.Stream(t.Context(), "USER_EVENTS")
		if err != nil {
			return err
		}
		if is := stream.CachedInfo(); !is.Created.Equal(at.Stream) || at.Sequence < is.State.LastSeq {
			return fmt.Errorf("%w: it is at %+v of %+v", errNotYet, at, is.State)
		}
		return nil
	})
	if diff := cmp.Diff(want, c.users(t, users)); diff != "" {
		t.Fatalf("the copy differs from the users (-want +got):\n%s", diff)
	}
	if len(want) < 20 {
		t.Errorf("only %d users", len(want))
	}
}

// users is the identities in the copy, of which each has a profile and a version.
func (c *social) users(t *testing.T, store *userstore.Store) map[string]string {
	t.Helper()
	rows, err := store.DB().QueryContext(t.Context(), `SELECT i.id, i.email, i.username, p.id, v.version FROM users_identity i
		LEFT JOIN users_profile p ON p.id = i.id LEFT JOIN users_version v ON v.id = i.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, email, username string
		var profile *string
		var version *int64
		if err := rows.Scan(&id, &email, &username, &profile, &version); err != nil {
			t.Fatal(err)
		}
		if profile == nil || version == nil {
			t.Errorf("%s has no profile or no version", username)
		}
		all[id] = email + " " + username
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
