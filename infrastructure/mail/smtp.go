// Package mail hides how mails leave: by SMTP or, in development, into a box that one looks into.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"gofiber-auth/domain/services"
)

const (
	connectTime = 5 * time.Second
	sendTime    = 30 * time.Second // for everything, where the caller sets no earlier end
)

// Options is what NewSMTP needs.
type Options struct {
	URL  string // smtp:// or smtps://, with credentials
	From string // an address, with or without a name

	roots *x509.CertPool // who signs mail servers' certificates; nil: as the machine says
}

// SMTP sends mails through a mail server, over a connection of its own for each.
type SMTP struct {
	from     netmail.Address
	host     string
	address  string // host and port
	username string
	password string
	implicit bool // TLS from the first byte
	policy   gomail.TLSPolicy
	roots    *x509.CertPool
}

var _ services.Mailer = (*SMTP)(nil)

// NewSMTP returns a mailer. An error of it says what is wrong with which option, and no secret.
func NewSMTP(o Options) (*SMTP, error) {
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New("the address to send from is none")
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the mail server must be given as smtp:// or smtps://, with a host")
	}
	s := &SMTP{from: *from, host: u.Hostname(), implicit: u.Scheme == "smtps", policy: gomail.TLSMandatory, roots: o.roots}
	s.username = u.User.Username()
	s.password, _ = u.User.Password()
	// Credentials never go out in the clear, not even on this machine: whoever takes the port
	// while the server is down would get them.
	if isLoopback(s.host) && u.User == nil {
		s.policy = gomail.TLSOpportunistic
	}
	port := u.Port()
	switch {
	case port != "":
	case s.implicit:
		port = "465"
	default:
		port = "587"
	}
	s.address = net.JoinHostPort(s.host, port)
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Send implements services.Mailer.
func (s *SMTP) Send(ctx context.Context, m services.MailMessage) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	var opened net.Conn
	client, err := s.client(func(dialing context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.dial(dialing, ctx)
		opened = conn
		return conn, err
	})
	if err != nil {
		return fmt.Errorf("%w: %w", services.ErrMailServer, err)
	}
	defer func() {
		if opened != nil {
			_ = opened.Close() // the library leaves it open where the greeting goes wrong
		}
	}()
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", services.ErrMailServer, withoutReply(err))
	}
	err = client.SendWithSMTPClient(session, message)
	if message.IsDelivered() { // what went wrong after that makes no difference
		_ = client.CloseWithSMTPClient(session)
		return nil
	}
	return failure(ctx, err)
}

// client returns the library's client for one mail.
func (s *SMTP) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithDialContextFunc(dial), gomail.WithTimeout(sendTime), gomail.WithoutNoop(), gomail.WithTLSPolicy(s.policy),
		gomail.WithTLSConfig(s.tls()),
	}
	if s.implicit {
		options = append(options, gomail.WithSSL())
	}
	if s.username != "" {
		options = append(options, gomail.WithUsername(s.username), gomail.WithPassword(s.password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(s.host, options...)
}

func (s *SMTP) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// dial connects to the mail server. The connection ends with sending, whatever the library thinks.
func (s *SMTP) dial(ctx, sending context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: connectTime}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	ending := endWith(sending, conn)
	if !s.implicit {
		return ending, nil
	}
	secure := tls.Client(ending, s.tls())
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = ending.Close()
		return nil, err
	}
	return secure, nil
}
