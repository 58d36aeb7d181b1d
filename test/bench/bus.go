package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// bus is a NATS server in this process that can go away and come back with its files.
type bus struct {
	options *server.Options
	server  *server.Server // nil while it is away
}

// newBus describes a server that syncs to disk before it acknowledges, as the service's own.
func newBus(port int, folder string) *bus {
	return &bus{options: &server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: folder, SyncAlways: true, NoSigs: true, NoLog: true,
	}}
}

func (b *bus) url() string { return fmt.Sprintf("nats://%s:%d", b.options.Host, b.options.Port) }

func (b *bus) start() error {
	s, err := server.NewServer(b.options.Clone())
	if err != nil {
		return err
	}
	s.Start()
	b.server = s
	if !s.ReadyForConnections(5 * time.Second) {
		return errors.New("the bus does not start")
	}
	return nil
}

// stop returns when the files are closed.
func (b *bus) stop() {
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
		b.server = nil
	}
}
