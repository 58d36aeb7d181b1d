// Package smtpsink is a mail server for tests: it takes mails and lets tests read them, asks for
// credentials, speaks TLS, and refuses or hangs as it is told.
package smtpsink

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gofiber-auth/test/harness"
)

// Sink is a mail server on a port of its own, which it keeps when it is stopped and started again.
// Its fields are set before Start.
type Sink struct {
	Addr               string
	TLS                bool // offers STARTTLS
	Implicit           bool // TLS from the first byte
	Username, Password string
	InsecureAuth       bool // offers AUTH without TLS, too
	// Rcpt and Data, which may be nil, are asked for each mail; what they return is answered. They
	// may block.
	Rcpt func(to string) error
	Data func() error

	mu     sync.Mutex
	mails  []Mail
	auths  int // AUTH commands that came
	server *smtp.Server
	listen net.Listener
	done   chan struct{}
}

// New returns a sink that is not started. It is stopped at the end of the test.
func New(t testing.TB) *Sink {
	t.Helper()
	s := &Sink{Addr: "127.0.0.1:" + harness.FreePort(t)}
	t.Cleanup(s.Stop)
	return s
}

// certificate is one for 127.0.0.1, signed by itself.
var certificate = sync.OnceValue(func() tls.Certificate {
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	return lender.TLS.Certificates[0]
})

// Certificate returns the sink's certificate in DER, for those who are to trust it.
func Certificate() []byte { return certificate().Certificate[0] }

// Start takes mails from now on.
func (s *Sink) Start(t testing.TB) {
	t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }))
	server.Domain, server.AllowInsecureAuth = "sink.test", s.InsecureAuth
	server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}, MinVersion: tls.VersionTLS12}
	if s.TLS {
		server.TLSConfig = config
	}
	l, err := net.Listen("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if s.Implicit {
		l = tls.NewListener(l, config)
	}
	s.server, s.listen, s.done = server, l, make(chan struct{})
	go func() {
		defer close(s.done)
		_ = server.Serve(l) // until Stop
	}()
}

// Stop cuts every connection.
func (s *Sink) Stop() {
	if s.server != nil {
		_ = s.server.Close()
		_ = s.listen.Close() // which the server does not know before it serves
		<-s.done
		s.server = nil
	}
}

// Mails returns what came for an address, or all for "", the oldest first.
func (s *Sink) Mails(to string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.mails), func(m Mail) bool { return to != "" && m.To != to })
}

// Auths returns how many AUTH commands came.
func (s *Sink) Auths() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auths
}

// Await waits until n mails have come for an address, and returns them.
func (s *Sink) Await(t testing.TB, to string, n int, patience time.Duration) []Mail {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		if got := s.Mails(to); len(got) >= n {
			return got
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d of %d mails came for %s within %s", len(s.Mails(to)), n, to, patience)
		}
	}
}

type session struct {
	sink     *Sink
	conn     *smtp.Conn
	admitted bool
	from, to string
}

var errCredentials = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "who are you"}

func (s *session) AuthMechanisms() []string {
	if s.sink.Username == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	s.sink.mu.Lock()
	s.sink.auths++
	s.sink.mu.Unlock()
	return sasl.NewPlainServer(func(_, username, password string) error {
		if mechanism != sasl.Plain || username != s.sink.Username || password != s.sink.Password {
			return errCredentials
		}
		s.admitted = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.Username != "" && !s.admitted {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "authenticate first"}
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.sink.Rcpt != nil {
		return s.sink.Rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.sink.Data != nil {
		if err := s.sink.Data(); err != nil {
			return err
		}
	}
	m, err := read(bytes.NewReader(raw))
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: "that is no mail: " + err.Error()}
	}
	_, m.TLS = s.conn.TLSConnectionState()
	m.From, m.To, m.Raw = s.from, s.to, raw
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.mails = append(s.sink.mails, m)
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

// Mute is the address of a server that takes connections and never says a word.
func Mute(t testing.TB) (addr string, connections func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu    sync.Mutex
		conns []net.Conn
		done  = make(chan struct{})
	)
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				mu.Lock()
				conns = append(conns, c)
				mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(conns)
	}
}
