// Package e2e runs the real binaries as a user would: processes with an environment, HTTP
// and NATS from the outside, signals. Tests of what the databases promise run on both.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gofiber-auth/test/pgtest"
)

const (
	goodPassword = "correct horse battery staple"
	patience     = 20 * time.Second
)

var binaries string // the folder of the built commands

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "gofiber-auth-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir, "gofiber-auth/cmd/...")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "go build:", err)
			return 1
		}
		binaries = dir
		return m.Run()
	}())
}

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

// newEnv returns a whole environment with an embedded database and bus on free ports.
func newEnv(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"APP_ENV": "test", "BCRYPT_COST": "4", "LOG_FORMAT": "json", "LOG_LEVEL": "debug",
		"RATE_LIMIT_ENABLED": "false", "DATA_DIR": filepath.Join(t.TempDir(), "data"),
		"APP_PORT": freePort(t), "NATS_EMBEDDED_ADDR": "127.0.0.1:" + freePort(t),
		"PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"),
	}
}

// lastPort is below the ports that outgoing connections take: a client that keeps dialling a
// port of those where nobody listens may connect to itself there.
var lastPort atomic.Int32

// freePort returns a port that nobody has, a different one at each call.
func freePort(t *testing.T) string {
	t.Helper()
	for range 10_000 {
		port := strconv.Itoa(20_000 + int(lastPort.Add(1)))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// process is a running command of ours.
type process struct {
	cmd    *exec.Cmd
	output *lockedBuffer
	exited chan struct{}
}

// lockedBuffer is what a process has printed so far, on both streams.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run starts a command; it is killed at the end of the test if it still runs.
func run(t *testing.T, env map[string]string, stdin, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(filepath.Join(binaries, name), args...), output: new(lockedBuffer), exited: make(chan struct{})}
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Dir = t.TempDir() // no .env of ours
	p.cmd.Stdin = strings.NewReader(stdin)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state tells
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // gone already where the test stopped it
		<-p.exited
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, p.output.String())
		}
	})
	return p
}

// exitCode waits for the process to end and returns how it did.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatal("the process does not end")
		return -1
	}
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.exited
}

// instance is a running service.
type instance struct {
	*process

	base string
	nats string
}

// start starts the service and returns when it is ready.
func start(t *testing.T, env map[string]string) *instance {
	t.Helper()
	s := launch(t, env)
	eventually(t, "the service is ready", func() error {
		select {
		case <-s.exited:
			t.Fatalf("the service ended: %s", s.output.String())
		default:
		}
		return s.expect(http.MethodGet, "/health/ready", "", "", http.StatusOK)
	})
	return s
}

// launch starts the service and does not wait.
func launch(t *testing.T, env map[string]string) *instance {
	t.Helper()
	s := &instance{base: "http://127.0.0.1:" + env["APP_PORT"], nats: env["NATS_URL"], process: run(t, env, "", "api")}
	if s.nats == "" {
		s.nats = "nats://" + env["NATS_EMBEDDED_ADDR"]
	}
	return s
}

// stop asks the service to stop and checks that it does so in good order.
func (s *instance) stop(t *testing.T) {
	t.Helper()
	begun := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exitCode(t); code != 0 {
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

// eventually waits for a condition, and fails with its last error.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s: %v", patience, what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// await waits until c is closed.
func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("not within %s: %s", patience, what)
	}
}

var errNotYet = errors.New("not yet")
