package harness

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// NatsServer is what Main builds for Nats.
const NatsServer = "github.com/nats-io/nats-server/v2"

// Nats is a real NATS server with JetStream, in a process of its own, which syncs to disk
// before it acknowledges. Main must have built NatsServer.
type Nats struct {
	*Process // nil before the first start

	Addr     string // host:port
	MaxStore string // of JetStream's files, in bytes or as "1MB", from the next start on; empty: 10GB

	folder string
}

// NewNats starts a server.
func NewNats(t testing.TB) *Nats {
	t.Helper()
	n := &Nats{Addr: "127.0.0.1:" + FreePort(t), folder: t.TempDir()}
	n.Start(t)
	return n
}

// URL is where clients find the server.
func (n *Nats) URL() string { return "nats://" + n.Addr }

func (n *Nats) config() string { return filepath.Join(n.folder, "nats.conf") }
func (n *Nats) store() string  { return filepath.Join(n.folder, "store") }

// Start starts the server, which must not run, with the files that it has, and returns when
// it takes connections.
func (n *Nats) Start(t testing.TB) {
	t.Helper()
	n.configure(t)
	n.Process = Run(t, nil, "", "nats-server", "-c", n.config())
	Eventually(t, "the bus takes connections", func() error {
		select {
		case <-n.Exited:
			t.Fatalf("the bus ended: %s", n.Output())
		default:
		}
		if !strings.Contains(n.Output(), "Server is ready") {
			return ErrNotYet
		}
		c, err := net.Dial("tcp", n.Addr)
		if err == nil {
			c.Close()
		}
		return err
	})
}

// Reload has the server take MaxStore as it is now, without a restart. It can only
// grow.
func (n *Nats) Reload(t testing.TB) {
	t.Helper()
	n.configure(t)
	if err := n.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the bus has read its configuration again", func() error {
		if !strings.Contains(n.Output(), "Reloaded server configuration") {
			return errors.New(n.Output())
		}
		return nil
	})
}

// Wipe removes the files of the server, which must not run.
func (n *Nats) Wipe(t testing.TB) {
	t.Helper()
	if err := os.RemoveAll(n.store()); err != nil {
		t.Fatal(err)
	}
}

func (n *Nats) configure(t testing.TB) {
	t.Helper()
	maxStore := n.MaxStore
	if maxStore == "" {
		maxStore = "10GB"
	}
	config := fmt.Sprintf(`listen: %q
jetstream {
  store_dir: %q
  sync_interval: always
  max_file_store: %s
}
`, n.Addr, n.store(), maxStore)
	if err := os.WriteFile(n.config(), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}
