package contract

import (
	"fmt"
	"path/filepath"
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
// instances of which one is killed.
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
		start := func() *harness.Process {
			env := map[string]string{"NATS_URL": s.env["NATS_URL"], "SYNC_TOKEN": syncToken}
			return harness.Run(t, env, "", "test_subscriber", "-durable", "social", "-db", database, "-snapshot", s.one.Client.Base)
		}
		stop := func(p *harness.Process) {
			if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if code := p.ExitCode(t); code != 0 {
				t.Errorf("exit code %d after SIGTERM, want 0", code)
			}
		}
		live(t, s.one)
		one := start()
		live(t, s.one)
		equalCopy(t, s, admin, database)
		stop(one)

		live(t, s.one)
		if err := userStream(t, s).Purge(t.Context(), jetstream.WithPurgeSubject("user.events.deleted")); err != nil {
			t.Fatal(err)
		}
		one, two := start(), start()
		live(t, s.one)
		one.Kill(t)
		live(t, s.one)
		equalCopy(t, s, admin, database)
		stop(two)
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

// live has twelve users come at once, who change the username up to twice. Every second one goes.
func live(t *testing.T, s *service) {
	t.Helper()
	client.AtOnce(12, func(n int) {
		var a auth
		if err := s.Send(t, client.Registration(client.Name())).Decode(201, &a); err != nil {
			t.Error(err)
			return
		}
		for range n % 3 {
			s.Send(t, request{Method: "PATCH", Path: "/users/me", Token: a.Seen().Token, Body: object("username", client.Name())})
		}
		if n%2 == 1 {
			s.Send(t, request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", client.Password)})
		}
	})
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
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 12 {
		t.Fatalf("the copy of %d users differs (-want +got):\n%s", len(want), diff)
	}
}
