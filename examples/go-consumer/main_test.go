package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
	"gofiber-auth/test/pgtest"
)

const (
	patience = time.Minute // far more than anything here takes
	password = "notes-on-the-engine-1843"

	syncToken = "a-token-of-at-least-thirty-two-bytes"
)

// freeAddress returns an address of this machine that nobody listens at.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), port
}

// background runs f until the test ends, and fails the test with f's error.
func background(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var err error
	running.Go(func() { err = f(ctx) })
	t.Cleanup(func() {
		cancel()
		if running.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// startAuth starts the auth service, the whole of it, and fills in where it is.
func startAuth(t *testing.T) settings {
	t.Helper()
	bus, _ := freeAddress(t)
	_, port := freeAddress(t)
	folder := t.TempDir()
	cfg, err := config.Load(func(name string) string {
		return map[string]string{
			"APP_ENV": "test", "BCRYPT_COST": "4", "APP_PORT": port, "NATS_EMBEDDED_ADDR": bus, "DATA_DIR": folder, "SYNC_TOKEN": syncToken,
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := di.New(t.Context(), cfg, slog.New(slog.DiscardHandler), "test")
	if err != nil {
		t.Fatal(err)
	}
	background(t, auth.Run)
	return settings{
		auth: auth.URL(), nats: auth.Bus(), stream: "USER_EVENTS", durable: "social",
		secretFile: filepath.Join(folder, "jwt_secret"), issuer: "gofiber-auth", audience: "gofiber-auth",
	}
}

// startSocial starts the service of this folder and returns its URL.
func startSocial(t *testing.T, s settings) string {
	t.Helper()
	s.listen, _ = freeAddress(t)
	background(t, func(ctx context.Context) error { return run(ctx, s, slog.New(slog.DiscardHandler)) })
	return "http://" + s.listen
}

// call sends a request and returns the status and the body of the answer.
func call(t *testing.T, method, url, token, body string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil // not there yet
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// await asks until the answer has the wanted status and holds the wanted text.
func await(t *testing.T, method, url, token string, status int, text string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		got, body := call(t, method, url, token, "")
		if got == status && bytes.Contains(body, []byte(text)) {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("%s %s answers %d %s, want %d and %q", method, url, got, body, status, text)
		}
	}
}

// register makes a user of the auth service and returns a token.
func register(t *testing.T, auth, username string) string {
	t.Helper()
	body := `{"email":"` + username + `@example.com","username":"` + username + `","password":"` + password + `"}`
	status, answer := call(t, http.MethodPost, auth+"/api/v1/auth/register", "", body)
	var in struct{ Token string }
	if err := json.Unmarshal(answer, &in); err != nil || status != http.StatusCreated {
		t.Fatalf("register: %d %s", status, answer)
	}
	return in.Token
}

func TestFollowsTheAuthService(t *testing.T) {
	t.Parallel()
	inFile := func(t *testing.T) string { return filepath.Join(t.TempDir(), "social.db") }
	inPostgreSQL := func(t *testing.T) string { return pgtest.New(t) }
	for name, with := range map[string]struct {
		database  func(*testing.T) string
		syncToken string
	}{
		"SQLite":                    {inFile, ""},
		"PostgreSQL and a snapshot": {inPostgreSQL, syncToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startAuth(t)
			await(t, http.MethodGet, s.auth+"/health/ready", "", http.StatusOK, "")
			token := register(t, s.auth, "ada")
			s.database, s.syncToken = with.database(t), with.syncToken
			mine := startSocial(t, s) + "/profiles/me"

			await(t, http.MethodGet, mine, token, http.StatusOK, `"username":"ada"`)
			status, body := call(t, http.MethodPut, mine, token, `{"displayName":"Ada","bio":"Notes"}`)
			if status != http.StatusOK || !bytes.Contains(body, []byte(`"displayName":"Ada","bio":"Notes"`)) {
				t.Errorf("PUT answers %d %s", status, body)
			}
			call(t, http.MethodPatch, s.auth+"/api/v1/users/me", token, `{"username":"countess"}`)
			await(t, http.MethodGet, mine, token, http.StatusOK, `"username":"countess","displayName":"Ada"`)

			// The event refuses a deleted user long before the token's time runs out.
			call(t, http.MethodDelete, s.auth+"/api/v1/users/me", token, `{"currentPassword":"`+password+`"}`)
			await(t, http.MethodGet, mine, token, http.StatusUnauthorized, `"unauthorized"`)
		})
	}
}

// What SERVICE_INTEGRATION.md says of the two ways to check a token.
func TestLogOutIsSeenByAskingOnly(t *testing.T) {
	t.Parallel()
	s := startAuth(t)
	await(t, http.MethodGet, s.auth+"/health/ready", "", http.StatusOK, "")
	token := register(t, s.auth, "grace")
	s.database = filepath.Join(t.TempDir(), "social.db")
	mine := startSocial(t, s) + "/profiles/me"
	await(t, http.MethodGet, mine, token, http.StatusOK, "grace")

	if status, body := call(t, http.MethodPost, s.auth+"/api/v1/auth/logout", token, ""); status != http.StatusNoContent {
		t.Fatalf("logout: %d %s", status, body)
	}
	if status, body := call(t, http.MethodGet, mine, token, ""); status != http.StatusOK {
		t.Errorf("what verifies by itself answers %d %s, want 200 until the token expires", status, body)
	}
	if status, body := call(t, http.MethodPut, mine, token, "{}"); status != http.StatusUnauthorized {
		t.Errorf("what asks answers %d %s, want 401 at once", status, body)
	}
}
