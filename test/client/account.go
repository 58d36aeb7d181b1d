package client

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

// Password is the password of every account that Register makes; Another is a second good one.
const (
	Password = "correct horse battery staple"
	Another  = "seven other words that no list has"
)

// Auth is what begins or continues a session.
type Auth struct {
	Token, TokenType string
	ExpiresIn        int
	RefreshToken     string
	RefreshExpiresIn int
	User             User
	IsNewUser        bool // of a log-in through a provider
	TakenOver        bool // of the same
}

// User is User of the contract.
type User struct {
	ID, Email, Username, Role          string
	DisplayName, Avatar, OauthProvider *string
	PendingEmail                       *string
	IsActive, IsOauthUser              bool
	EmailVerified, HasPassword         bool
	LastLoginAt                        *time.Time
	CreatedAt, UpdatedAt               time.Time
}

// Session is one of GET /users/me/sessions.
type Session struct {
	ID, Method, UserAgent, IP string
	CreatedAt, LastUsedAt     time.Time
	Current                   bool
}

var (
	names, addresses atomic.Int64
	process          = strings.ToLower(rand.Text()[:6])
)

// Name returns a username that no other call returns, in any process.
func Name() string { return fmt.Sprintf("m%s%d", process, names.Add(1)) }

// Address returns an IPv4 address of a client that no other call of this process returns.
func Address() string {
	n := addresses.Add(1)
	return fmt.Sprintf("198.%d.%d.%d", 18+n/62_500%2, n/250%250, n%250+1)
}

// Seen adds the tokens of a log-in to Secrets.
func (a Auth) Seen() Auth {
	Secrets.Add("access token", a.Token)
	Secrets.Add("refresh token", a.RefreshToken)
	return a
}

// Registration returns the request that makes an account of that name with Password. Its e-mail
// is the name at example.com.
func Registration(name string) Request {
	return Request{Method: http.MethodPost, Path: "/auth/register", Body: Object("email", name+"@example.com", "username", name, "password", Password)}
}

// Register makes an account with a new name.
func (c *Client) Register(t testing.TB) Auth {
	t.Helper()
	return c.RegisterAs(t, Name())
}

// RegisterAs makes an account of that name.
func (c *Client) RegisterAs(t testing.TB, name string) Auth {
	t.Helper()
	var a Auth
	c.Must(t, Registration(name), http.StatusCreated, &a)
	return a.Seen()
}

// Login returns the request of a log-in. An account with an @ is an e-mail, else a username.
func Login(account, password string) Request {
	field := "username"
	if strings.Contains(account, "@") {
		field = "email"
	}
	return Request{Method: http.MethodPost, Path: "/auth/login", Body: Object(field, account, "password", password)}
}

// LogIn begins a session.
func (c *Client) LogIn(t testing.TB, account, password string) Auth {
	t.Helper()
	var a Auth
	c.Must(t, Login(account, password), http.StatusOK, &a)
	return a.Seen()
}

// Refreshing returns the request that uses a refresh token.
func Refreshing(token string) Request {
	return Request{Method: http.MethodPost, Path: "/auth/refresh", Body: Object("refreshToken", token)}
}

// TryRefresh uses a refresh token and returns what came. It may be called from any goroutine.
func (c *Client) TryRefresh(t testing.TB, token string) (Answer, Auth) {
	t.Helper()
	got := c.Send(t, Refreshing(token))
	var a Auth
	if got.Status == http.StatusOK {
		if err := json.Unmarshal(got.Body, &a); err != nil || a.Token == "" || a.RefreshToken == "" {
			t.Errorf("refresh = %s", got.Body)
		}
	}
	return got, a.Seen()
}

// Refresh uses a refresh token that must be good.
func (c *Client) Refresh(t testing.TB, token string) Auth {
	t.Helper()
	got, a := c.TryRefresh(t, token)
	if got.Status != http.StatusOK {
		t.Fatalf("refresh = %d %s, want 200", got.Status, got.Body)
	}
	return a
}

// Me returns the user of an access token.
func (c *Client) Me(t testing.TB, token string) User {
	t.Helper()
	var u User
	c.Must(t, Request{Method: http.MethodGet, Path: "/users/me", Token: token}, http.StatusOK, &u)
	return u
}

// Sessions returns the sessions of the user, the newest first.
func (c *Client) Sessions(t testing.TB, token string) []Session {
	t.Helper()
	var all []Session
	c.Must(t, Request{Method: http.MethodGet, Path: "/users/me/sessions", Token: token}, http.StatusOK, &all)
	return all
}

// NewAdmin makes an admin with authctl, which env leads to the same database, and logs in. The
// test's binary must have built authctl.
func (c *Client) NewAdmin(t testing.TB, env map[string]string) Auth {
	t.Helper()
	name := Name()
	p := harness.Run(t, env, Password+"\n", "authctl", "user", "create", "--email", name+"@example.com", "--username", name, "--admin")
	if code := p.ExitCode(t); code != 0 {
		t.Fatalf("authctl user create: exit code %d: %s", code, p.Output())
	}
	return c.LogIn(t, name, Password)
}

// Claim returns a claim of an access token as text, unverified.
func Claim(t testing.TB, token, name string) string {
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
	return fmt.Sprint(claims[name])
}

// SID returns the session of an access token.
func SID(t testing.TB, token string) string {
	t.Helper()
	return Claim(t, token, "sid")
}
