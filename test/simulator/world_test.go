package simulator_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

const (
	frontend = "https://front.example"
	// redirect is where the service says that it is: behind a proxy, spelt unusually.
	redirect = "https://Auth.Example.com:443/api/v1/auth"
	password = "correct horse battery staple"
)

// world is a service with its providers, a bus and whoever looks at it.
type world struct {
	*fakeidp.Server
	*harness.Process

	base  string
	env   map[string]string
	admin account
	bus   *subscriber
	names atomic.Int64
}

// account is somebody with a session.
type account struct {
	Token     string
	IsNewUser bool
	User      user
}

// user is User of the contract.
type user struct {
	ID, Email, Username, Role string
	DisplayName, Avatar       *string
	OauthProvider             *string
	IsActive, IsOauthUser     bool
	EmailVerified             bool
}

// problem is what an error's answer says.
type problem struct {
	Code, Ticket string
	Errors       []struct{ Field, Code string }
}

// newWorld starts a service, with settings beside the usual ones.
func newWorld(t *testing.T, settings map[string]string) *world {
	t.Helper()
	env := harness.NewEnv(t)
	env["FRONTEND_URL"] = frontend
	w := &world{Server: fakeidp.New(t, redirect), env: env, base: "http://127.0.0.1:" + env["APP_PORT"]}
	maps.Copy(env, w.Env())
	maps.Copy(env, settings)
	for k, v := range env {
		if v == "" {
			delete(env, k)
		}
	}
	w.Process = harness.Run(t, env, "", "api")
	w.ready(t)
	t.Cleanup(func() { w.keepsSecrets(t) })
	nats := env["NATS_URL"]
	if nats == "" {
		nats = "nats://" + env["NATS_EMBEDDED_ADDR"]
	}
	w.bus = subscribe(t, nats, cmp.Or(env["NATS_STREAM_NAME"], "USER_EVENTS"))
	w.admin = w.newAdmin(t)
	return w
}

// ready waits until the service is ready.
func (w *world) ready(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "the service is ready", func() error {
		select {
		case <-w.Exited:
			t.Fatalf("the service ended: %s", w.Output())
		default:
		}
		status, _, body, err := w.do(t.Context(), http.MethodGet, "/health/ready", "", "")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
}

// newAdmin makes an admin with authctl, beside the running service, and logs in.
func (w *world) newAdmin(t *testing.T) account {
	t.Helper()
	p := harness.Run(t, w.env, password+"\n", "authctl", "user", "create", "--email", "root@example.com", "--username", "root", "--admin")
	if code := p.ExitCode(t); code != 0 {
		t.Fatalf("authctl user create: exit code %d: %s", code, p.Output())
	}
	return w.logIn(t, "root@example.com")
}

// name makes a name that nobody has.
func (w *world) name(kind string) string { return fmt.Sprintf("%s-%d", kind, w.names.Add(1)) }

// email makes an address that nobody has.
func (w *world) email(kind string) string { return w.name(kind) + "@example.com" }

// do makes a request with a JSON body, or none.
func (w *world) do(ctx context.Context, method, path, token, body string) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows nothing
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, answer, err
}

// call makes a request, decodes a success into out, and returns the status and the problem.
func (w *world) call(t *testing.T, method, path, token, body string, out any) (int, problem) {
	t.Helper()
	status, header, answer, err := w.do(t.Context(), method, "/api/v1"+path, token, body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return 0, problem{}
	}
	var p problem
	switch {
	case status >= 500:
		t.Errorf("%s %s = %d %s", method, path, status, answer)
	case status >= 400:
		if err := json.Unmarshal(answer, &p); err != nil || p.Code == "" || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s = %d %s %s, want a problem", method, path, status, header.Get("Content-Type"), answer)
		}
		w.Secret("ticket", p.Ticket)
	case out != nil:
		if err := json.Unmarshal(answer, out); err != nil {
			t.Errorf("%s %s = %d %s: %v", method, path, status, answer, err)
		}
	}
	return status, p
}

// must makes a request that has to end with the status, and decodes a success into out.
func (w *world) must(t *testing.T, method, path, token, body string, status int, out any) problem {
	t.Helper()
	got, p := w.call(t, method, path, token, body, out)
	if got != status {
		t.Fatalf("%s %s = %d %q, want %d", method, path, got, p.Code, status)
	}
	return p
}

// refused makes a request that has to end with the status and the code.
func (w *world) refused(t *testing.T, method, path, token, body string, status int, code string) {
	t.Helper()
	if got, p := w.call(t, method, path, token, body, nil); got != status || p.Code != code {
		t.Errorf("%s %s = %d %q, want %d %q", method, path, got, p.Code, status, code)
	}
}

// register makes a user with a password, whose e-mail is not verified.
func (w *world) register(t *testing.T, email string) account {
	t.Helper()
	w.Secret("e-mail", email)
	var a account
	w.must(t, http.MethodPost, "/auth/register", "",
		fmt.Sprintf(`{"email":%q,"username":%q,"password":%q,"displayName":"As registered"}`, email, w.name("member"), password), http.StatusCreated, &a)
	w.Secret("access token", a.Token)
	return a
}

// logIn logs in with the password.
func (w *world) logIn(t *testing.T, email string) account {
	t.Helper()
	var a account
	w.must(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), http.StatusOK, &a)
	w.Secret("access token", a.Token)
	return a
}

// verified makes a user with a password whose e-mail is verified, and who has no identity.
func (w *world) verified(t *testing.T, email string) account {
	t.Helper()
	a := w.newBrowser().logIn(t, fakeidp.Google, fakeidp.Answer{Subject: w.name("verifying"), Email: email, Verified: true, Name: "Ada"})
	w.must(t, http.MethodPut, "/users/me/password", a.Token, fmt.Sprintf(`{"newPassword":%q}`, password), http.StatusNoContent, nil)
	w.must(t, http.MethodDelete, "/users/me/oauth-providers/google", a.Token, "", http.StatusNoContent, nil)
	return a
}

// me reads a user by a token, which must be good.
func (w *world) me(t *testing.T, token string) user {
	t.Helper()
	var u user
	w.must(t, http.MethodGet, "/users/me", token, "", http.StatusOK, &u)
	return u
}

// ended has a session that must have ended.
func (w *world) ended(t *testing.T, whose string, token string) {
	t.Helper()
	if status, _ := w.call(t, http.MethodGet, "/users/me", token, "", nil); status != http.StatusUnauthorized {
		t.Errorf("the session of %s: status %d, want 401", whose, status)
	}
}

// byID reads a user as the admin does.
func (w *world) byID(t *testing.T, id string) user {
	t.Helper()
	var u user
	w.must(t, http.MethodGet, "/users/"+id, w.admin.Token, "", http.StatusOK, &u)
	return u
}

// change changes a user as the admin does.
func (w *world) change(t *testing.T, id, body string) {
	t.Helper()
	w.must(t, http.MethodPatch, "/users/"+id, w.admin.Token, body, http.StatusOK, nil)
}

// users reads those whose e-mail or username begins so.
func (w *world) users(t *testing.T, prefix string) []user {
	t.Helper()
	var page struct{ Users []user }
	w.must(t, http.MethodGet, "/users?limit=100&q="+prefix, w.admin.Token, "", http.StatusOK, &page)
	return page.Users
}

// identity is one of the linked ones.
type identity struct{ Provider, ProviderID, CreatedAt string }

// identities reads the linked ones by provider.
func (w *world) identities(t *testing.T, token string) map[string]string {
	t.Helper()
	var list []identity
	w.must(t, http.MethodGet, "/users/me/oauth-providers", token, "", http.StatusOK, &list)
	out := map[string]string{}
	for _, i := range list {
		out[i.Provider] = i.ProviderID
	}
	if len(out) != len(list) {
		t.Errorf("a provider is linked twice: %v", list)
	}
	return out
}

// atOnce runs f n times at once.
func atOnce(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
