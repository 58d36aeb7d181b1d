package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// newDevelopmentEnv is the environment of somebody who has set nothing but where ports and files
// are.
func newDevelopmentEnv(t *testing.T) map[string]string {
	t.Helper()
	env := newEnv(t)
	for name := range env {
		switch name {
		case "APP_PORT", "NATS_EMBEDDED_ADDR", "DATA_DIR", "PATH", "HOME":
		default:
			delete(env, name)
		}
	}
	return env
}

// atHome is the service as a browser of this machine finds it, with flows that end at its demo.
func (s *instance) atHome(env map[string]string) *instance {
	s.base = "http://localhost:" + env["APP_PORT"]
	return s
}

func (f flow) atHome(s *instance) flow {
	f.frontend = s.base
	f.client.Jar = f.client.Jar.(overTLS).CookieJar // nothing is secure there
	return f
}

// Without any setting people log in through each provider, from page to page, and land on the
// demo's page with a code. It makes them a session, and tells other services of them once.
func TestLogInWithoutSettings(t *testing.T) {
	t.Parallel()
	env := newDevelopmentEnv(t)
	s := start(t, env).atHome(env)
	events := subscribe(t, s.nats)
	var secrets []string
	for provider, person := range map[string]string{"google": "ada", "facebook": "grace", "line": "somchai"} {
		email := person + "@example.com"
		f := newFlow(t, provider).atHome(s).proven()
		code := f.walk(t, s, devidptest.As(person))
		status, in, err := f.redeem(s, code)
		if err != nil || status != http.StatusOK || !in.IsNewUser {
			t.Fatalf("the exchange = %d %+v, %v", status, in, err)
		}
		if err := whoIs(s, in, email); err != nil {
			t.Error(err)
		}
		again := newFlow(t, provider).atHome(s).mustLogIn(t, s, devidptest.As(person))
		if again.IsNewUser || again.User.ID != in.User.ID {
			t.Errorf("%s came back through %s as %+v", person, provider, again.User)
		}
		got := events.waitFor(t, in.User.ID, 1)
		want := fmt.Sprintf(`{"id":%q,"email":%q,"username":%q,"action":"created"}`, in.User.ID, email, in.User.Username)
		if got[0].subject != "user.events.created" || got[0].raw != want {
			t.Errorf("the event is %s %s, want %s", got[0].subject, got[0].raw, want)
		}
		if n := s.metric(t, `oauth_logins_total{provider="`+provider+`",status="success"}`); n != "2" {
			t.Errorf("%s log-ins are counted through %s, want 2", n, provider)
		}
		secrets = append(secrets, email, code, f.state, f.verifier, in.Token, in.RefreshToken, again.Token)
	}
	linus := s.addressless(t)
	events.waitFor(t, linus.User.ID, 1)

	eventually(t, "every event is published", func() error { return s.wantMetric(t, "outbox_pending", "0") })
	if got := len(events.all()); got != 4 {
		t.Errorf("%d events for 4 new users", got)
	}
	s.stop(t)
	log := withoutMails(s.Output())
	for _, secret := range append(secrets, linus.Token, "linus@example.com", "Lovelace") {
		if strings.Contains(log, secret) {
			t.Errorf("%s stands in the log", secret)
		}
	}
	wholeJSON(t, s.Output())
}

// withoutMails leaves out the mails that development shows in the log.
func withoutMails(log string) string {
	var rest strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"msg":"a mail, which without SMTP_URL is shown here`) {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// walk goes through a flow as a browser does that is sent from one page to the next, and returns
// the code that the demo's page is called with.
func (f flow) walk(t *testing.T, s *instance, answer url.Values) string {
	t.Helper()
	res, body, err := f.send(http.MethodGet, s.base+f.path()+"&redirect=true", "", "")
	if err != nil || res.StatusCode != http.StatusFound {
		t.Fatalf("the start of a flow = %v %s %v", res, body, err)
	}
	location, err := f.consent(res.Header.Get("Location"), answer)
	if err != nil {
		t.Fatal(err)
	}
	if want := s.base + "/api/v1/auth/" + f.provider + "/callback?"; !strings.HasPrefix(location, want) {
		t.Fatalf("the provider sends the browser to %s, want %s", location, want)
	}
	res, body, err = f.send(http.MethodGet, location, "", "")
	if err != nil || res.StatusCode != http.StatusFound {
		t.Fatalf("the callback = %v %s %v", res, body, err)
	}
	page, err := res.Location()
	if err != nil || page.Query().Get("state") != f.state {
		t.Fatalf("the callback leads to %s, %v", page, err)
	}
	res, body, err = f.send(http.MethodGet, page.String(), "", "")
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("the demo's page = %v %s %v", res, body, err)
	}
	return page.Query().Get("code")
}

// addressless logs somebody in who has no e-mail address at the provider.
func (s *instance) addressless(t *testing.T) oauthAnswer {
	t.Helper()
	f := newFlow(t, "line").atHome(s)
	status, refused, err := f.redeem(s, f.mustCome(t, s, devidptest.As("linus")))
	if err != nil || status != http.StatusConflict || refused.Code != "email_required" || refused.Ticket == "" {
		t.Fatalf("the exchange of somebody without an address = %d %+v, %v; want email_required", status, refused, err)
	}
	var in oauthAnswer
	s.must(t, "POST", "/api/v1/auth/oauth/complete", "", fmt.Sprintf(`{"ticket":%q,"email":"linus@example.com"}`, refused.Ticket), 201, &in)
	if err := whoIs(s, in, "linus@example.com"); err != nil {
		t.Error(err)
	}
	return in
}
