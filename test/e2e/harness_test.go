// Package e2e runs the real binaries as a user would: processes with an environment, HTTP
// and NATS from the outside, signals. Tests of what the databases promise run on both.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

const (
	goodPassword = "correct horse battery staple"
	patience     = harness.Patience
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m, "gofiber-auth/cmd/...")) }

// onBothDatabases runs a test on the embedded database and on PostgreSQL. env holds what the
// service needs to find it; every instance that is given it shares the data.
func onBothDatabases(t *testing.T, test func(t *testing.T, env map[string]string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, newEnv(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		env := newEnv(t)
		env["DATABASE_URL"] = pgtest.New(t)
		test(t, env)
	})
}

func newEnv(t *testing.T) map[string]string {
	t.Helper()
	return harness.NewEnv(t)
}

func freePort(t *testing.T) string {
	t.Helper()
	return harness.FreePort(t)
}

// instance is a running service.
type instance struct {
	*harness.Process

	base string
	nats string
}

// start starts the service and returns when it is ready.
func start(t *testing.T, env map[string]string) *instance {
	t.Helper()
	s := launch(t, env)
	eventually(t, "the service is ready", func() error {
		select {
		case <-s.Exited:
			t.Fatalf("the service ended: %s", s.Output())
		default:
		}
		return s.expect(http.MethodGet, "/health/ready", "", "", http.StatusOK)
	})
	return s
}

// launch starts the service and does not wait.
func launch(t *testing.T, env map[string]string) *instance {
	t.Helper()
	s := &instance{base: "http://127.0.0.1:" + env["APP_PORT"], nats: env["NATS_URL"], Process: harness.Run(t, env, "", "api")}
	if s.nats == "" {
		s.nats = "nats://" + env["NATS_EMBEDDED_ADDR"]
	}
	return s
}

// stop asks the service to stop and checks that it does so in good order.
func (s *instance) stop(t *testing.T) {
	t.Helper()
	begun := time.Now()
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.ExitCode(t); code != 0 {
		t.Fatalf("exit code %d after SIGTERM, want 0", code)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the stop took %s, and may take 10 s", took)
	}
}

// do makes a request and returns its answer.
func (s *instance) do(method, path, token, body string) (int, http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, answer, err
}

// expect returns an error unless the answer has the status.
func (s *instance) expect(method, path, token, body string, status int) error {
	got, _, answer, err := s.do(method, path, token, body)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s = %d %s, want %d", method, path, got, answer, status)
	}
	return err
}

// must makes a request that has to end with the status, and decodes its answer into out.
func (s *instance) must(t *testing.T, method, path, token, body string, status int, out any) {
	t.Helper()
	got, _, answer, err := s.do(method, path, token, body)
	if err != nil {
		t.Fatal(err)
	}
	if got != status {
		t.Fatalf("%s %s = %d %s, want %d", method, path, got, answer, status)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
}

type auth struct {
	Token        string
	RefreshToken string
	User         user
}

type user struct {
	ID, Email, Username, Role string
	IsActive                  bool
}

func registration(name string) string {
	return fmt.Sprintf(`{"email":%q,"username":%q,"password":%q}`, name+"@example.com", name, goodPassword)
}

func (s *instance) register(t *testing.T, name string) auth {
	t.Helper()
	var a auth
	s.must(t, http.MethodPost, "/api/v1/auth/register", "", registration(name), http.StatusCreated, &a)
	return a
}

// newAdmin makes an admin with authctl, beside the running service, and logs in.
func newAdmin(t *testing.T, env map[string]string, s *instance) auth {
	t.Helper()
	return newAdminNamed(t, env, s, "root")
}

func newAdminNamed(t *testing.T, env map[string]string, s *instance, name string) auth {
	t.Helper()
	if code, output := authctl(t, env, goodPassword+"\n", "user", "create", "--email", name+"@example.com", "--username", name, "--admin"); code != 0 {
		t.Fatalf("authctl user create: exit code %d: %s", code, output)
	}
	var a auth
	s.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":%q,"password":%q}`, name, goodPassword), 200, &a)
	return a
}

// allUsers reads GET /users page by page.
func allUsers(t *testing.T, s *instance, admin auth) map[string]user {
	t.Helper()
	all := map[string]user{}
	cursor := ""
	for {
		var page struct {
			Users      []user
			NextCursor string
		}
		s.must(t, "GET", "/api/v1/users?limit=100&cursor="+cursor, admin.Token, "", 200, &page)
		for _, u := range page.Users {
			all[u.ID] = u
		}
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// metric returns the value of a metric without labels.
func (s *instance) metric(t *testing.T, name string) string {
	t.Helper()
	_, _, body, err := s.do("GET", "/metrics", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("no metric %s", name)
	return ""
}

func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	harness.Eventually(t, what, condition)
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	harness.Await(t, c, what)
}

var errNotYet = harness.ErrNotYet
