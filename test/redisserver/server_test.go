package redisserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestServer(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Restart(t)
	s.Stop(t)
	if c, err := net.Dial("tcp", s.Addr); err == nil {
		c.Close()
		t.Error("a stopped server takes connections")
	}
	s.Password = `p"a\ss word`
	s.Start(t)
	if want := `redis://:p%22a%5Css%20word@` + s.Addr + "/0"; s.URL() != want {
		t.Errorf("URL() = %s, want %s", s.URL(), want)
	}
	if answer := s.say(t, "AUTH \"p\\\"a\\\\ss word\"", time.Minute); answer != "+OK\r\n" {
		t.Errorf("AUTH with the password is answered %q", answer)
	}
	s.Pause(t)
	if answer := s.say(t, "PING", 100*time.Millisecond); answer != "" {
		t.Errorf("a paused server says %q", answer)
	}
	s.Continue(t)
	if err := s.ping(); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}

// say returns what the server answers to a command within the time.
func (s *Server) say(t *testing.T, command string, within time.Duration) string {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	n, _ := c.Read(answer)
	return string(answer[:n])
}

// fake makes a program that says of itself what a server would.
func fake(t *testing.T, folder, name, version string) string {
	t.Helper()
	// No process may start meanwhile: it would hold the file open for a moment, and a file that
	// is open for writing cannot be executed.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\necho '%s'\n", version), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), t.TempDir()
	folders := []string{first, second}
	if b, err := find(folders); !errors.Is(err, errNone) {
		t.Errorf("find() in empty folders = %+v, %v", b, err)
	}
	fake(t, first, "redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=libc bits=64")
	fake(t, second, "redis-check-rdb", "Usage: redis-check-rdb FILE")
	if b, err := find(folders); !errors.Is(err, errNone) {
		t.Errorf("find() of what is too old or no server = %+v, %v", b, err)
	}
	valkey := fake(t, first, "valkey-server", "Valkey server v=8.1.3 sha=00000000:0")
	if b, err := find(folders); err != nil || b != (binary{valkey, "Valkey 8.1.3"}) {
		t.Errorf("find() = %+v, %v, want Valkey", b, err)
	}
	redis := fake(t, second, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
	if b, err := find(folders); err != nil || b != (binary{redis, "Redis 7.0.15"}) {
		t.Errorf("find() = %+v, %v, want Redis", b, err)
	}
}
