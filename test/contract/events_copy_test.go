package contract

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite" of userstore
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of userstore

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/pkg/userevents/userstore"
	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// TestCopyOfAnotherServiceIsExact has another service copy the users while they come, change and
// go: from the snapshot on, after the stream lost events while it was away, and with two of its
// instances that are killed in turn.
func TestCopyOfAnotherServiceIsExact(t *testing.T) {
	t.Parallel()
	onOwn(t, func(t *testing.T) map[string]string {
		return map[string]string{"NATS_URL": harness.NewNats(t).URL()}
	}, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		database := filepath.Join(t.TempDir(), "social.db")
		if s.dsn != "" {
			database = pgtest.New(t)
		}
		instances := [2]*harness.Process{}
		start := func(n int) {
			env := map[string]string{"NATS_URL": s.env["NATS_URL"], "SYNC_TOKEN": syncToken}
			instances[n] = harness.Run(t, env, "", "test_subscriber", "-durable", "social", "-db", database, "-snapshot", s.one.Client.Base)
		}
		stop := func(n int) {
			if err := instances[n].Cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if code := instances[n].ExitCode(t); code != 0 {
				t.Errorf("exit code %d after SIGTERM, want 0", code)
			}
		}
		lives := liveLives(t, s.one)
		lives.more(t, 20)
		start(0)
		lives.more(t, 20)
		lives.pause(func() { equalCopy(t, s, admin, database) })
		stop(0)

		lives.more(t, 20)
		if err := userStream(t, s).Purge(t.Context(), jetstream.WithPurgeSubject("user.events.deleted")); err != nil {
			t.Fatal(err)
		}
		start(0)
		start(1)
		for round := range 4 {
			lives.more(t, 5)
			instances[round%2].Kill(t)
			start(round % 2)
		}
		lives.pause(func() { equalCopy(t, s, admin, database) })
		stop(0)
		stop(1)
	})
}

func userStream(t *testing.T, s *setup) jetstream.Stream {
	t.Helper()
	stream, err := jetStream(t, s.env["NATS_URL"]).Stream(t.Context(), "USER_EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// lives is users who come, change and go.
type lives struct {
	running sync.RWMutex // locked while nothing is written
	done    atomic.Int64
}

// liveLives begins to write until the end of the test.
func liveLives(t *testing.T, s *service) *lives {
	t.Helper()
	l := &lives{}
	var lanes sync.WaitGroup
	ctx, end := context.WithCancel(t.Context())
	for range 4 {
		lanes.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.running.RLock()
				err := life(s, n)
				l.running.RUnlock()
				if err != nil {
					t.Error(err)
					return
				}
				l.done.Add(1)
			}
		})
	}
	t.Cleanup(func() {
		end()
		lanes.Wait()
	})
	return l
}

// life is the life of one user, who changes the username n modulo 3 times. Every second one goes.
func life(s *service, n int) error {
	send := func(r request, status int, out any) error {
		got, err := s.Try(context.Background(), r) // a life ends whole
		if err == nil && got.Status != status {
			err = fmt.Errorf("%s %s = %d %s", r.Method, r.Path, got.Status, got.Body)
		}
		if err == nil && out != nil {
			err = got.Decode(status, out)
		}
		return err
	}
	var a auth
	if err := send(client.Registration(client.Name()), 201, &a); err != nil {
		return err
	}
	a.Seen()
	for range n % 3 {
		if err := send(request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("username", client.Name())}, 200, nil); err != nil {
			return err
		}
	}
	if n%2 == 0 {
		return nil
	}
	return send(request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", client.Password)}, 204, nil)
}

// more waits until n more users have lived.
func (l *lives) more(t *testing.T, n int64) {
	t.Helper()
	until := l.done.Load() + n
	harness.Eventually(t, fmt.Sprintf("%d more lives", n), func() error {
		if l.done.Load() < until {
			return harness.ErrNotYet
		}
		return nil
	})
}

// pause calls f while nothing is written.
func (l *lives) pause(f func()) {
	l.running.Lock()
	defer l.running.Unlock()
	f()
}

// equalCopy waits until every event is published and applied, and compares the copy with the users.
func equalCopy(t *testing.T, s *setup, admin auth, database string) {
	t.Helper()
	harness.Eventually(t, "every event is published", func() error { return s.one.MetricIs(t, "outbox_pending", "0") })
	want := map[string]string{}
	for _, u := range s.one.allUsers(t, admin.Token, "", 100) {
		want[u.ID] = u.Email + " " + u.Username
	}
	users, err := userstore.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer users.Close() //nolint:errcheck // it was only read
	harness.Eventually(t, "the copy has come to the end of the stream", func() error {
		at, err := users.Position(t.Context())
		if err != nil {
			return err
		}
		if is := userStream(t, s).CachedInfo(); !is.Created.Equal(at.Stream) || at.Sequence < is.State.LastSeq {
			return fmt.Errorf("it is at %+v of %+v", at, is.State)
		}
		return nil
	})
	rows, err := users.DB().QueryContext(t.Context(), `SELECT i.id, i.email, i.username, p.id, v.version FROM users_identity i
		LEFT JOIN users_profile p ON p.id = i.id LEFT JOIN users_version v ON v.id = i.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]string{}
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
		got[id] = email + " " + username
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 20 {
		t.Fatalf("the copy of %d users differs (-want +got):\n%s", len(want), diff)
	}
}
