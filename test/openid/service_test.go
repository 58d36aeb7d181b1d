package openid

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

// frontend is where the service sends browsers in the end.
const frontend = "http://frontend.test/app"

// service is the real binary, which runs.
type service struct {
	*harness.Process

	Base string
	env  map[string]string
}

// newWorld starts a provider as it is by itself, and the service with it.
func newWorld(t *testing.T) (*service, *provider) {
	t.Helper()
	env, p := newSettings(t)
	p.Start(t, p.newStorage(p.people()))
	return start(t, env, p.Settings()), p
}

// newSettings returns the environment of a service and the provider that it will need, neither
// of which runs.
func newSettings(t *testing.T) (map[string]string, *provider) {
	t.Helper()
	env := harness.NewEnv(t)
	env["FRONTEND_URL"] = frontend
	return env, newProvider(t, "http://127.0.0.1:"+env["APP_PORT"]+"/api/v1/auth/google/callback")
}

// start starts the service and returns when it is ready. At the end of the test it must have
// told its log nothing of the people and no secret.
func start(t *testing.T, env, settings map[string]string) *service {
	t.Helper()
	maps.Copy(env, settings)
	s := &service{Process: harness.Run(t, env, "", "api"), Base: "http://127.0.0.1:" + env["APP_PORT"], env: env}
	harness.Eventually(t, "the service is ready", func() error {
		select {
		case <-s.Exited:
			t.Fatalf("the service ended: %s", s.Output())
		default:
		}
		response, err := http.Get(s.Base + "/health/ready")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", response.Status)
		}
		return nil
	})
	t.Cleanup(func() { s.mustNotTell(t, personEmail, otherEmail, env["GOOGLE_CLIENT_SECRET"]) })
	return s
}

// mustNotTell fails where the log has one of the texts.
func (s *service) mustNotTell(t *testing.T, secrets ...string) {
	t.Helper()
	output := s.Output()
	for _, secret := range secrets {
		if strings.Contains(output, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}

// Begin is where a log-in of a browser begins, with what the front end adds.
func (s *service) Begin(query string) string {
	return s.Base + "/api/v1/auth/google?redirect=true&" + query
}

// call makes a request that has to end with the status, and decodes its answer into out.
func (s *service) call(t *testing.T, method, path, token, body string, status int, out any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.Base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("%s %s = %d %s, want %d", method, path, response.StatusCode, answer, status)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// auth is what a log-in is answered with.
type auth struct {
	Token     string
	IsNewUser bool
	User      user
}

type user struct {
	ID, Email, Username        string
	DisplayName, OauthProvider *string
	IsOauthUser, EmailVerified bool
}

// problem is what a failure is answered with.
type problem struct{ Code, Ticket string }

// LogIn logs in a person in a browser of their own, from the beginning to the session.
func (s *service) LogIn(t *testing.T, username string) auth {
	t.Helper()
	return s.exchange(t, s.codeOf(t, newBrowser(t).LogIn(t, s.Begin("state=xyz"), username), "xyz"), "")
}

// codeOf returns the one-time code that came to the front end with its state.
func (s *service) codeOf(t *testing.T, where *url.URL, state string) string {
	t.Helper()
	query := where.Query()
	code := query.Get("code")
	if got := strings.TrimSuffix(where.String(), "?"+where.RawQuery); got != frontend+"/auth/callback" || code == "" || query.Get("state") != state || len(query) != 2 {
		t.Fatalf("the front end was sent %s %v, want a code and the state %q", got, query, state)
	}
	t.Cleanup(func() { s.mustNotTell(t, code) })
	return code
}

// exchange redeems a one-time code.
func (s *service) exchange(t *testing.T, code, verifier string) (a auth) {
	t.Helper()
	s.call(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(code, verifier), http.StatusOK, &a)
	return a
}

// refuseExchange redeems a one-time code in vain.
func (s *service) refuseExchange(t *testing.T, code, verifier string, status int) (p problem) {
	t.Helper()
	s.call(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(code, verifier), status, &p)
	return p
}

func exchangeBody(code, verifier string) string {
	if verifier == "" {
		return fmt.Sprintf(`{"code":%q}`, code)
	}
	return fmt.Sprintf(`{"code":%q,"codeVerifier":%q}`, code, verifier)
}

// mustFail fails unless the browser ended at the front end with the error.
func mustFail(t *testing.T, where *url.URL, want string) {
	t.Helper()
	if !strings.HasPrefix(where.String(), frontend+"/auth/callback?") || where.Query().Get("error") != want || where.Query().Has("code") {
		t.Errorf("the browser ended at %s, want the error %s", where, want)
	}
}

// outcomes is how log-ins ended, by the metrics of the service.
func (s *service) outcomes(t *testing.T) map[string]string {
	t.Helper()
	response, err := http.Get(s.Base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, `oauth_logins_total{provider="google",status="`); ok {
			status, count, _ := strings.Cut(rest, `"} `)
			found[status] = strings.TrimSpace(count)
		}
	}
	return found
}
