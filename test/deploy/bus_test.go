// Package deploy runs what the folder deploy ships, as it is: the NATS configuration under
// real servers with the real programs as its users, and the alert rules against the metrics.
package deploy

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/harness"
)

func TestMain(m *testing.M) {
	os.Exit(harness.Main(m, "gofiber-auth/cmd/...", harness.NatsServer))
}

const (
	shipped    = "../../deploy/nats"
	streamName = "USER_EVENTS"
)

// passwords are those of the configuration's users, by variable.
var passwords = map[string]string{
	"NATS_AUTH_PASSWORD":     "auth-secret",
	"NATS_OPERATOR_PASSWORD": "operator-secret",
	"NATS_SOCIAL_PASSWORD":   "social-secret",
	"NATS_SEARCH_PASSWORD":   "search-secret",
}

// bus is a server that runs a configuration file.
type bus struct {
	*harness.Process

	addr, monitor string // host:port
	env           map[string]string
	args          []string
}

// startBus starts a server with a file and returns when it is healthy. The flags put in other
// addresses than the file's.
func startBus(t *testing.T, config string) *bus {
	t.Helper()
	b := newBus(t, config, nil)
	b.start(t)
	b.awaitHealth(t)
	return b
}

func newBus(t *testing.T, config string, env map[string]string) *bus {
	t.Helper()
	config, err := filepath.Abs(config)
	if err != nil {
		t.Fatal(err)
	}
	port, monitor := harness.FreePort(t), harness.FreePort(t)
	b := &bus{addr: "127.0.0.1:" + port, monitor: "127.0.0.1:" + monitor, env: maps.Clone(passwords)}
	maps.Copy(b.env, env)
	b.env["NATS_STORE_DIR"] = t.TempDir()
	b.args = []string{"-c", config, "-a", "127.0.0.1", "-p", port, "-m", monitor}
	return b
}

// start starts the server with the files that it has.
func (b *bus) start(t *testing.T) {
	t.Helper()
	b.Process = harness.Run(t, b.env, "", "nats-server", b.args...)
}

// awaitHealth waits until the server says that all is well: in a cluster, that its copies are
// complete.
func (b *bus) awaitHealth(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "the bus is healthy", func() error {
		select {
		case <-b.Exited:
			t.Fatalf("the bus ended: %s", b.Output())
		default:
		}
		res, err := http.Get("http://" + b.monitor + "/healthz")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("healthz: %s", res.Status)
		}
		return nil
	})
}

// url is where a user of the configuration finds the server.
func (b *bus) url(user string) string {
	return "nats://" + user + ":" + passwords["NATS_"+strings.ToUpper(user)+"_PASSWORD"] + "@" + b.addr
}

// client is a connection of one of the configuration's users.
type client struct {
	*natsgo.Conn

	js     jetstream.JetStream
	faults chan error // what the server refused
}

// connect connects one of the configuration's users, with the inbox that it may have.
func connect(t *testing.T, urls, user string) *client {
	t.Helper()
	c := &client{faults: make(chan error, 100)}
	options := []natsgo.Option{natsgo.ErrorHandler(func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) { c.faults <- err })}
	if user != "operator" && user != "auth" {
		options = append(options, natsgo.CustomInboxPrefix("_INBOX_"+user))
	}
	var err error
	if c.Conn, err = natsgo.Connect(urls, options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if c.js, err = jetstream.New(c.Conn, jetstream.WithDefaultTimeout(harness.Patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// awaitFault returns the next refusal.
func (c *client) awaitFault(t *testing.T, what string) string {
	t.Helper()
	select {
	case err := <-c.faults:
		return err.Error()
	case <-time.After(harness.Patience):
		t.Fatalf("nothing refused %s", what)
		return ""
	}
}
