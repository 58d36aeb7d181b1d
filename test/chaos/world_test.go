package chaos

import (
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgcluster"
	"gofiber-auth/test/pgtest"
)

const (
	syncToken = "a-token-of-thirty-two-bytes-or-more"
	jwtSecret = "a secret of thirty-two bytes or more"
)

// deployment is how the service is set up.
type deployment struct {
	name        string
	postgres    bool // else the embedded database
	ownPostgres bool // a server of its own, which can be killed
	instances   int
	ownBus      bool // a NATS server, behind a wire; else the embedded bus
}

// The deployments.
var (
	embedded    = deployment{name: "embedded", instances: 1}
	sqlite      = deployment{name: "SQLite and NATS", instances: 1, ownBus: true}
	postgres    = deployment{name: "PostgreSQL and NATS", postgres: true, instances: 1, ownBus: true}
	twoOfThem   = deployment{name: "PostgreSQL and NATS, two instances", postgres: true, instances: 2, ownBus: true}
	ownPostgres = deployment{name: "a PostgreSQL of its own and NATS, two instances", postgres: true, ownPostgres: true, instances: 2, ownBus: true}
)

// world is everything that runs in a test.
type world struct {
	*testing.T

	instances []*instance
	cluster   *pgcluster.Cluster // nil where there is none of its own
	bus       *harness.Nats      // nil where it is embedded
	wire      *harness.Wire      // between the instances and the bus
	load      *load
	witness   *witness
	admin     string // an admin's token

	removals []Removal
	last     Evidence      // in which nothing was wrong
	settled  time.Duration // the longest time so far
	rounds   int
	noted    string // of the last round
}

func newWorld(t *testing.T, d deployment) *world {
	t.Helper()
	w := &world{T: t}
	env := harness.NewEnv(t)
	maps.Copy(env, map[string]string{
		"LOG_LEVEL": "info", "JWT_SECRET": jwtSecret, "JWT_EXPIRES_IN": "24h", "SYNC_TOKEN": syncToken,
	})
	url := "nats://" + env["NATS_EMBEDDED_ADDR"]
	if d.ownBus {
		w.bus = harness.NewNats(t)
		w.wire = harness.NewWire(t, w.bus.Addr)
		env["NATS_URL"] = "nats://" + w.wire.Addr
		url = w.bus.URL()
	}
	switch {
	case d.ownPostgres:
		w.cluster = newCluster(t)
		env["DATABASE_URL"] = w.cluster.URL()
	case d.postgres:
		env["DATABASE_URL"] = pgtest.Migrated(t)
	}
	for range d.instances {
		own := maps.Clone(env)
		own["APP_PORT"], own["DATA_DIR"] = harness.FreePort(t), filepath.Join(t.TempDir(), "data")
		i := &instance{world: w, env: own, base: "http://127.0.0.1:" + own["APP_PORT"]}
		w.instances = append(w.instances, i)
		i.start()
	}
	w.witness = newWitness(t, url)
	w.load = newLoad(t, 4*min(*scale, 2))
	w.load.targets, w.load.admin = w.targets, func() string { return w.admin }
	w.makeAdmin()
	return w
}

func newCluster(t *testing.T) *pgcluster.Cluster {
	t.Helper()
	port, err := strconv.Atoi(harness.FreePort(t))
	if err != nil {
		t.Fatal(err)
	}
	// Without syncing, a server that is killed forgets what it has acknowledged.
	c, err := pgcluster.Start(t.Context(), pgcluster.Options{Durable: true, Port: port, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// targets are the instances that run.
func (w *world) targets() (bases []string) {
	for _, i := range w.instances {
		if i.up.Load() {
			bases = append(bases, i.base)
		}
	}
	return bases
}

// any returns one of the instances.
func (w *world) any() *instance { return w.instances[mathrand.IntN(len(w.instances))] }

// holder returns the instance that relays.
func (w *world) holder() (holder *instance) {
	w.Helper()
	harness.Eventually(w, "one instance relays", func() error {
		var holders []*instance
		for _, i := range w.instances {
			output := i.process.Output()
			if strings.LastIndex(output, `"holds_lease":true`) > strings.LastIndex(output, `"holds_lease":false`) {
				holders = append(holders, i)
			}
		}
		if len(holders) != 1 {
			return fmt.Errorf("%d do", len(holders))
		}
		holder = holders[0]
		return nil
	})
	return holder
}

// makeAdmin registers a user, whom the operator's tool makes an admin.
func (w *world) makeAdmin() {
	w.Helper()
	root := w.load.clients[0].register()
	if root == nil {
		w.Fatal("the first user cannot register")
	}
	w.load.clients[0].accounts = nil // nobody changes it
	tool := harness.Run(w, w.instances[0].env, "", "authctl", "user", "promote", root.id)
	if code := tool.ExitCode(w); code != 0 {
		w.Fatalf("authctl user promote: exit code %d: %s", code, tool.Output())
	}
	w.admin = root.token
}

// up returns an instance that runs.
func (w *world) up() *instance {
	for _, i := range w.instances {
		if i.up.Load() {
			return i
		}
	}
	w.Fatal("no instance runs")
	return nil
}

// stream returns the state of the stream, which must be there.
func (w *world) stream() (info *jetstream.StreamInfo) {
	w.Helper()
	harness.Eventually(w, "the bus tells of the stream", func() (err error) {
		info, err = w.witness.info()
		return err
	})
	return info
}
