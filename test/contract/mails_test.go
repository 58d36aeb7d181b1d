package contract

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/smtpsink"
)

const (
	verifyPage = "verify-email"
	resetPage  = "reset-password"
)

// mails waits until so many mails have come for an address. The service may have backed off.
func (s *setup) mails(t *testing.T, to string, n int) []smtpsink.Mail {
	t.Helper()
	return s.sink.Await(t, to, n, 2*time.Minute)
}

// tokenOf returns the token of a mail's link, which leads to the front end's page.
func (s *setup) tokenOf(t *testing.T, m smtpsink.Mail, page string) string {
	t.Helper()
	link := m.Link(t)
	if link.Scheme+"://"+link.Host+link.Path != s.env["FRONTEND_URL"]+"/auth/"+page || len(link.Query()) != 1 || link.Fragment != "" {
		t.Errorf("the link goes to %s://%s%s, want the front end's %s", link.Scheme, link.Host, link.Path, page)
	}
	token := m.Token(t)
	client.Secrets.Add("mail token", token)
	if !strings.Contains(m.HTML, token) {
		t.Error("the HTML does not have the token of the text")
	}
	return token
}

// verify is a click on the link of a mail, without a proof of the account.
func verify(token string) request {
	return request{Method: "POST", Path: "/auth/email/verify", Body: object("token", token)}
}

// verifyBy has the password of the account, too.
func verifyBy(token, password string) request {
	return request{Method: "POST", Path: "/auth/email/verify", Body: object("token", token, "password", password)}
}

func reset(token, password string) request {
	return request{Method: "POST", Path: "/auth/password/reset", Body: object("token", token, "password", password)}
}

func forgot(email string) request {
	return request{Method: "POST", Path: "/auth/password/forgot", Body: object("email", email)}
}

func resend(a auth) request {
	return request{Method: "POST", Path: "/auth/email/resend", Token: a.Token}
}

// changeEmail is a user's own change of the e-mail.
func changeEmail(a auth, email string) request {
	return request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("email", email, "currentPassword", client.Password)}
}

// newMember registers a user and returns the token of the verification mail.
func (s *setup) newMember(t *testing.T) (auth, string) {
	t.Helper()
	a := s.one.Register(t)
	return a, s.tokenOf(t, s.mails(t, a.User.Email, 1)[0], verifyPage)
}

// askReset asks for a reset and returns the token of the n-th mail to the address.
func (s *setup) askReset(t *testing.T, email string, n int) string {
	t.Helper()
	s.one.Must(t, forgot(email), http.StatusAccepted, nil)
	return s.tokenOf(t, s.mails(t, email, n)[n-1], resetPage)
}

func TestVerification(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		t.Run("once", func(t *testing.T) {
			t.Parallel()
			a, token := s.newMember(t)
			r := verify(token)
			r.Token = a.Token
			oneWins(t, func(n int) answer { return s.at(n).Send(t, r) })
			if in := s.one.Refresh(t, a.RefreshToken); !in.User.EmailVerified || client.Claim(t, in.Token, "email_verified") != "true" {
				t.Error("the e-mail is not verified")
			}
			s.one.Refuses(t, resend(a), 409, "already_verified")
		})
		t.Run("not by a reset's token, nor a reset by its", func(t *testing.T) {
			t.Parallel()
			a, token := s.newMember(t)
			other := s.askReset(t, a.User.Email, 2)
			s.one.Refuses(t, reset(token, client.Another), 400, "invalid_token")
			s.one.Refuses(t, verifyBy(other, client.Password), 400, "invalid_token")
			s.one.Must(t, verifyBy(token, client.Password), 204, nil) // neither superseded nor used up
			s.one.Must(t, reset(other, client.Another), 204, nil)
		})
	})
}

// TestPendingEmail changes the e-mail, which stays as it is until the newest new one is verified.
func TestPendingEmail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		a, token := s.newMember(t)
		s.two.Must(t, verifyBy(token, client.Password), 204, nil)
		events := subscribe(t, s.one.NATS())
		tokens := map[string]string{}
		for _, email := range []string{"first." + a.User.Email, "dropped." + a.User.Email, "last." + a.User.Email} {
			var u user
			if s.one.Must(t, changeEmail(a, email), 200, &u); u.Email != a.User.Email || !u.EmailVerified || u.PendingEmail == nil || *u.PendingEmail != email {
				t.Errorf("a change of the e-mail makes the user %+v", u)
			}
			tokens[email] = s.tokenOf(t, s.mails(t, email, 1)[0], verifyPage)
			if strings.HasPrefix(email, "dropped") {
				if s.two.Must(t, changeEmail(a, a.User.Email), 200, &u); u.PendingEmail != nil {
					t.Errorf("the present e-mail leaves %s pending", *u.PendingEmail)
				}
			}
		}
		last := "last." + a.User.Email
		s.one.Must(t, resend(a), 202, nil)
		again := s.tokenOf(t, s.mails(t, last, 2)[1], verifyPage)
		for _, token := range tokens {
			s.two.Refuses(t, verifyBy(token, client.Password), 400, "invalid_token")
		}
		s.two.Refuses(t, verify(again), 401, "login_required")
		s.two.LogIn(t, a.User.Email, client.Password)
		s.two.Must(t, verifyBy(again, client.Password), 204, nil)
		if u := s.one.Me(t, a.Token); u.Email != last || !u.EmailVerified || u.PendingEmail != nil {
			t.Errorf("the user is %+v, want the e-mail %s", u, last)
		}
		s.one.Refuses(t, client.Login(a.User.Email, client.Password), 401, "invalid_credentials")
		if got := events.waitFor(t, a.User.ID, 2); got[1].body.Email != last || got[1].body.Action != "updated" {
			t.Errorf("the event is %s", got[1].raw)
		}
		// The old mailbox is told of each change that began, and of the one that was done.
		for _, m := range s.mails(t, a.User.Email, 5)[1:] {
			if text := m.Text + m.HTML; strings.Contains(text, "token=") || strings.Contains(text, last) {
				t.Errorf("the notice to the old address is %s", text)
			}
		}
	})
}

// TestMailTokensAfterAChangeOfTheEmail has an admin change the e-mail and change it back.
func TestMailTokensAfterAChangeOfTheEmail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		a, token := s.newMember(t)
		other := s.askReset(t, a.User.Email, 2)
		for n, email := range []string{client.Name() + "@example.com", a.User.Email} {
			s.at(n).Must(t, request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: admin.Token, Body: object("email", email)}, 200, nil)
			s.one.Refuses(t, verifyBy(token, client.Password), 400, "invalid_token")
			s.two.Refuses(t, reset(other, client.Another), 400, "invalid_token")
		}
		if s.one.Me(t, a.Token).EmailVerified {
			t.Error("the e-mail counts as verified")
		}
	})
}

// oneWins sends twenty at once, of which one gets 204 and the others 400.
func oneWins(t *testing.T, try func(n int) answer) {
	t.Helper()
	got := make([]int, 20)
	client.AtOnce(len(got), func(n int) { got[n] = try(n).Status })
	slices.Sort(got)
	if got[0] != 204 || got[1] != 400 || got[19] != 400 {
		t.Errorf("twenty at once get %v, want one 204 and else 400", got)
	}
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		t.Run("ends every session", func(t *testing.T) {
			t.Parallel()
			a, _ := s.newMember(t)
			other := s.two.LogIn(t, a.User.Email, client.Password)
			s.one.Must(t, forgot(strings.ToUpper(a.User.Email)), 202, nil)
			token := s.tokenOf(t, s.mails(t, a.User.Email, 2)[1], resetPage)
			s.lives(t, "a session before the reset", a)
			oneWins(t, func(n int) answer { return s.at(n).Send(t, reset(token, client.Another)) })
			s.dead(t, "a session before the reset", a)
			s.dead(t, "another session before the reset", other)
			s.one.Refuses(t, client.Login(a.User.Email, client.Password), 401, "invalid_credentials")
			if !s.one.LogIn(t, a.User.Email, client.Another).User.EmailVerified {
				t.Error("a reset does not verify the e-mail")
			}
			if notice := s.mails(t, a.User.Email, 3)[2]; strings.Contains(notice.Text+notice.HTML, "token=") || !strings.Contains(notice.Subject, "password") {
				t.Errorf("the notice is %s", notice.Raw)
			}
		})
		t.Run("by the newest mail alone", func(t *testing.T) {
			t.Parallel()
			a, _ := s.newMember(t)
			first := s.askReset(t, a.User.Email, 2)
			second := s.askReset(t, a.User.Email, 3)
			s.two.Refuses(t, reset(first, client.Another), 400, "invalid_token")
			s.two.Refuses(t, reset(second, "short"), 422, "validation_failed") // which uses nothing up
			s.one.Must(t, reset(second, client.Another), 204, nil)
			s.one.LogIn(t, a.User.Email, client.Another)
		})
	})
}

// alike checks that two answers have the same status, body and header fields.
func alike(t *testing.T, what string, a, b answer) {
	t.Helper()
	names := func(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }
	if a.Status != b.Status || string(a.Body) != string(b.Body) || !slices.Equal(names(a.Header), names(b.Header)) {
		t.Errorf("%s: %d %v %q, another gets %d %v %q", what, a.Status, a.Header, a.Body, b.Status, b.Header, b.Body)
	}
}

func TestForgotTellsNothing(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	admin := s.one.NewAdmin(t, s.env)
	known, _ := s.newMember(t)
	disabled, _ := s.newMember(t)
	s.one.Must(t, request{Method: "PATCH", Path: "/users/" + disabled.User.ID, Token: admin.Token, Body: `{"isActive":false}`}, 200, nil)
	guest := s.come(t, fakeidp.Answer{Subject: client.Name(), Email: client.Name() + "@example.com", Verified: true})
	unknown := client.Name() + "@example.com"
	first := s.one.Must(t, forgot(known.User.Email), 202, nil)
	for _, email := range []string{unknown, disabled.User.Email, guest.User.Email} {
		alike(t, "forgot of "+email, s.one.Must(t, forgot(email), 202, nil), first)
	}
	s.mails(t, known.User.Email, 2)
	s.newMember(t) // whose mail was queued last
	if got := s.sink.Mails(unknown); len(got) > 0 {
		t.Errorf("a mail went to an address without an account: %s", got[0].Raw)
	}
}

func TestLinksOfMailsCannotBePoisoned(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	poison := map[string]string{
		"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": `for=1.2.3.4;host=evil.example;proto=http`,
		"X-Forwarded-Proto": "http", "X-Original-URL": "//evil.example/", "X-Forwarded-Prefix": "//evil.example", "Origin": "https://evil.example", "Referer": "https://evil.example/",
	}
	a := s.one.Register(t)
	r := forgot(a.User.Email)
	r.Header = poison
	s.mails(t, a.User.Email, 1)
	s.one.Send(t, r)
	m := s.mails(t, a.User.Email, 2)[1]
	if s.tokenOf(t, m, resetPage); strings.Contains(string(m.Raw), "evil") {
		t.Errorf("the mail names the forged host: %s", m.Raw)
	}
}

var thai = regexp.MustCompile(`\p{Thai}`)

// TestMailContent registers in Thai, with a name that tries to be more than a name.
func TestMailContent(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	name := client.Name()
	s.one.Must(t, request{
		Method: "POST", Path: "/auth/register", Header: map[string]string{"Accept-Language": "th-TH,th;q=0.9,en;q=0.8"},
		Body: object("email", name+"@example.com", "username", name, "password", client.Password, "displayName", `<a href="https://evil.example/">Ada</a>`),
	}, 201, nil)
	m := s.mails(t, name+"@example.com", 1)[0]
	s.tokenOf(t, m, verifyPage) // the only link
	if !thai.MatchString(m.Subject) || !thai.MatchString(m.Text) || strings.Contains(m.HTML, `href="https://evil`) {
		t.Errorf("the mail in Thai is %s", m.Raw)
	}
}

// TestMailServerIsAway has it gone, refusing and back, over TLS, and kills the service meanwhile.
func TestMailServerIsAway(t *testing.T) {
	t.Parallel()
	onOwn(t, func(t *testing.T) map[string]string {
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: smtpsink.Certificate()}), 0o600); err != nil {
			t.Fatal(err)
		}
		const password = "p:ss@word-of-the-mail-server"
		client.Secrets.Add("password of the mail server", password, url.QueryEscape(password))
		return map[string]string{
			"SMTP_URL": (&url.URL{Scheme: "smtp", User: url.UserPassword("user", password), Host: "127.0.0.1:" + harness.FreePort(t)}).String(), "SSL_CERT_FILE": ca,
		}
	}, func(t *testing.T, s *setup) {
		server, err := url.Parse(s.env["SMTP_URL"])
		if err != nil {
			t.Fatal(err)
		}
		sink := smtpsink.New(t)
		sink.Addr, sink.TLS, sink.Username = server.Host, true, server.User.Username()
		sink.Password, _ = server.User.Password()
		s.sink = sink
		stays, goes, moves := s.one.Register(t), s.one.Register(t), s.one.Register(t)
		for _, a := range []auth{stays, goes, moves} {
			s.one.Must(t, forgot(a.User.Email), 202, nil)
		}
		s.one.Must(t, request{Method: "DELETE", Path: "/users/me", Token: goes.Token, Body: object("currentPassword", client.Password)}, 204, nil)
		fresh := "new." + moves.User.Email
		s.one.Must(t, changeEmail(moves, fresh), 200, nil)
		harness.Eventually(t, "it is said that mails wait", func() error {
			if !strings.Contains(s.one.Output()+s.two.Output(), "mails wait for the mail server") {
				return harness.ErrNotYet
			}
			return nil
		})
		var waiting string
		if s.dsn != "" {
			waiting = dump(t, s.dsn)
			for line := range strings.Lines(waiting) {
				if table, _, _ := strings.Cut(line, " "); strings.Contains(line, goes.User.Email) && !strings.HasPrefix(table, "outbox") && table != "mails" {
					t.Errorf("the e-mail of a deleted user is left in %s: %s", table, line)
				}
			}
		}
		s.one.Kill(t)
		s.one.Restart(t)
		refused := make(chan struct{}, 1)
		sink.Rcpt = func(string) error {
			select {
			case refused <- struct{}{}:
			default:
			}
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
		}
		sink.Start(t)
		late := s.one.Register(t)
		harness.Await(t, refused, "the mail server refuses")
		sink.Stop()
		sink.Rcpt = nil
		sink.Start(t)
		s.one.Must(t, verifyBy(s.tokenOf(t, s.mails(t, late.User.Email, 1)[0], verifyPage), client.Password), 204, nil)
		mails := s.mails(t, stays.User.Email, 2)
		at := slices.IndexFunc(mails, func(m smtpsink.Mail) bool { return strings.Contains(m.Text, resetPage) })
		token := s.tokenOf(t, mails[at], resetPage)
		if !mails[at].TLS || strings.Contains(waiting, token) {
			t.Error("the mail came in the clear, or its token was in the database while it waited")
		}
		s.one.Must(t, reset(token, client.Another), 204, nil)
		token = s.tokenOf(t, s.mails(t, fresh, 1)[0], verifyPage)
		s.mails(t, moves.User.Email, 2)
		s.one.Must(t, verifyBy(token, client.Password), 204, nil)
		for _, m := range sink.Mails(moves.User.Email) { // what the old mailbox got works no more
			s.one.Refuses(t, verifyBy(m.Token(t), client.Password), 400, "invalid_token")
			s.one.Refuses(t, reset(m.Token(t), client.Another), 400, "invalid_token")
		}
		if n := len(s.mails(t, goes.User.Email, 1)); n != 1 {
			t.Errorf("%d mails went to a deleted user, want the notice alone", n)
		}
		harness.Eventually(t, "no mail waits", func() error { return s.one.MetricIs(t, "mails_pending", "0") })
	})
}

// TestMailServerHangs has one that takes connections and says nothing. Requests and a stop go on.
func TestMailServerHangs(t *testing.T) {
	t.Parallel()
	addr, connections := smtpsink.Mute(t)
	s := newSetup(t, map[string]string{"SMTP_URL": "smtp://" + addr})
	for range 10 {
		a := s.one.Register(t)
		s.one.Must(t, forgot(a.User.Email), 202, nil)
	}
	harness.Eventually(t, "a mail is under way", func() error {
		if connections() == 0 {
			return harness.ErrNotYet
		}
		return nil
	})
	s.one.Register(t)
	s.one.Stop(t)
}

func TestEachMailIsSentOnce(t *testing.T) {
	t.Parallel()
	s := pair(t)
	got := make([]auth, 30)
	client.AtOnce(len(got), func(n int) {
		if err := s.at(n).Send(t, client.Registration(client.Name())).Decode(201, &got[n]); err != nil {
			t.Error(err)
		}
		got[n].Seen()
	})
	for _, a := range got {
		s.two.Must(t, verifyBy(s.tokenOf(t, s.mails(t, a.User.Email, 1)[0], verifyPage), client.Password), 204, nil)
	}
	for _, a := range got {
		if n := len(s.sink.Mails(a.User.Email)); n != 1 {
			t.Errorf("%d mails went to one registration", n)
		}
	}
}

// TestMailsAreShownInDevelopmentAlone looks where developers do.
func TestMailsAreShownInDevelopmentAlone(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]string{
		"development":           {"APP_ENV": "development", "BCRYPT_COST": "10", "SMTP_URL": "", "MAIL_FROM": ""},
		"development with SMTP": {"APP_ENV": "development", "BCRYPT_COST": "10"},
		"test without SMTP":     {"SMTP_URL": "", "MAIL_FROM": ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, env := newEnv(t, settings)
			s := harness.StartService(t, env)
			c := client.New(s.Base)
			a := c.Register(t)
			c.Must(t, forgot(a.User.Email), 202, nil)
			c.Must(t, resend(a), 202, nil)
			if name != "development" {
				c.Refuses(t, request{Method: "GET", Path: "//dev/mail"}, 404, "not_found")
				c.Refuses(t, request{Method: "GET", Path: "//dev/mail?format=json"}, 404, "not_found")
				if strings.Contains(s.Output(), a.User.Email) || strings.Contains(s.Output(), "token=") {
					t.Error("an address or a link stands in the log")
				}
				return
			}
			link := frontend + "/auth/verify-email?token="
			harness.Eventually(t, "the mails are shown", func() error {
				var box struct {
					Mails []struct{ To, Subject, Text, HTML string }
				}
				c.Must(t, request{Method: "GET", Path: "//dev/mail?format=json"}, 200, &box)
				for _, m := range box.Mails {
					if m.To == a.User.Email && strings.Contains(m.Text, link) && strings.Contains(m.HTML, link) {
						return nil
					}
				}
				return fmt.Errorf("%+v are shown", box)
			})
			page := c.Must(t, request{Method: "GET", Path: "//dev/mail"}, 200, nil)
			if !strings.Contains(string(page.Body), link) || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(s.Output(), link) {
				t.Errorf("GET /dev/mail shows %s", page.Body)
			}
			for name, value := range map[string]string{"Host": "auth.example.org", "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Forwarded-Proto": "https"} {
				c.Refuses(t, request{Method: "GET", Path: "//dev/mail?format=json", Header: map[string]string{name: value}}, 404, "not_found")
			}
		})
	}
}
