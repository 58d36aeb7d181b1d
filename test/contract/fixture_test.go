package contract

import (
	"encoding/json"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// authctl runs the operator's tool and returns its exit code and output.
func authctl(t *testing.T, env map[string]string, stdin string, args ...string) (int, string) {
	t.Helper()
	p := harness.Run(t, env, stdin, "authctl", args...)
	code := p.ExitCode(t)
	return code, p.Output()
}

// readiness is the body of /health/ready.
type readiness struct {
	Status string
	Checks map[string]string
}

func (s *service) readiness(t *testing.T) (r readiness) {
	t.Helper()
	got := s.Send(t, request{Method: "GET", Path: "//health/ready"})
	if err := json.Unmarshal(got.Body, &r); err != nil {
		t.Errorf("readiness is %s", got.Body)
	}
	return r
}

// come logs a person in through Google. The user has no password.
func (s *setup) come(t *testing.T, person fakeidp.Answer) auth {
	t.Helper()
	return s.browser().LogIn(t, fakeidp.Google, person)
}

// link links a LINE identity to the user.
func (s *setup) link(t *testing.T, token string) {
	t.Helper()
	if query := s.browser().Link(t, fakeidp.LINE, token, fakeidp.Answer{Subject: client.Name()}); query.Get("linked") != fakeidp.LINE {
		t.Fatalf("linking leads to %v", query)
	}
}
