// Package contract holds the running service to its contract, a file for a chapter. The tests know
// the contract and nothing of how the service is made.
package contract

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
	"gofiber-auth/test/smtpsink"
)

const (
	frontend  = "https://front.example.org"
	syncToken = "sync-token-of-at-least-32-bytes-0123456789"
	redirects = "https://auth.example.org/api/v1/auth" // where the providers send people back to
)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "6") // tests mostly wait for processes
	os.Exit(harness.Main(m, "gofiber-auth/cmd/api", "gofiber-auth/cmd/authctl", "gofiber-auth/cmd/test_subscriber", harness.NatsServer))
}

type (
	request = client.Request
	answer  = client.Answer
	auth    = client.Auth
)

var object = client.Object

// service is an instance of the service and a client of it.
type service struct {
	*harness.Service
	*client.Client
}

// setup is a service of one or two instances with what it stands on.
type setup struct {
	one, two *service // the same where there is one instance
	env      map[string]string
	dsn      string // of PostgreSQL; empty: embedded
	sink     *smtpsink.Sink
	redis    *redisserver.Server
	idp      *fakeidp.Server
}

// The shared set-ups have no rate limits. They believe X-Forwarded-For of this machine.
var (
	embedded = harness.Share(func(t testing.TB) *setup { return newSetup(t, nil) })
	pair     = harness.Share(func(t testing.TB) *setup { return newPair(t, nil) })
)

// onBoth runs a test on both shared set-ups, with -short on the embedded one alone.
func onBoth(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, embedded(t))
	})
	if testing.Short() {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, pair(t))
	})
}

// onOwn runs a test on two set-ups of its own, of one instance each, with settings beside the usual.
func onOwn(t *testing.T, settings func(t *testing.T) map[string]string, test func(t *testing.T, s *setup)) {
	t.Helper()
	for name, database := range map[string]bool{"embedded": false, "postgres": true} {
		if database && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := map[string]string{}
			if settings != nil {
				own = settings(t)
			}
			if database {
				own["DATABASE_URL"] = pgtest.Migrated(t)
			}
			test(t, newSetup(t, own))
		})
	}
}

// newEnv returns an environment with an embedded database and bus, without rate limits, and with
// mails and providers that the setup plays.
func newEnv(t testing.TB, settings map[string]string) (*setup, map[string]string) {
	t.Helper()
	s := &setup{sink: smtpsink.New(t), idp: fakeidp.New(t, redirects)}
	s.sink.Start(t)
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	env := harness.NewEnv(t)
	maps.Copy(env, map[string]string{
		"FRONTEND_URL": frontend, "SMTP_URL": "smtp://" + s.sink.Addr, "MAIL_FROM": "Accounts <accounts@example.net>",
		"JWT_SECRET": rand.Text() + rand.Text(), "TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(key),
		"SYNC_TOKEN": syncToken, "TRUSTED_PROXIES": "127.0.0.1", "DB_MAX_OPEN_CONNS": "8", "DB_MAX_IDLE_CONNS": "8",
		"REFRESH_GRACE": "300s", // however busy the machine is
	})
	maps.Copy(env, s.idp.Env())
	maps.Copy(env, settings)
	client.Secrets.Add("signing secret", env["JWT_SECRET"])
	client.Secrets.Add("password", client.Password, client.Another)
	client.Secrets.Add("sync token", syncToken)
	s.env, s.dsn = env, env["DATABASE_URL"]
	return s, env
}

// newSetup starts one instance with the embedded database and bus, unless the settings beside the
// usual name others.
func newSetup(t testing.TB, settings map[string]string) *setup {
	t.Helper()
	s, env := newEnv(t, settings)
	s.one = s.start(t, env)
	s.two = s.one
	return s
}

// newPair starts two instances on PostgreSQL, Redis and a NATS server.
func newPair(t testing.TB, settings map[string]string) *setup {
	t.Helper()
	s, env := newEnv(t, nil)
	s.dsn, s.redis = pgtest.Migrated(t), redisserver.Start(t)
	env["DATABASE_URL"], env["REDIS_URL"], env["NATS_URL"] = s.dsn, s.redis.URL(), harness.NewNats(t).URL()
	delete(env, "NATS_EMBEDDED_ADDR")
	maps.Copy(env, settings)
	second := maps.Clone(env)
	second["APP_PORT"], second["DATA_DIR"] = harness.FreePort(t), t.TempDir()
	s.one = s.start(t, env)
	s.two = s.start(t, second)
	return s
}

// start starts an instance. At the end of the test its log and metrics hold no secret.
func (s *setup) start(t testing.TB, env map[string]string) *service {
	t.Helper()
	running := harness.StartService(t, env)
	t.Cleanup(func() { s.keepsSecrets(t, running) })
	return &service{running, client.New(running.Base)}
}

// at returns one of the instances, in turn.
func (s *setup) at(n int) *service {
	if n%2 == 0 {
		return s.one
	}
	return s.two
}

// keepsSecrets looks for secrets and e-mail addresses in the log and the metrics, and for secrets
// in the database.
func (s *setup) keepsSecrets(t testing.TB, running *harness.Service) {
	t.Helper()
	for what, secret := range s.idp.Secrets() {
		client.Secrets.Add(secret, what)
	}
	places := map[string]string{"log": running.Output()}
	select {
	case <-running.Exited:
	default:
		places["metrics"] = running.Metrics(t)
	}
	for place, text := range places {
		for _, domain := range []string{"@example.", "%40example."} {
			if at := strings.Index(text, domain); at >= 0 {
				t.Errorf("an e-mail address is in the %s: %s", place, text[max(0, at-300):min(len(text), at+100)])
			}
		}
	}
	if s.dsn != "" {
		places["database"] = dump(t, s.dsn)
	}
	for place, text := range places {
		for _, found := range client.Secrets.Found(text) {
			t.Errorf("the %s: %s", place, found)
		}
	}
}

// dump returns every row of every table as a line that begins with the name of its table.
func dump(t testing.TB, dsn string) string {
	t.Helper()
	ctx := context.Background() // also after the end of the test
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	texts := func(query string) []string {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	var all bytes.Buffer
	for _, table := range texts(`SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'`) {
		for _, row := range texts("SELECT t::text FROM " + pgx.Identifier{table}.Sanitize() + " t") {
			all.WriteString(table + " " + row + "\n")
		}
	}
	return all.String()
}

// lives checks that a log-in is good at both instances.
func (s *setup) lives(t testing.TB, whose string, a client.Auth) {
	t.Helper()
	for _, at := range []*service{s.one, s.two} {
		if got := at.Send(t, client.Request{Method: "GET", Path: "/users/me", Token: a.Token}); got.Status != 200 {
			t.Errorf("the access token of %s = %d %s, want 200", whose, got.Status, got.Code())
		}
	}
}

// dead checks that neither token of a log-in is good at either instance. The refresh token may
// have been used before.
func (s *setup) dead(t testing.TB, whose string, a client.Auth) {
	t.Helper()
	for _, at := range []*service{s.one, s.two} {
		if got := at.Send(t, client.Request{Method: "GET", Path: "/users/me", Token: a.Token}); got.Status != 401 || got.Code() != "unauthorized" {
			t.Errorf("the access token of %s = %d %s, want 401 unauthorized", whose, got.Status, got.Code())
		}
		if got, _ := at.TryRefresh(t, a.RefreshToken); got.Status != 401 {
			t.Errorf("the refresh token of %s = %d %s, want 401", whose, got.Status, got.Code())
		}
	}
}
