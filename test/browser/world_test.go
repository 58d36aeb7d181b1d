package browser

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

const goodPassword = "correct horse battery staple"

// service starts the service as "make run" does, with further settings ("NAME=value"), and
// returns where a browser finds it.
func service(t *testing.T, settings ...string) string {
	t.Helper()
	env := harness.NewEnv(t)
	env["APP_ENV"] = "development"
	env["BCRYPT_COST"] = "10"
	env["LOG_LEVEL"] = "info"
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	base := "http://localhost:" + env["APP_PORT"]
	s := harness.Run(t, env, "", "api")
	harness.Eventually(t, "the service is ready", func() error {
		select {
		case <-s.Exited:
			t.Fatalf("the service ended: %s", s.Output())
		default:
		}
		res, err := http.Get(base + "/health/ready")
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return harness.ErrNotYet
		}
		return nil
	})
	return base
}

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
	req, err := http.NewRequestWithContext(t.Context(), method, base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s = %d %s, %v", method, path, res.StatusCode, got, err)
	}
	if len(got) > 0 {
		if err := json.Unmarshal(got, &answer); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, got)
		}
	}
	return answer
}
