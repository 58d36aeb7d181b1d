package contract

import (
	"encoding/pem"
	"fmt"
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

func verify(token string) request {
	return request{Method: "POST", Path: "/auth/email/verify", Body: object("token", token)}
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
			oneWins(t, func(n int) answer { return s.at(n).Send(t, verify(token)) })
			if !s.one.Me(t, a.Token).EmailVerified {
				t.Error("the e-mail is not verified")
			}
			s.one.Refuses(t, resend(a), 409, "already_verified")
		})
		t.Run("by the newest mail alone", func(t *testing.T) {
			t.Parallel()
			a, first := s.newMember(t)
			s.one.Must(t, resend(a), 202, nil)
			second := s.tokenOf(t, s.mails(t, a.User.Email, 2)[1], verifyPage)
			s.two.Refuses(t, verify(first), 400, "invalid_token")
			if s.one.Me(t, a.Token).EmailVerified {
				t.Error("a superseded token verifies")
			}
			s.two.Must(t, verify(second), 204, nil)
		})
		t.Run("not by a reset's token, nor a reset by its", func(t *testing.T) {
			t.Parallel()
			a, token := s.newMember(t)
			other := s.askReset(t, a.User.Email, 2)
			s.one.Refuses(t, reset(token, client.Another), 400, "invalid_token")
			s.one.Refuses(t, verify(other), 400, "invalid_token")
			s.one.Must(t, verify(token), 204, nil) // neither superseded nor used up
			s.one.Must(t, reset(other, client.Another), 204, nil)
		})
		t.Run("of a deleted user", func(t *testing.T) {
			t.Parallel()
			a, token := s.newMember(t)
			other := s.askReset(t, a.User.Email, 2)
			s.one.Must(t, request{Method: "DELETE", Path: "/users/me", Token: a.Token, Body: object("currentPassword", client.Password)}, 204, nil)
			s.one.Refuses(t, verify(token), 400, "invalid_token")
			s.one.Refuses(t, reset(other, client.Another), 400, "invalid_token")
		})
		t.Run("beside a change of the e-mail", func(t *testing.T) {
			t.Parallel()
			for range 5 {
				a, token := s.newMember(t)
				fresh := "new." + a.User.Email
				client.AtOnce(2, func(n int) { s.at(n).Send(t, []request{verify(token), changeEmail(a, fresh)}[n]) })
				if got := s.one.Me(t, a.Token); got.Email == fresh && got.EmailVerified {
					t.Errorf("the new e-mail counts as verified: %+v", got)
				}
			}
		})
	})
}

// TestMailTokensAfterAChangeOfTheEmail changes the e-mail and changes it back.
func TestMailTokensAfterAChangeOfTheEmail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		for name, path := range map[string]string{"by the user": "/users/me", "by an admin": "/users/"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a, token := s.newMember(t)
				other := s.askReset(t, a.User.Email, 2)
				fresh := client.Name() + "@example.com"
				for n, email := range []string{fresh, a.User.Email} {
					r := changeEmail(a, email)
					if path == "/users/" {
						r.Path, r.Token = path+a.User.ID, admin.Token
					}
					s.at(n).Must(t, r, 200, nil)
					s.one.Refuses(t, verify(token), 400, "invalid_token")
					s.two.Refuses(t, reset(other, client.Another), 400, "invalid_token")
					if path == "/users/me" && n == 0 {
						s.tokenOf(t, s.mails(t, fresh, 1)[0], verifyPage)
						if notice := s.mails(t, a.User.Email, 3)[2]; strings.Contains(notice.Text+notice.HTML, "token=") {
							t.Error("the notice to the old address has a token")
						}
					}
				}
				if s.one.Me(t, a.Token).EmailVerified {
					t.Error("the e-mail counts as verified")
				}
			})
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
		t.Run("of a disabled user", func(t *testing.T) {
			t.Parallel()
			admin := s.one.NewAdmin(t, s.env)
			a, _ := s.newMember(t)
			token := s.askReset(t, a.User.Email, 2)
			s.one.Must(t, request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: admin.Token, Body: `{"isActive":false}`}, 200, nil)
			if s.two.Send(t, reset(token, client.Another)).Status == 204 {
				s.two.Refuses(t, client.Login(a.User.Email, client.Another), 403, "account_disabled")
			}
		})
	})
}

func TestMailTokensEnd(t *testing.T) {
	t.Parallel()
	s := newPair(t, nil)
	type pending struct {
		auth          auth
		verify, reset string
	}
	var members [2]pending
	for n := range members {
		members[n].auth, members[n].verify = s.newMember(t)
		members[n].reset = s.askReset(t, members[n].auth.User.Email, 2)
	}
	s.age(t, "mail", 25*time.Minute)
	s.one.Must(t, reset(members[0].reset, client.Another), 204, nil)
	s.age(t, "mail", 6*time.Minute)
	s.one.Refuses(t, reset(members[1].reset, client.Another), 400, "invalid_token")
	third, last := s.one.Register(t), "" // its token is half an hour younger
	last = s.tokenOf(t, s.mails(t, third.User.Email, 1)[0], verifyPage)
	s.age(t, "mail", 23*time.Hour+30*time.Minute)
	s.one.Refuses(t, verify(members[1].verify), 400, "invalid_token")
	s.one.Must(t, verify(last), 204, nil)
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
	fields := func(a answer) (out []string) {
		for name := range a.Header {
			out = append(out, name)
		}
		slices.Sort(out)
		return out
	}
	var first *answer
	for _, email := range []string{known.User.Email, unknown, disabled.User.Email, guest.User.Email} {
		got := s.one.Must(t, forgot(email), 202, nil)
		if first == nil {
			first = &got
		}
		if string(got.Body) != string(first.Body) || !slices.Equal(fields(got), fields(*first)) {
			t.Errorf("forgot of %s: %v %q, of a known one %v %q", email, got.Header, got.Body, first.Header, first.Body)
		}
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
	var a auth
	for n, r := range []request{client.Registration(client.Name()), {Method: "POST", Path: "/auth/email/resend"}, {Method: "POST", Path: "/auth/password/forgot"}} {
		r.Header = poison
		r.Token = a.Token
		if n == 2 {
			r.Body = object("email", a.User.Email)
		}
		got := s.one.Send(t, r)
		if n == 0 {
			if err := got.Decode(201, &a); err != nil {
				t.Fatal(err)
			}
			a.Seen()
		}
		m := s.mails(t, a.User.Email, n+1)[n]
		s.tokenOf(t, m, []string{verifyPage, verifyPage, resetPage}[n])
		if strings.Contains(string(m.Raw), "evil") {
			t.Errorf("the mail names the forged host: %s", m.Raw)
		}
	}
}

var thai = regexp.MustCompile(`\p{Thai}`)

func TestMailsThatNoRequestIsFor(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	admin := s.one.NewAdmin(t, s.env)
	name := client.Name()
	s.one.Must(t, request{Method: "POST", Path: "/users", Token: admin.Token, Body: object("email", name+"@example.com", "username", name, "password", client.Password)}, 201, nil)
	a, _ := s.newMember(t)
	s.one.Refuses(t, request{Method: "POST", Path: "/auth/register", Body: object("email", a.User.Email, "username", client.Name(), "password", client.Password)}, 409, "email_taken")
	s.one.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("displayName", "Ada")}, 200, nil)
	s.one.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("email", strings.ToUpper(a.User.Email))}, 200, nil)
	s.newMember(t) // whose mail was queued last
	if made, own := len(s.sink.Mails(name+"@example.com")), len(s.sink.Mails(a.User.Email)); made != 0 || own != 1 {
		t.Errorf("%d mails went to a user that the admin made, %d to one that registered; want none and 1", made, own)
	}
}

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
	if m.From != "accounts@example.net" || !strings.Contains(m.Header.Get("From"), "Accounts") {
		t.Errorf("the mail is from %s, %s", m.From, m.Header.Get("From"))
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
				if table, _, _ := strings.Cut(line, " "); strings.Contains(line, goes.User.Email) && !strings.HasPrefix(table, "outbox") {
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
		s.one.Must(t, verify(s.tokenOf(t, s.mails(t, late.User.Email, 1)[0], verifyPage)), 204, nil)
		mails := s.mails(t, stays.User.Email, 2)
		at := slices.IndexFunc(mails, func(m smtpsink.Mail) bool { return strings.Contains(m.Text, resetPage) })
		token := s.tokenOf(t, mails[at], resetPage)
		if !mails[at].TLS || strings.Contains(waiting, token) {
			t.Error("the mail came in the clear, or its token was in the database while it waited")
		}
		s.one.Must(t, reset(token, client.Another), 204, nil)
		token = s.tokenOf(t, s.mails(t, fresh, 1)[0], verifyPage)
		s.mails(t, moves.User.Email, 1) // the notice at least
		for _, m := range sink.Mails(moves.User.Email) {
			if strings.Contains(m.Text, "token=") { // the old mailbox gets nothing that works
				s.one.Refuses(t, verify(m.Token(t)), 400, "invalid_token")
				s.one.Refuses(t, reset(m.Token(t), client.Another), 400, "invalid_token")
			}
		}
		s.one.Must(t, verify(token), 204, nil)
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
		s.two.Must(t, verify(s.tokenOf(t, s.mails(t, a.User.Email, 1)[0], verifyPage)), 204, nil)
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
		})
	}
}
