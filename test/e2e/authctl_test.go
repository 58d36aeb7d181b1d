package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// authctl runs the operator's tool and returns its exit code and output.
func authctl(t *testing.T, env map[string]string, stdin string, args ...string) (int, string) {
	t.Helper()
	p := run(t, env, stdin, "authctl", args...)
	code := p.exitCode(t)
	return code, p.output.String()
}

func TestAuthctl(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		if code, output := authctl(t, env, "", "migrate", "up"); code != 0 {
			t.Fatalf("migrate up before the first start: %d %s", code, output)
		}
		s := start(t, env)
		events := subscribe(t, s.nats)
		code, output := authctl(t, env, goodPassword+"\n", "user", "create", "--email", "Ada@Example.com", "--username", "ada", "--json")
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(output), &made); code != 0 || err != nil || made.ID == "" {
			t.Fatalf("user create --json: %d %s", code, output)
		}
		if got := events.waitFor(t, made.ID, 1); got[0].body.Action != "created" || got[0].body.Email != "ada@example.com" {
			t.Errorf("its event is %s", got[0].raw)
		}
		root := newAdmin(t, env, s)
		var ada auth
		s.must(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"`+goodPassword+`"}`, 200, &ada)
		for _, step := range []struct {
			args   []string
			code   int
			token  string
			path   string
			status int
		}{
			{[]string{"user", "promote", "ada@example.com"}, 0, ada.Token, "/api/v1/users", 200},
			{[]string{"user", "demote", made.ID}, 0, ada.Token, "/api/v1/users", 403},
			{[]string{"user", "disable", "ADA@example.com"}, 0, ada.Token, "/api/v1/users/me", 401},
			{[]string{"user", "enable", "ada@example.com"}, 0, ada.Token, "/api/v1/users/me", 401}, // disabling ended the session
			{[]string{"user", "demote", "root@example.com"}, 1, root.Token, "/api/v1/users", 200},  // the last admin stays
			{[]string{"user", "promote", "nobody@example.com"}, 1, root.Token, "/api/v1/users", 200},
			{[]string{"user", "promote"}, 2, root.Token, "/api/v1/users", 200},
			{[]string{"user", "create", "--email", "x@example.com"}, 2, root.Token, "/api/v1/users", 200},
			{[]string{"user", "create", "--help"}, 0, root.Token, "/api/v1/users", 200},
			{[]string{"--json", "migrate", "status"}, 0, root.Token, "/api/v1/users", 200},
			{[]string{"nothing"}, 2, root.Token, "/api/v1/users", 200},
		} {
			if code, output := authctl(t, env, "", step.args...); code != step.code {
				t.Errorf("authctl %v: exit code %d, want %d: %s", step.args, code, step.code, output)
			}
			s.must(t, "GET", step.path, step.token, "", step.status, nil)
		}
		if code, output := authctl(t, env, "", "user", "promote", "john"); code != 1 || !strings.Contains(output, `there is no user "john"`) {
			t.Errorf("user promote john: %d %s", code, output)
		}
		if code, output := authctl(t, env, "short\n", "user", "create", "--email", "x@example.com", "--username", "xavier"); code != 1 || !strings.Contains(output, "password") {
			t.Errorf("user create with a short password: %d %s", code, output)
		}
		if code, output := authctl(t, env, "", "migrate", "status"); code != 0 || !strings.Contains(output, "applied") {
			t.Errorf("migrate status: %d %s", code, output)
		}
	})
}
