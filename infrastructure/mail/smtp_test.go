package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gofiber-auth/domain/services"
	"gofiber-auth/test/smtpsink"
)

var hello = services.MailMessage{
	To: "ada@example.com", Subject: "Hello", Text: "Hello,\nhttps://app.example.com/auth/verify-email?token=abc\n", HTML: "<p>Hello</p>",
}

const secret = "s3cret:/@?"

func trusted(t *testing.T) *x509.CertPool {
	t.Helper()
	cert, err := x509.ParseCertificate(smtpsink.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

func mailer(t *testing.T, url string, roots *x509.CertPool) *SMTP {
	t.Helper()
	s, err := NewSMTP(Options{URL: url, From: "สวัสดี <no-reply@app.example.com>", roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const credentials = "user%40example.com:s3cret%3A%2F%40%3F@"

func TestMailsGoOutAsTheServerAsksFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sink    *smtpsink.Sink
		url     string // before the address
		tls     bool
		failure string // what the error says; empty: none
	}{
		"in the clear on this machine":             {&smtpsink.Sink{}, "smtp://", false, ""},
		"STARTTLS where it is offered":             {&smtpsink.Sink{TLS: true}, "smtp://", true, ""},
		"implicit TLS":                             {&smtpsink.Sink{Implicit: true}, "smtps://", true, ""},
		"credentials over STARTTLS":                {&smtpsink.Sink{TLS: true, Username: "user@example.com", Password: secret}, "smtp://" + credentials, true, ""},
		"credentials over implicit TLS":            {&smtpsink.Sink{Implicit: true, Username: "user@example.com", Password: secret}, "smtps://" + credentials, true, ""},
		"no credentials in the clear":              {&smtpsink.Sink{InsecureAuth: true, Username: "user@example.com", Password: secret}, "smtp://" + credentials, false, "STARTTLS"},
		"other credentials":                        {&smtpsink.Sink{TLS: true, Username: "user@example.com", Password: "other"}, "smtp://" + credentials, true, "it answers with 535"},
		"credentials for a server that wants none": {&smtpsink.Sink{TLS: true}, "smtp://" + credentials, true, "does not support SMTP AUTH"},
		"none for a server that wants some":        {&smtpsink.Sink{TLS: true, Username: "user@example.com"}, "smtp://", true, "530"},
		"TLS with who speaks none":                 {&smtpsink.Sink{}, "smtps://", true, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t)
			want := test.sink
			sink.TLS, sink.Implicit, sink.Username, sink.Password, sink.InsecureAuth = want.TLS, want.Implicit, want.Username, want.Password, want.InsecureAuth
			sink.Start(t)
			err := mailer(t, test.url+sink.Addr, trusted(t)).Send(t.Context(), hello)
			if test.failure != "" {
				if !errors.Is(err, services.ErrMailServer) || !strings.Contains(err.Error(), test.failure) || len(sink.Mails("")) > 0 {
					t.Errorf("Send() = %v, and %d mails came", err, len(sink.Mails("")))
				}
				wantNothingPersonal(t, err)
				if !test.tls && sink.Auths() > 0 {
					t.Error("credentials were sent in the clear")
				}
				return
			}
			if err != nil {
				t.Fatalf("Send() = %v", err)
			}
			if got := sink.Mails(hello.To); len(got) != 1 || got[0].TLS != test.tls {
				t.Errorf("%d mails came, %+v", len(got), got)
			}
		})
	}
}

func wantNothingPersonal(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"ada@", "user@", "user%40", secret, "s3cret", "token"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q holds %q", err, secret)
		}
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		implicit bool
		url      func(addr string) string
		roots    *x509.CertPool
	}{
		"STARTTLS, signed by nobody we know":     {false, func(a string) string { return "smtp://" + a }, x509.NewCertPool()},
		"implicit TLS, signed by nobody we know": {true, func(a string) string { return "smtps://" + a }, x509.NewCertPool()},
		"of another host":                        {true, func(a string) string { return "smtps://" + strings.Replace(a, "127.0.0.1", "localhost", 1) }, trusted(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t)
			sink.TLS, sink.Implicit = !test.implicit, test.implicit
			sink.Start(t)
			err := mailer(t, test.url(sink.Addr), test.roots).Send(t.Context(), hello)
			if !errors.Is(err, services.ErrMailServer) || !strings.Contains(err.Error(), "x509") || len(sink.Mails("")) > 0 {
				t.Errorf("Send() = %v", err)
			}
		})
	}
}

// Elsewhere than on this machine nothing goes out in the clear, credentials or not.
func TestOtherMachinesMustOfferTLS(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t)
	sink.Start(t)
	s := mailer(t, "smtp://mail.example.com:25", nil)
	s.address = sink.Addr // where that name leads
	if err := s.Send(t.Context(), hello); !errors.Is(err, services.ErrMailServer) || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("Send() = %v", err)
	}
	for url, want := range map[string]string{"smtp://mail.example.com": "mail.example.com:587", "smtps://[::1]": "[::1]:465", "smtp://localhost:25": "localhost:25"} {
		if got := mailer(t, url, nil).address; got != want {
			t.Errorf("%s leads to %s, want %s", url, got, want)
		}
	}
}

func TestAMailHasWhatMailsHave(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t)
	sink.Start(t)
	message := services.MailMessage{
		To: "o'hara+x@example.com", Subject: "ยืนยันอีเมลของคุณ\r\nBcc: everybody@example.com", Text: "สวัสดี\n.\nhttps://app.example.com/?token=abc\n", HTML: "<p>สวัสดี</p>",
	}
	begun := time.Now().Add(-time.Second)
	s := mailer(t, "smtp://"+sink.Addr, nil)
	for _, m := range []services.MailMessage{message, hello} {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := sink.Mails("")
	thai, english := got[0], got[1]
	if thai.From != "no-reply@app.example.com" || thai.To != message.To || thai.Text != message.Text || strings.TrimSpace(thai.HTML) != message.HTML {
		t.Errorf("%+v came", thai)
	}
	if thai.Subject != "ยืนยันอีเมลของคุณ  Bcc: everybody@example.com" || thai.Header.Get("Bcc") != "" {
		t.Errorf("the subject is %q, Bcc is %q", thai.Subject, thai.Header.Get("Bcc"))
	}
	from, err := netmail.ParseAddress(thai.Header.Get("From"))
	if err != nil || from.Name != "สวัสดี" || from.Address != "no-reply@app.example.com" {
		t.Errorf("From is %q", thai.Header.Get("From"))
	}
	if date, err := thai.Header.Date(); err != nil || date.Before(begun) || date.After(time.Now().Add(time.Second)) {
		t.Errorf("Date is %q, %v", thai.Header.Get("Date"), err)
	}
	if id := thai.Header.Get("Message-Id"); !regexp.MustCompile(`^<[a-z2-7]{26}@app\.example\.com>$`).MatchString(id) || id == english.Header.Get("Message-Id") {
		t.Errorf("Message-ID is %q", id)
	}
	if thai.Header.Get("Auto-Submitted") != "auto-generated" || thai.Header.Get("Mime-Version") != "1.0" || thai.Header.Get("X-Mailer") != "" {
		t.Errorf("the header is %v", thai.Header)
	}
	if !strings.Contains(string(english.Raw), "verify-email?token=abc\r\n") {
		t.Errorf("the link cannot be read in the source:\n%s", english.Raw)
	}
	if strings.ContainsFunc(string(thai.Raw), func(r rune) bool { return r > 0x7e }) {
		t.Error("the source is not in ASCII")
	}
}

func TestNobodyAddsHeaders(t *testing.T) {
	t.Parallel()
	sink := smtpsink.New(t)
	sink.Start(t)
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "Ada <a@example.com>", "<a@example.com>", "a..b@example.com", "", "a@example.com\n"} {
		m := hello
		m.To = to
		err := mailer(t, "smtp://"+sink.Addr, nil).Send(t.Context(), m)
		if !errors.Is(err, services.ErrMailRefused) || to != "" && strings.Contains(err.Error(), to) {
			t.Errorf("%q: Send() = %v", to, err)
		}
	}
	if got := sink.Mails(""); len(got) > 0 {
		t.Errorf("%+v came", got)
	}
}

func TestWhatTheServerAnswers(t *testing.T) {
	t.Parallel()
	reply := func(code, enhanced int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, enhanced, 1}, Message: "<ada@example.com> says no"}
	}
	for name, test := range map[string]struct {
		rcpt, data error
		want       error // nil: one that is neither
		says       string
	}{
		"no such mailbox": {rcpt: reply(550, 1), want: services.ErrMailRefused, says: "550 5.1.1"},
		"a full mailbox":  {rcpt: reply(452, 2), says: "452 4.2.1"},
		"greylisting":     {rcpt: reply(451, 7), says: "451 4.7.1"},
		"spam":            {data: reply(554, 7), want: services.ErrMailRefused, says: "554 5.7.1"},
		"a full disk":     {data: reply(452, 3), says: "452 4.3.1"},
		"going away":      {rcpt: reply(421, 3), want: services.ErrMailServer, says: "421 4.3.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.New(t)
			sink.Rcpt = func(string) error { return test.rcpt }
			sink.Data = func() error { return test.data }
			sink.Start(t)
			err := mailer(t, "smtp://"+sink.Addr, nil).Send(t.Context(), hello)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("Send() = %v", err)
			}
			wantNothingPersonal(t, err)
			for _, kind := range []error{services.ErrMailServer, services.ErrMailRefused} {
				if errors.Is(err, kind) != errors.Is(test.want, kind) {
					t.Errorf("Send() = %v, and that it is %q is wrong", err, kind)
				}
			}
		})
	}
}

// Who hangs is left when the time is up, at whatever point that is.
func TestServersThatHang(t *testing.T) {
	t.Parallel()
	release, hung := make(chan struct{}), new(atomic.Int32)
	defer close(release)
	block := func() error { hung.Add(1); <-release; return nil }
	mute, _ := smtpsink.Mute(t)
	atRcpt, atData := smtpsink.New(t), smtpsink.New(t)
	atRcpt.Rcpt, atData.Data = func(string) error { return block() }, block
	atRcpt.Start(t)
	atData.Start(t)
	for name, url := range map[string]string{
		"at the greeting": "smtp://" + mute, "at the handshake": "smtps://" + mute, "at the address": "smtp://" + atRcpt.Addr, "at the end": "smtp://" + atData.Addr,
	} {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := mailer(t, url, nil).Send(ctx, hello)
		cancel()
		if err == nil || time.Since(begun) > time.Minute {
			t.Errorf("%s: Send() = %v after %s", name, err, time.Since(begun))
		}
		if early := name == "at the greeting" || name == "at the handshake"; errors.Is(err, services.ErrMailServer) != early {
			t.Errorf("%s: Send() = %v", name, err)
		}
	}
	if hung.Load() != 2 {
		t.Errorf("%d hung, want 2", hung.Load())
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		{URL: "http://mail.example.com", From: "a@example.com"}, {URL: "smtp://", From: "a@example.com"}, {URL: "smtp://u:" + secret + "\x7f@x", From: "a@example.com"},
		{URL: "smtp://mail.example.com", From: "nobody"},
	} {
		if _, err := NewSMTP(o); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("NewSMTP(%q) = %v", o.From, err)
		}
	}
}

var _ net.Conn = (*endingConn)(nil)
