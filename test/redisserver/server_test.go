package redisserver

import (
	"net"
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
