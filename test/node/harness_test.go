package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

const (
	patience  = time.Minute // far more than anything here takes
	password  = "notes-on-the-engine-1843"
	jwtSecret = "only-for-this-test-only-for-this-test"
	syncToken = "only-for-this-test-the-sync-token"
)

// What the tests share: none of them changes it.
var (
	node    toolchain // that runs the example
	example string    // the folder of a copy of it, with its libraries
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "gofiber-auth-node-")
		if err == nil {
			defer os.RemoveAll(folder)
			err = prepare(filepath.Join(folder, "node-consumer"))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return harness.Main(m, "gofiber-auth/cmd/api", harness.NatsServer)
	}())
}

// prepare makes the example as its reader does: npm ci in a checkout.
func prepare(folder string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if node, err = findOrInstall(ctx); err != nil {
		return err
	}
	example = folder
	if err := copyFiles(example, "../../examples/node-consumer"); err != nil {
		return err
	}
	ci := node.npmCommand(ctx, "ci", "--prefer-offline", "--no-audit", "--no-fund")
	ci.Dir = example
	if output, err := ci.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return nil
}

// copyFiles copies the files of a folder and not its folders: no node_modules of this checkout.
func copyFiles(to, from string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if !f.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// program is a running program.
type program struct{ *harness.Process }

// stop asks the program to end and checks that it does so in good order.
func (p program) stop(t *testing.T) {
	t.Helper()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(t); code != 0 {
		t.Fatalf("exit code %d after SIGTERM, want 0", code)
	}
}

// printed returns how often the program has printed a text.
func (p program) printed(text string) int { return strings.Count(p.Output(), text) }

// awaitPrinted waits until the program has printed a text so many times.
func (p program) awaitPrinted(t *testing.T, text string, times int) {
	t.Helper()
	harness.Within(t, patience, fmt.Sprintf("%q is printed", text), func() error {
		select {
		case <-p.Exited:
			t.Fatalf("the program ended: %s", p.Cmd.ProcessState)
		default:
		}
		if got := p.printed(text); got < times {
			return fmt.Errorf("printed %d times, want %d", got, times)
		}
		return nil
	})
}

// startAuth starts the auth service and returns its URL when it is ready. The bus is its own
// unless env has one.
func startAuth(t *testing.T, env map[string]string) (url, bus string) {
	t.Helper()
	whole := harness.NewEnv(t)
	whole["JWT_SECRET"], whole["LOG_LEVEL"] = jwtSecret, "warn"
	for name, value := range env {
		whole[name] = value
	}
	s := harness.StartService(t, whole)
	return s.Base, s.NATS()
}

// startExample starts the example and returns its URL when it is ready.
func startExample(t *testing.T, env map[string]string) (social program, url string) {
	t.Helper()
	social, url = launchExample(t, env)
	social.awaitPrinted(t, `"message":"ready"`, 1)
	return social, url
}

// launchExample starts the example and does not wait.
func launchExample(t *testing.T, env map[string]string) (social program, url string) {
	t.Helper()
	whole := map[string]string{"PORT": harness.FreePort(t), "JWT_SECRET": jwtSecret}
	for name, value := range env {
		whole[name] = value
	}
	return program{harness.Run(t, whole, "", node.node, filepath.Join(example, "main.js"))}, "http://127.0.0.1:" + whole["PORT"]
}

// call sends a request and returns the status and the body of the answer, 0 without one.
func call(method, url, token, body string) (int, []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return response.StatusCode, answer
}

// must makes a request whose answer has to have the status and hold the text.
func must(t *testing.T, method, url, token, body string, status int, text string) []byte {
	t.Helper()
	got, answer := call(method, url, token, body)
	if got != status || !bytes.Contains(answer, []byte(text)) {
		t.Fatalf("%s %s answers %d %s, want %d and %s", method, url, got, answer, status, text)
	}
	return answer
}

// await asks until the answer has the status and holds the text.
func await(t *testing.T, method, url, token string, status int, text string) {
	t.Helper()
	harness.Within(t, patience, method+" "+url, func() error {
		if got, answer := call(method, url, token, ""); got != status || !bytes.Contains(answer, []byte(text)) {
			return fmt.Errorf("it answers %d %s, want %d and %s", got, answer, status, text)
		}
		return nil
	})
}

// register makes a user of the auth service and returns a token.
func register(auth, username string) (string, error) {
	status, answer := call(http.MethodPost, auth+"/api/v1/auth/register", "",
		fmt.Sprintf(`{"email":"%[1]s@example.com","username":%[1]q,"password":%[2]q}`, username, password))
	var in struct{ Token string }
	if err := json.Unmarshal(answer, &in); err != nil || status != http.StatusCreated {
		return "", fmt.Errorf("register %s: %d %s", username, status, answer)
	}
	return in.Token, nil
}
