package e2e

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/smtpsink"
)

const newPassword = "another horse battery"

// withSink gives the service a mail server, which has not been started.
func withSink(t *testing.T, env map[string]string) *smtpsink.Sink {
	t.Helper()
	sink := smtpsink.New(t)
	env["SMTP_URL"], env["FRONTEND_URL"], env["MAIL_FROM"] = "smtp://"+sink.Addr, "https://app.example.com/base", "Accounts <accounts@example.com>"
	return sink
}

func (s *instance) forgot(t *testing.T, address string) {
	t.Helper()
	s.must(t, "POST", "/api/v1/auth/password/forgot", "", fmt.Sprintf(`{"email":%q}`, address), 202, nil)
}

// wantCode makes a request that has to end with the status and, for a problem, the code.
func (s *instance) wantCode(t *testing.T, path, body string, status int, code string) {
	t.Helper()
	got, _, answer, err := s.do("POST", path, "", body)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct{ Code string }
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &problem); err != nil {
			t.Fatal(err)
		}
	}
	if got != status || problem.Code != code {
		t.Errorf("POST %s = %d %s, want %d %s", path, got, answer, status, code)
	}
}

func (s *instance) reset(t *testing.T, token string, status int, code string) {
	t.Helper()
	s.wantCode(t, "/api/v1/auth/password/reset", fmt.Sprintf(`{"token":%q,"password":%q}`, token, newPassword), status, code)
}

func (s *instance) verify(t *testing.T, token string, status int, code string) {
	t.Helper()
	s.wantCode(t, "/api/v1/auth/email/verify", fmt.Sprintf(`{"token":%q}`, token), status, code)
}

func TestAnAddressIsVerifiedByMail(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		sink := withSink(t, env)
		sink.Start(t)
		s := start(t, env)
		ada := s.register(t, "ada")
		first := sink.Await(t, "ada@example.com", 1, patience)[0]
		if got := first.Link(t); got.Scheme+"://"+got.Host+got.Path != "https://app.example.com/base/auth/verify-email" {
			t.Errorf("the link leads to %s", got)
		}
		if first.From != "accounts@example.com" || !strings.Contains(first.Header.Get("From"), "Accounts") || !strings.Contains(first.HTML, first.Token(t)) {
			t.Errorf("%+v came", first)
		}
		s.must(t, "POST", "/api/v1/auth/email/resend", ada.Token, "", 202, nil)
		second := sink.Await(t, "ada@example.com", 2, patience)[1]
		s.verify(t, first.Token(t), 400, "invalid_token") // the newer one alone is good
		s.reset(t, second.Token(t), 400, "invalid_token")
		s.verify(t, second.Token(t), 204, "")
		s.verify(t, second.Token(t), 400, "invalid_token")
		var me struct{ EmailVerified bool }
		s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, &me)
		if !me.EmailVerified {
			t.Error("the address is not verified")
		}
		if err := s.expect("POST", "/api/v1/auth/email/resend", ada.Token, "", 409); err != nil {
			t.Error(err)
		}
		for _, secret := range []string{first.Token(t), second.Token(t), "ada@example.com"} {
			if strings.Contains(s.Output(), secret) {
				t.Errorf("%q stands in the log", secret)
			}
		}
		if sent := s.metric(t, `mails_sent_total{kind="verify_email",result="sent"}`); sent != "2" {
			t.Errorf("%s mails were counted, want 2", sent)
		}
		eventually(t, "no mail waits", func() error {
			if s.metric(t, "mails_pending") != "0" {
				return errNotYet
			}
			return nil
		})
		s.stop(t)
	})
}

func TestAForgottenPasswordIsReset(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		sink := withSink(t, env)
		sink.Start(t)
		s := start(t, env)
		ada := s.register(t, "ada")
		sink.Await(t, "ada@example.com", 1, patience)
		s.forgot(t, "nobody@example.com")
		s.forgot(t, "Ada@Example.com")
		s.forgot(t, "ada@example.com")
		mails := sink.Await(t, "ada@example.com", 3, patience)
		older, newer := mails[1], mails[2]
		if got := newer.Link(t); got.Path != "/base/auth/reset-password" {
			t.Errorf("the link leads to %s", got)
		}
		s.reset(t, older.Token(t), 400, "invalid_token")
		s.verify(t, newer.Token(t), 400, "invalid_token")

		// Of many who bring the token, one sets the password.
		statuses := make(chan int)
		for range 10 {
			go func() {
				status, _, _, _ := s.do("POST", "/api/v1/auth/password/reset", "", fmt.Sprintf(`{"token":%q,"password":%q}`, newer.Token(t), newPassword))
				statuses <- status
			}()
		}
		counts := map[int]int{}
		for range 10 {
			counts[<-statuses]++
		}
		if counts[204] != 1 || counts[400] != 9 {
			t.Errorf("the answers are %v, want one 204 and nine 400", counts)
		}
		if err := s.expect("GET", "/api/v1/users/me", ada.Token, "", 401); err != nil {
			t.Error(err)
		}
		var again auth
		s.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":"ada","password":%q}`, newPassword), 200, &again)
		notice := sink.Await(t, "ada@example.com", 4, patience)[3]
		if !strings.Contains(notice.Subject, "password") || strings.Contains(notice.Text, "token=") {
			t.Errorf("the notice is %+v", notice)
		}

		// A change of the address kills what was mailed to the old one, for good.
		s.forgot(t, "ada@example.com")
		dead := sink.Await(t, "ada@example.com", 5, patience)[4]
		for _, address := range []string{"countess@example.com", "ada@example.com"} {
			s.must(t, "PATCH", "/api/v1/users/me", again.Token, fmt.Sprintf(`{"email":%q,"currentPassword":%q}`, address, newPassword), 200, nil)
			s.reset(t, dead.Token(t), 400, "invalid_token")
			sink.Await(t, "countess@example.com", 1, patience) // else the verification may be pointless by then
		}
		if got := sink.Await(t, "countess@example.com", 2, patience); strings.Contains(got[1].Text, "token=") {
			t.Errorf("the notice to the old address is %+v", got[1])
		}
		if got := sink.Mails("nobody@example.com"); len(got) > 0 {
			t.Errorf("%+v went to nobody", got)
		}
		s.stop(t)
	})
}

// Whatever host a request names, and whoever it says to come from, the links do not change.
func TestLinksCannotBePoisoned(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	sink := withSink(t, env)
	sink.Start(t)
	s := start(t, env)
	s.register(t, "ada")
	sink.Await(t, "ada@example.com", 1, patience)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/v1/auth/password/forgot", strings.NewReader(`{"email":"ada@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example.net"
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Forwarded-Host": "evil.example.net", "X-Forwarded-Proto": "http", "X-Original-Host": "evil.example.net",
		"Forwarded": "host=evil.example.net;proto=http", "Origin": "https://evil.example.net", "Referer": "https://evil.example.net/", "Accept-Language": "th-TH,th;q=0.9,en;q=0.8",
	} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 202 {
		t.Fatalf("forgot = %d", res.StatusCode)
	}
	mail := sink.Await(t, "ada@example.com", 2, patience)[1]
	if strings.Contains(string(mail.Raw), "evil") || mail.Link(t).Host != "app.example.com" {
		t.Errorf("the mail is %s", mail.Raw)
	}
	if !strings.Contains(mail.Subject, "รหัสผ่าน") || !strings.Contains(mail.HTML, `lang="th"`) || !strings.Contains(mail.Text, "30 นาที") {
		t.Errorf("a mail in Thai was asked for, and came as %q: %s", mail.Subject, mail.Text)
	}
}

// What was promised while the mail server was away arrives when it is back, even by another
// process; and over TLS, with credentials.
func TestTheMailServerIsAway(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		sink := withSink(t, env)
		sink.TLS, sink.Username, sink.Password = true, "user", "p:ss@word"
		env["SMTP_URL"] = (&url.URL{Scheme: "smtp", User: url.UserPassword(sink.Username, sink.Password), Host: sink.Addr}).String()
		env["SSL_CERT_FILE"] = filepath.Join(t.TempDir(), "ca.pem")
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: smtpsink.Certificate()})
		if err := os.WriteFile(env["SSL_CERT_FILE"], cert, 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, env)
		s.register(t, "ada")
		s.forgot(t, "ada@example.com")
		eventually(t, "a mail has failed", func() error {
			if !strings.Contains(s.Output(), "mails wait for the mail server") {
				return errNotYet
			}
			return nil
		})
		if pending := s.metric(t, "mails_pending"); pending != "2" {
			t.Errorf("mails_pending = %s, want 2", pending)
		}
		if err := s.Cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		await(t, s.Exited, "the process ends")
		s = start(t, env)
		sink.Start(t)
		mails := sink.Await(t, "ada@example.com", 2, time.Minute)
		if !mails[0].TLS {
			t.Error("the mail came in the clear")
		}
		s.reset(t, mails[1].Token(t), 204, "")
		for _, secret := range []string{"p:ss@word", "p%3Ass", mails[1].Token(t), "ada@example.com"} {
			if strings.Contains(s.Output(), secret) {
				t.Errorf("%q stands in the log", secret)
			}
		}
		s.stop(t)
	})
}

// A mail server that takes connections and says nothing holds up neither a request nor a stop.
func TestTheMailServerHangs(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		addr, connections := smtpsink.Mute(t)
		env["SMTP_URL"] = "smtp://" + addr
		s := start(t, env)
		for i := range 20 {
			begun := time.Now()
			s.register(t, fmt.Sprintf("user%d", i))
			s.forgot(t, "user0@example.com")
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("requests took %s beside a mail server that hangs", took)
			}
		}
		eventually(t, "mails are under way", func() error {
			if connections() == 0 {
				return errNotYet
			}
			return nil
		})
		s.stop(t)
	})
}

// In development mails are shown where developers look; elsewhere nobody sees them.
func TestMailsOfDevelopment(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	env["APP_ENV"], env["BCRYPT_COST"] = "development", "10"
	s := start(t, env)
	s.register(t, "ada")
	var box struct {
		Mails []struct{ To, Subject, Text, HTML string }
	}
	eventually(t, "the mail is shown", func() error {
		s.must(t, "GET", "/dev/mail?format=json", "", "", 200, &box)
		if len(box.Mails) != 1 {
			return errNotYet
		}
		return nil
	})
	link := s.base[strings.LastIndex(s.base, ":"):] + "/auth/verify-email?token="
	if m := box.Mails[0]; m.To != "ada@example.com" || !strings.Contains(m.Text, link) || !strings.Contains(m.HTML, link) {
		t.Errorf("%+v is shown", m)
	}
	status, header, page, err := s.do("GET", "/dev/mail", "", "")
	if err != nil || status != 200 || !strings.Contains(string(page), link) || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Errorf("GET /dev/mail = %d %s, %v", status, page, err)
	}
	if !strings.Contains(s.Output(), "auth/verify-email?token=") {
		t.Error("the mail is not in the log")
	}
	s.stop(t)
}

func TestNoMailsAreShownElsewhere(t *testing.T) {
	t.Parallel()
	production := func(t *testing.T, env map[string]string) {
		t.Helper()
		bus := newBus(t)
		for name, value := range map[string]string{
			"APP_ENV": "production", "APP_HOST": "127.0.0.1", "BCRYPT_COST": "10", "DATABASE_URL": pgtest.New(t), "NATS_URL": bus.url,
			"FRONTEND_URL": "https://app.example.com", "JWT_SECRET": strings.Repeat("s", 32), "TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)),
		} {
			env[name] = value
		}
	}
	for name, set := range map[string]func(t *testing.T, env map[string]string){
		"test":                 func(*testing.T, map[string]string) {},
		"production":           production,
		"production with mail": func(t *testing.T, env map[string]string) { production(t, env); withSink(t, env).Start(t) },
		"development with SMTP_URL": func(t *testing.T, env map[string]string) {
			env["APP_ENV"], env["BCRYPT_COST"] = "development", "10"
			withSink(t, env).Start(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newEnv(t)
			set(t, env)
			s := start(t, env)
			ada := s.register(t, "ada")
			s.forgot(t, "ada@example.com")
			s.must(t, "POST", "/api/v1/auth/email/resend", ada.Token, "", 202, nil)
			for _, path := range []string{"/dev/mail", "/dev/mail?format=json"} {
				if err := s.expect("GET", path, "", "", 404); err != nil {
					t.Error(err)
				}
			}
			if strings.Contains(s.Output(), "ada@example.com") {
				t.Error("an address stands in the log")
			}
			s.stop(t)
		})
	}
}
