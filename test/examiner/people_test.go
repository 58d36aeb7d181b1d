package examiner

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

// auth is what a log-in gives.
type auth struct {
	Token, TokenType string
	ExpiresIn        int
	RefreshToken     string
	RefreshExpiresIn int
	User             user
}

// user is User of the contract.
type user struct {
	ID, Email, Username, Role string
	DisplayName               *string
	IsActive, EmailVerified   bool
}

// object spells a JSON object from names and values in turn.
func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(m) // of strings: never fails
	return string(text)
}

// seen notes the secrets of a log-in.
func (w *world) seen(a auth) auth {
	w.secret("access token", a.Token)
	w.secret("refresh token", a.RefreshToken)
	return a
}

// register makes a user with the usual password.
func (i *instance) register(t *testing.T) auth {
	t.Helper()
	return i.registerAs(t, i.w.name(), nil)
}

func (i *instance) registerAs(t *testing.T, name string, header map[string]string) auth {
	t.Helper()
	var a auth
	i.must(t, request{method: "POST", path: "/auth/register", header: header, body: object("email", name+"@example.com", "username", name, "password", password)}, http.StatusCreated, &a)
	return i.w.seen(a)
}

func (i *instance) logIn(t *testing.T, u user) auth {
	t.Helper()
	return i.logInWith(t, u, password, nil)
}

func (i *instance) logInWith(t *testing.T, u user, secret string, header map[string]string) auth {
	t.Helper()
	var a auth
	i.must(t, request{method: "POST", path: "/auth/login", header: header, body: object("email", u.Email, "password", secret)}, http.StatusOK, &a)
	return i.w.seen(a)
}

// tryRefresh refreshes and returns what came, whatever it is.
func (i *instance) tryRefresh(t *testing.T, token string) (answer, auth) {
	t.Helper()
	got := i.send(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", token)})
	var a auth
	if got.status == http.StatusOK {
		if err := json.Unmarshal(got.body, &a); err != nil || a.Token == "" || a.RefreshToken == "" {
			t.Errorf("refresh = %s", got.body)
		}
		i.w.seen(a)
	}
	return got, a
}

func (i *instance) refresh(t *testing.T, token string) auth {
	t.Helper()
	got, a := i.tryRefresh(t, token)
	if got.status != http.StatusOK {
		t.Fatalf("refresh = %d %s, want 200", got.status, got.body)
	}
	return a
}

// reused has a refresh token that must be taken for stolen.
func (i *instance) reused(t *testing.T, token string) {
	t.Helper()
	i.refuses(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", token)}, http.StatusUnauthorized, "refresh_token_reused")
}

// dead has a log-in that must be worth nothing at any instance. Its refresh token may have been
// used before.
func (w *world) dead(t *testing.T, whose string, a auth) {
	t.Helper()
	for n, i := range w.instances() {
		if got := i.send(t, request{method: "GET", path: "/users/me", token: a.Token}); got.status != http.StatusUnauthorized || got.problem.Code != "unauthorized" {
			t.Errorf("the access token of %s at instance %d = %d %s, want 401 unauthorized", whose, n+1, got.status, got.problem.Code)
		}
		if got, _ := i.tryRefresh(t, a.RefreshToken); got.status != http.StatusUnauthorized {
			t.Errorf("the refresh token of %s at instance %d = %d, want 401", whose, n+1, got.status)
		}
	}
}

// lives has an access token that must be good at all instances.
func (w *world) lives(t *testing.T, whose string, a auth) {
	t.Helper()
	for n, i := range w.instances() {
		if got := i.send(t, request{method: "GET", path: "/users/me", token: a.Token}); got.status != http.StatusOK {
			t.Errorf("the access token of %s at instance %d = %d %s, want 200", whose, n+1, got.status, got.body)
		}
	}
}

// newAdmin makes an admin with authctl, beside the running service, and logs in.
func (w *world) newAdmin(t *testing.T) auth {
	t.Helper()
	name := w.name()
	p := harness.Run(t, w.one.env, password+"\n", "authctl", "user", "create", "--email", name+"@example.com", "--username", name, "--admin")
	if code := p.ExitCode(t); code != 0 {
		t.Fatalf("authctl user create: exit code %d: %s", code, p.Output())
	}
	return w.one.logIn(t, user{Email: name + "@example.com"})
}

// sid is the session of an access token, unverified.
func sid(t *testing.T, token string) string {
	t.Helper()
	return claim(t, token, "sid")
}

// claim reads one of an access token's, unverified.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	value, _ := claims[name].(string)
	return value
}
