package browser

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

const goodPassword = "correct horse battery staple"

// The tests that need no setting and no person of the development identity provider share a
// service: each has people of its own there.
var (
	shared     = harness.Share(func(t testing.TB) string { return service(t) })
	withCookie = harness.Share(func(t testing.TB) string { return service(t, byCookie) })
	shortLived = harness.Share(func(t testing.TB) string { return service(t, soon) })
)

// service starts the service as "make run" does, with further settings ("NAME=value"), and
// returns where a browser finds it.
func service(t testing.TB, settings ...string) string {
	t.Helper()
	env := harness.NewEnv(t)
	env["APP_ENV"], env["BCRYPT_COST"], env["LOG_LEVEL"] = "development", "10", "info"
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	harness.StartService(t, env)
	return "http://localhost:" + env["APP_PORT"]
}

// person returns a username that no other test has. It begins with the name.
func person(name string) string { return name + strings.ToLower(rand.Text()[:8]) }

// auth is what the tests read of the service's answers, code where it is a problem.
type auth struct{ Token, RefreshToken, Code string }

// call makes a request as another front end would. It must succeed.
func call(t *testing.T, base, method, path, token, body string) auth {
	t.Helper()
	answer := try(t, base, method, path, token, body)
	if answer.Code != "" {
		t.Fatalf("%s %s: %s", method, path, answer.Code)
	}
	return answer
}

func try(t *testing.T, base, method, path, token, body string) (answer auth) {
	t.Helper()
	request := client.Request{Method: method, Path: path, Token: token}
	if body != "" {
		request.Body = body
	}
	got := client.New(base).Send(t, request)
	if got.Status != http.StatusNoContent {
		if err := json.Unmarshal(got.Body, &answer); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, got.Body)
		}
	}
	return answer
}
