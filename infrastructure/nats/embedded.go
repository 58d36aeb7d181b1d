package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ErrAddrInUse says that another process listens on the embedded server's address.
var ErrAddrInUse = errors.New("the address is in use")

// EmbeddedOptions says where an embedded server listens and keeps its files. Every field is
// required.
type EmbeddedOptions struct {
	Addr     string // host:port; port 0 takes a free one
	StoreDir string // of this server alone: two servers on one directory destroy it
	Log      *slog.Logger
}

// Embedded is a NATS server with JetStream in this process, for those who run no other. It
// syncs every message to disk before it acknowledges.
type Embedded struct {
	server *server.Server
}

// StartEmbedded starts a server and returns when it takes connections, or ErrAddrInUse when
// the address is taken. The caller makes sure that no other process uses the directory.
func StartEmbedded(o EmbeddedOptions) (*Embedded, error) {
	return startEmbedded(o, nil)
}

// startEmbedded lets the benchmarks turn the syncing off.
func startEmbedded(o EmbeddedOptions, change func(*server.Options)) (*Embedded, error) {
	host, port, err := listenAddress(o.Addr)
	if err != nil {
		return nil, err
	}
	options := &server.Options{
		ServerName: "gofiber-auth",
		Host:       host,
		Port:       port,
		JetStream:  true,
		StoreDir:   o.StoreDir,
		SyncAlways: true,

		// This process has its own signals, logs and manners.
		NoSigs:                 true,
		DisableJetStreamBanner: true,
	}
	if change != nil {
		change(options)
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("embedded event bus: %w", err)
	}
	log := &serverLog{log: o.Log}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(readyWait) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("embedded event bus did not start: %s", log.lastFatal())
	}
	return &Embedded{server: s}, nil
}

// readyWait bounds the wait for a listener that Start has already opened.
const readyWait = 2 * time.Second

// listenAddress splits addr for the server after trying to listen there: the server itself
// says of a taken port only that it is not ready.
func listenAddress(addr string) (host string, port int, err error) {
	host, portName, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("embedded event bus: %w", err)
	}
	port, err = strconv.Atoi(portName)
	if err != nil {
		return "", 0, fmt.Errorf("embedded event bus: %s has no port number", addr)
	}
	if port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", 0, fmt.Errorf("embedded event bus: %s: %w", addr, ErrAddrInUse)
	}
	if err != nil {
		return "", 0, fmt.Errorf("embedded event bus: %w", err)
	}
	return host, port, l.Close()
}

// ClientURL is where other processes reach the server.
func (e *Embedded) ClientURL() string { return e.server.ClientURL() }

// Shutdown ends every connection and returns when the files are closed. Calling it again
// does nothing.
func (e *Embedded) Shutdown() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
