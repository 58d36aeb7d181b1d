package examiner

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
	"gofiber-auth/test/smtpsink"
)

const (
	frontend = "https://front.example.org"
	password = "correct horse battery staple"
	another  = "seven other words nobody guesses"
)

// plan is what a test wants of a world. The zero value is one instance with the embedded
// database and no Redis, without rate limits.
type plan struct {
	two       bool // instances, which takes PostgreSQL and Redis
	postgres  bool
	redis     bool
	providers bool
	env       map[string]string
}

// world is the service's instances and all that they talk to.
type world struct {
	one, two  *instance // two may be nil
	dsn       string    // of PostgreSQL; empty: embedded
	sink      *smtpsink.Sink
	redis     *redisserver.Server
	providers *fakeidp.Server

	names atomic.Int64

	mu         sync.Mutex
	secrets    map[string]string // what it is, by value
	recipients map[string]bool   // of all mails
}

// instance is one running service.
type instance struct {
	*harness.Process

	w    *world
	base string
	env  map[string]string
}

// newWorld starts a service. At the end of the test nothing secret stands in its logs, metrics
// or database.
func newWorld(t *testing.T, p plan) *world {
	t.Helper()
	w := &world{secrets: map[string]string{}, recipients: map[string]bool{}, sink: smtpsink.New(t)}
	w.sink.Rcpt = func(to string) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.recipients[to] = true
		return nil
	}
	w.sink.Start(t)
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	env := harness.NewEnv(t)
	maps.Copy(env, map[string]string{
		"FRONTEND_URL": frontend, "SMTP_URL": "smtp://" + w.sink.Addr, "MAIL_FROM": "Accounts <accounts@example.net>",
		"JWT_SECRET": rand.Text() + rand.Text(), "TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(key),
	})
	w.secret("signing secret", env["JWT_SECRET"])
	if p.two || p.postgres {
		w.dsn = pgtest.New(t)
		env["DATABASE_URL"] = w.dsn
	}
	if p.two || p.redis {
		w.redis = redisserver.Start(t)
		env["REDIS_URL"] = w.redis.URL()
	}
	if p.providers {
		w.providers = fakeidp.New(t, "https://auth.example.org/api/v1/auth")
		maps.Copy(env, w.providers.Env())
	}
	maps.Copy(env, p.env)
	w.one = w.start(t, env)
	if p.two {
		second := maps.Clone(env)
		second["APP_PORT"], second["DATA_DIR"] = harness.FreePort(t), filepath.Join(t.TempDir(), "data")
		second["NATS_URL"] = "nats://" + env["NATS_EMBEDDED_ADDR"]
		delete(second, "NATS_EMBEDDED_ADDR")
		w.two = w.start(t, second)
	}
	return w
}

func (w *world) start(t *testing.T, env map[string]string) *instance {
	t.Helper()
	i := &instance{w: w, env: env, base: "http://127.0.0.1:" + env["APP_PORT"]}
	i.run(t)
	t.Cleanup(func() { i.keepsSecrets(t) })
	return i
}

// run starts the process and waits until it is ready.
func (i *instance) run(t *testing.T) {
	t.Helper()
	i.Process = harness.Run(t, i.env, "", "api")
	harness.Eventually(t, "the service is ready", func() error {
		select {
		case <-i.Exited:
			t.Fatalf("the service ended: %s", i.Output())
		default:
		}
		res, err := http.Get(i.base + "/health/ready")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
}

// instances is all that run.
func (w *world) instances() []*instance {
	if w.two == nil {
		return []*instance{w.one}
	}
	return []*instance{w.one, w.two}
}

// secret notes what must never stand in a log, a metric or the database.
func (w *world) secret(what string, values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		if len(v) >= 8 {
			w.secrets[v] = what
		}
	}
}

// found says which secrets stand in a text.
func (w *world) found(text string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	text = strings.ToLower(text)
	for secret, what := range w.secrets {
		if strings.Contains(text, strings.ToLower(secret)) {
			all = append(all, what+" "+secret)
		}
	}
	return all
}

// name makes a name that nobody has.
func (w *world) name() string { return fmt.Sprintf("member%04d", w.names.Add(1)) }

// atOnce runs f n times at once.
func atOnce(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
