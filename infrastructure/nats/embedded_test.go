package nats

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEmbeddedTellsOfATakenAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()

	_, err = StartEmbedded(EmbeddedOptions{Addr: addr, StoreDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, ErrAddrInUse) || !strings.Contains(err.Error(), addr) {
		t.Errorf("StartEmbedded() = %v, want %v with the address", err, ErrAddrInUse)
	}
}

func TestEmbeddedIsSafeAndSwift(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	begin := time.Now()
	bus := startBusAt(t, "127.0.0.1:0", dir)
	if d := time.Since(begin); d > patience {
		t.Errorf("ready after %v", d)
	}
	if c := bus.server.JetStreamConfig(); !c.SyncAlways || !strings.HasPrefix(c.StoreDir, dir) {
		t.Errorf("JetStream works with %+v", c)
	}
	bus.Shutdown()
	bus.Shutdown()
	if conn, err := net.Dial("tcp", address(bus)); err == nil {
		conn.Close()
		t.Error("it still listens after Shutdown")
	}
}

func TestEmbeddedLogsNothingOfStrangers(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	bus, err := StartEmbedded(EmbeddedOptions{Addr: "127.0.0.1:0", StoreDir: t.TempDir(), Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Shutdown)
	conn, err := net.Dial("tcp", address(bus))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "user@example.com is no word of the protocol\r\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a line about it", func() bool { return strings.Contains(log.String(), "parser ERROR") })
	if strings.Contains(log.String(), "example.com") {
		t.Errorf("the log repeats what a stranger sent:\n%s", log)
	}
}
