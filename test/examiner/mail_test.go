package examiner

import (
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/smtpsink"
)

// mails waits until so many have come for an address.
func (w *world) mails(t *testing.T, to string, n int) []smtpsink.Mail {
	t.Helper()
	return w.sink.Await(t, to, n, harness.Patience)
}

// tokenOf reads the token of a mail's link, which leads to the front end's page.
func (w *world) tokenOf(t *testing.T, m smtpsink.Mail, page string) string {
	t.Helper()
	link := m.Link(t)
	if link.Scheme+"://"+link.Host+link.Path != w.one.env["FRONTEND_URL"]+"/auth/"+page || len(link.Query()) != 1 || link.Fragment != "" {
		t.Errorf("the link goes to %s://%s%s, want the front end's %s", link.Scheme, link.Host, link.Path, page)
	}
	token := link.Query().Get("token")
	if len(token) < 43 {
		t.Fatalf("the token has %d characters", len(token))
	}
	w.secret("mail token", token)
	if !strings.Contains(m.HTML, token) {
		t.Error("the HTML has not the token of the text")
	}
	return token
}

const (
	verifyPage = "verify-email"
	resetPage  = "reset-password"
)

func verify(token string) request {
	return request{method: "POST", path: "/auth/email/verify", body: object("token", token)}
}

func reset(token, secret string) request {
	return request{method: "POST", path: "/auth/password/reset", body: object("token", token, "password", secret)}
}

func forgot(email string) request {
	return request{method: "POST", path: "/auth/password/forgot", body: object("email", email)}
}

// newMember registers somebody and takes the token out of the mail.
func (w *world) newMember(t *testing.T) (auth, string) {
	t.Helper()
	a := w.one.register(t)
	return a, w.tokenOf(t, w.mails(t, a.User.Email, 1)[0], verifyPage)
}

// askReset asks for a reset and takes the token out of the n-th mail to the address.
func (w *world) askReset(t *testing.T, email string, n int) string {
	t.Helper()
	w.one.must(t, forgot(email), http.StatusAccepted, nil)
	return w.tokenOf(t, w.mails(t, email, n)[n-1], resetPage)
}

func (i *instance) me(t *testing.T, token string) user {
	t.Helper()
	var u user
	i.must(t, request{method: "GET", path: "/users/me", token: token}, http.StatusOK, &u)
	return u
}

// TestVerification follows the mail of a registration.
func TestVerification(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		i := w.one
		resend := func(a auth) request { return request{method: "POST", path: "/auth/email/resend", token: a.Token} }
		t.Run("once", func(t *testing.T) {
			t.Parallel()
			a, token := w.newMember(t)
			if a.User.EmailVerified {
				t.Error("a new user counts as verified")
			}
			i.must(t, verify(token), 204, nil)
			if !i.me(t, a.Token).EmailVerified {
				t.Error("the e-mail is not verified")
			}
			i.refuses(t, verify(token), 400, "invalid_token")
			i.refuses(t, resend(a), 409, "already_verified")
		})
		t.Run("superseded", func(t *testing.T) {
			t.Parallel()
			a, first := w.newMember(t)
			i.must(t, resend(a), 202, nil)
			second := w.tokenOf(t, w.mails(t, a.User.Email, 2)[1], verifyPage)
			i.refuses(t, verify(first), 400, "invalid_token")
			if i.me(t, a.Token).EmailVerified {
				t.Error("a superseded token verifies")
			}
			i.must(t, verify(second), 204, nil)
		})
		t.Run("of another purpose", func(t *testing.T) {
			t.Parallel()
			a, token := w.newMember(t)
			other := w.askReset(t, a.User.Email, 2)
			i.refuses(t, reset(token, another), 400, "invalid_token")
			i.refuses(t, verify(other), 400, "invalid_token")
			i.must(t, verify(token), 204, nil) // which neither superseded nor burnt
			i.must(t, reset(other, another), 204, nil)
		})
		t.Run("after the e-mail changed", func(t *testing.T) {
			t.Parallel()
			a, token := w.newMember(t)
			resetToken := w.askReset(t, a.User.Email, 2)
			fresh := w.name() + "@example.com"
			i.must(t, request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", fresh, "currentPassword", password)}, 200, nil)
			i.refuses(t, verify(token), 400, "invalid_token")
			i.refuses(t, reset(resetToken, another), 400, "invalid_token")
			notice := w.mails(t, a.User.Email, 3)[2]
			if strings.Contains(notice.Text+notice.HTML, "token=") {
				t.Error("the notice to the old address has a token")
			}
			next := w.tokenOf(t, w.mails(t, fresh, 1)[0], verifyPage)
			if i.me(t, a.Token).EmailVerified {
				t.Error("a new e-mail counts as verified")
			}
			i.must(t, verify(next), 204, nil)
		})
		t.Run("twenty at once", func(t *testing.T) {
			t.Parallel()
			_, token := w.newMember(t)
			oneWins(t, 400, func() answer { return i.send(t, verify(token)) })
		})
		t.Run("of a deleted user", func(t *testing.T) {
			t.Parallel()
			a, token := w.newMember(t)
			resetToken := w.askReset(t, a.User.Email, 2)
			i.must(t, request{method: "DELETE", path: "/users/me", token: a.Token, body: object("currentPassword", password)}, 204, nil)
			i.refuses(t, verify(token), 400, "invalid_token")
			i.refuses(t, reset(resetToken, another), 400, "invalid_token")
		})
	})
}

// oneWins has twenty at once, of which one gets 204 and the others the status.
func oneWins(t *testing.T, others int, try func() answer) {
	t.Helper()
	got := make([]int, 20)
	atOnce(len(got), func(n int) { got[n] = try().status })
	slices.Sort(got)
	if got[0] != 204 || got[1] != others || got[19] != others {
		t.Errorf("twenty at once get %v, want one 204 and else %d", got, others)
	}
}

// TestReset follows the mail of a forgotten password, at two instances.
func TestReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	t.Run("everything ends", func(t *testing.T) {
		t.Parallel()
		a, _ := w.newMember(t)
		other := w.two.logIn(t, a.User)
		token := w.askReset(t, a.User.Email, 2)
		w.lives(t, "a session before the reset", a)
		w.two.must(t, reset(token, another), 204, nil)
		w.dead(t, "a session before the reset", a)
		w.dead(t, "another session before the reset", other)
		w.one.refuses(t, reset(token, password), 400, "invalid_token")
		w.one.refuses(t, request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", password)}, 401, "invalid_credentials")
		b := w.one.logInWith(t, a.User, another, nil)
		if !b.User.EmailVerified {
			t.Error("a reset does not verify the e-mail")
		}
		notice := w.mails(t, a.User.Email, 3)[2]
		if strings.Contains(notice.Text+notice.HTML, "token=") {
			t.Error("the notice has a token")
		}
	})
	t.Run("out of order", func(t *testing.T) {
		t.Parallel()
		a, _ := w.newMember(t)
		first := w.askReset(t, a.User.Email, 2)
		second := w.askReset(t, a.User.Email, 3)
		w.two.refuses(t, reset(first, another), 400, "invalid_token")
		w.one.must(t, reset(second, another), 204, nil)
		w.two.refuses(t, reset(first, password), 400, "invalid_token")
		w.one.logInWith(t, a.User, another, nil)
	})
	t.Run("twenty at once", func(t *testing.T) {
		t.Parallel()
		a, _ := w.newMember(t)
		token := w.askReset(t, a.User.Email, 2)
		var n int
		pick := make(chan *instance, 20)
		for ; n < 20; n++ {
			pick <- w.instances()[n%2]
		}
		oneWins(t, 400, func() answer { return (<-pick).send(t, reset(token, another)) })
	})
	t.Run("a refused password burns nothing", func(t *testing.T) {
		t.Parallel()
		a, _ := w.newMember(t)
		token := w.askReset(t, a.User.Email, 2)
		w.two.refuses(t, reset(token, "short"), 422, "validation_failed")
		w.two.refuses(t, reset(token, "iloveyou1"), 422, "validation_failed password common_password")
		w.two.refuses(t, reset(token, "my "+a.User.Username+" password"), 422, "validation_failed password contains_identity")
		w.two.must(t, reset(token, another), 204, nil)
	})
	t.Run("after the password changed", func(t *testing.T) {
		t.Parallel()
		a, _ := w.newMember(t)
		w.askReset(t, a.User.Email, 2)
		w.two.must(t, request{method: "PUT", path: "/users/me/password", token: a.Token, body: object("currentPassword", password, "newPassword", another)}, 204, nil)
		w.mails(t, a.User.Email, 3) // the notice
	})
	t.Run("of a disabled user", func(t *testing.T) {
		t.Parallel()
		admin := w.newAdmin(t)
		a, _ := w.newMember(t)
		token := w.askReset(t, a.User.Email, 2)
		w.one.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":false}`}, 200, nil)
		if got := w.two.send(t, reset(token, another)); got.status == 204 {
			w.two.refuses(t, request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", another)}, 403, "account_disabled")
		}
	})
}

// TestForgotTellsNothing compares the answers for all kinds of addresses, and looks at who gets
// mail.
func TestForgotTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{providers: true})
	admin := w.newAdmin(t)
	known, _ := w.newMember(t)
	disabled, _ := w.newMember(t)
	w.one.must(t, request{method: "PATCH", path: "/users/" + disabled.User.ID, token: admin.Token, body: `{"isActive":false}`}, 200, nil)
	oauth := w.one.come(t, fakeidp.Answer{Subject: "someone-1", Email: w.name() + "@example.com", Verified: true})
	var first *answer
	for _, email := range []string{known.User.Email, "nobody@example.com", disabled.User.Email, oauth.User.Email, strings.ToUpper(known.User.Email)} {
		got := w.one.must(t, forgot(email), 202, nil)
		if first == nil {
			first = &got
		}
		if string(got.body) != string(first.body) || fmt.Sprint(names(got.header)) != fmt.Sprint(names(first.header)) || got.header.Get("Content-Length") != first.header.Get("Content-Length") {
			t.Errorf("forgot of %s: %v %q, of a known one %v %q", email, got.header, got.body, first.header, first.body)
		}
	}
	w.mails(t, known.User.Email, 3)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, email := range []string{"nobody@example.com", strings.ToUpper(known.User.Email)} {
		if w.recipients[email] {
			t.Errorf("a mail went to %s", email)
		}
	}
}

func names(h http.Header) []string {
	var all []string
	for name := range h {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// TestPoisonedHosts asks for mails with forged names of the host.
func TestPoisonedHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1/32"}})
	poison := map[string]string{
		"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": `for=1.2.3.4;host=evil.example;proto=http`,
		"X-Forwarded-Proto": "http", "X-Forwarded-Server": "evil.example", "X-Original-URL": "//evil.example/", "X-Forwarded-Prefix": "//evil.example", "Origin": "https://evil.example", "Referer": "https://evil.example/",
	}
	a := w.one.registerAs(t, w.name(), poison)
	for n, r := range []request{{method: "POST", path: "/auth/email/resend", token: a.Token}, forgot(a.User.Email)} {
		r.header = poison
		w.one.must(t, r, 202, nil)
		w.mails(t, a.User.Email, n+2)
	}
	for n, m := range w.mails(t, a.User.Email, 3) {
		w.tokenOf(t, m, []string{verifyPage, verifyPage, resetPage}[n])
		if strings.Contains(string(m.Raw), "evil") {
			t.Errorf("mail %d names the forged host: %s", n, m.Raw)
		}
	}
}

// TestMailContent looks at headers, language, and what a name can do to a mail.
func TestMailContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	thai := regexp.MustCompile(`\p{Thai}`)
	for name, c := range map[string]struct {
		accept, display string
		thai            bool
	}{
		"English":            {"en", "Ada", false},
		"none":               {"", "Ada", false},
		"unknown":            {"de, fr;q=0.5", "Ada", false},
		"Thai":               {"th", "สมชาย", true},
		"Thai in Thailand":   {"th-TH,th;q=0.9,en;q=0.8", "Ada", true},
		"Thai less":          {"en;q=0.9, th;q=0.8", "Ada", false},
		"Thai more":          {"en;q=0.5, th;q=0.8", "Ada", true},
		"not Thai":           {"th;q=0, en", "Ada", false},
		"garbage":            {";;q=x,,\xff", "Ada", false},
		"headers by a name":  {"en", "Ada\r\nBcc: victim@example.org\r\nSubject: hijacked", false},
		"markup by a name":   {"en", `<a href="https://evil.example/">click</a><script>x</script>`, false},
		"a link by a name":   {"en", "Win at https://evil.example/now", false},
		"commands by a name": {"en", "x\r\n.\r\nMAIL FROM:<a@b.c>", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			member := w.name()
			r := request{
				method: "POST", path: "/auth/register", header: map[string]string{"Accept-Language": c.accept},
				body: object("email", member+"@example.com", "username", member, "password", password, "displayName", c.display),
			}
			var a auth
			got := w.one.send(t, r)
			if got.status == 422 && strings.Contains(c.display, "\r") {
				return // refused is as good
			}
			if err := jsonOf(got, 201, &a); err != nil {
				t.Fatal(err)
			}
			w.seen(a)
			m := w.mails(t, a.User.Email, 1)[0]
			w.tokenOf(t, m, verifyPage) // the only link
			sane(t, m)
			if got := thai.MatchString(m.Subject) && thai.MatchString(strings.ReplaceAll(m.Text, c.display, "")); got != c.thai {
				t.Errorf("in Thai: %v, want %v: %q", got, c.thai, m.Subject)
			}
			if strings.Contains(m.HTML, "<script>") || strings.Contains(m.HTML, `href="https://evil`) {
				t.Errorf("markup of the name is in the mail: %s", m.HTML)
			}
		})
	}
}

// sane holds a mail's headers to RFC 5322 and good manners.
func sane(t *testing.T, m smtpsink.Mail) {
	t.Helper()
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-Id", "Mime-Version"} {
		if len(m.Header[name]) != 1 {
			t.Errorf("%s is there %d times", name, len(m.Header[name]))
		}
	}
	for _, name := range []string{"Bcc", "Cc", "Reply-To"} {
		if m.Header.Get(name) != "" {
			t.Errorf("%s is there: %s", name, m.Header.Get(name))
		}
	}
	to, err := mail.ParseAddressList(m.Header.Get("To"))
	if err != nil || len(to) != 1 || to[0].Address != m.To {
		t.Errorf("To is %s, and the mail went to %s: %v", m.Header.Get("To"), m.To, err)
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil || from.Address != "accounts@example.net" || m.From != "accounts@example.net" {
		t.Errorf("From is %s, of the envelope %s: %v", m.Header.Get("From"), m.From, err)
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	if strings.Contains(m.Subject, "hijacked") || m.Text == "" || m.HTML == "" {
		t.Errorf("the mail is %s", m.Raw)
	}
}

// TestNobodyElseGetsMail has an admin make and change users, and looks at the recipients.
func TestNobodyElseGetsMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	admin := w.newAdmin(t)
	name := w.name()
	var u user
	w.one.must(t, request{method: "POST", path: "/users", token: admin.Token, body: object("email", name+"@example.com", "username", name, "password", password)}, 201, &u)
	member, _ := w.newMember(t)
	w.one.refuses(t, request{method: "POST", path: "/auth/register", body: object("email", member.User.Email, "username", w.name(), "password", password)}, 409, "email_taken")
	w.one.must(t, request{method: "PATCH", path: "/users/me", token: member.Token, body: object("displayName", "Somebody")}, 200, nil)
	w.one.must(t, request{method: "PATCH", path: "/users/me", token: member.Token, body: object("email", strings.ToUpper(member.User.Email))}, 200, nil)
	last, _ := w.newMember(t) // whose mail was queued after all these
	if got := w.sink.Mails(""); len(got) != 2 {
		t.Errorf("%d mails went out, want those of two registrations", len(got))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.recipients) != 2 || !w.recipients[member.User.Email] || !w.recipients[last.User.Email] {
		t.Errorf("mails went to %v", w.recipients)
	}
}

// TestMailServerAway has it refuse, hang and be gone, and the service die meanwhile.
func TestMailServerAway(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		w.sink.Stop()
		gone := w.one.register(t)
		asked := w.one.register(t)
		w.one.must(t, forgot(asked.User.Email), 202, nil)
		w.one.Kill(t)
		w.one.run(t)
		refusals := make(chan struct{}, 1)
		w.sink.Rcpt = func(string) error {
			select {
			case refusals <- struct{}{}:
			default:
			}
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
		}
		w.sink.Start(t)
		refused := w.one.register(t)
		harness.Await(t, refusals, "the mail server refuses")
		w.sink.Stop()
		w.sink.Rcpt = nil
		w.sink.Start(t)
		for _, a := range []auth{gone, refused} {
			w.one.must(t, verify(w.tokenOf(t, w.late(t, a.User.Email, 1)[0], verifyPage)), 204, nil)
		}
		mails := w.late(t, asked.User.Email, 2)
		at := slices.IndexFunc(mails, func(m smtpsink.Mail) bool { return strings.Contains(m.Text, resetPage) })
		w.one.must(t, reset(w.tokenOf(t, mails[at], resetPage), another), 204, nil)
	})
}

// late waits longer than mails does: the service may have backed off, or died with the mail in
// its hands.
func (w *world) late(t *testing.T, to string, n int) []smtpsink.Mail {
	t.Helper()
	return w.sink.Await(t, to, n, 90*time.Second)
}
