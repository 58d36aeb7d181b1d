package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

// authctl runs the operator's tool and returns its exit code and output.
func authctl(t *testing.T, env map[string]string, stdin string, args ...string) (int, string) {
	t.Helper()
	p := harness.Run(t, env, stdin, "authctl", args...)
	code := p.ExitCode(t)
	return code, p.Output()
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

// eventsOfCommands is every command with the events that it makes. A new one has to be
// listed here.
var eventsOfCommands = []struct {
	command string
	args    []string
	actions []string
}{
	{"migrate up", nil, nil},
	{"migrate status", nil, nil},
	{"user create", []string{"--email", "ada@example.com", "--username", "ada", "--admin"}, []string{"created"}},
	{"user promote", []string{"root@example.com"}, nil},
	{"user demote", []string{"ada@example.com"}, nil},
	{"user disable", []string{"ada@example.com"}, nil},
	{"user enable", []string{"ada@example.com"}, nil},
	{"events status", nil, nil},
	{"events replay", []string{"--all"}, nil}, // the stream has them already
	{"keys rotate", nil, nil},
	{"version", nil, nil},
	{"migrate down", nil, nil}, // the last, with the service stopped
}

func TestEveryCommandMakesItsEvents(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	s := start(t, env)
	root := newAdmin(t, env, s)
	events := subscribe(t, s.nats)
	want, known := []string{"created"}, []string{}
	events.waitFor(t, root.User.ID, 1)
	for _, c := range eventsOfCommands {
		known = append(known, c.command)
		if c.command == "migrate down" {
			fence := s.register(t, "fence") // its event comes behind all that the commands made
			events.waitFor(t, fence.User.ID, 1)
			want = append(want, "created")
			s.stop(t)
		}
		if code, output := authctl(t, env, goodPassword+"\n", append(strings.Fields(c.command), c.args...)...); code != 0 {
			t.Fatalf("authctl %s: %d %s", c.command, code, output)
		}
		want = append(want, c.actions...)
	}
	var got []string
	for _, m := range events.all() {
		got = append(got, m.body.Action)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the commands made %v, want %v", got, want)
	}
	_, usage := authctl(t, env, "", "help")
	for line := range strings.Lines(usage) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "authctl" || !strings.HasPrefix(line, "  ") {
			continue
		}
		command := words[1]
		if len(words) > 2 && strings.ToLower(words[2]) == words[2] && command != "version" {
			command += " " + words[2]
		}
		group, names, _ := strings.Cut(command, " ")
		for name := range strings.SplitSeq(names, "|") {
			if full := strings.TrimSpace(group + " " + name); !slices.Contains(known, full) {
				t.Errorf("nobody has said which events authctl %s makes", full)
			}
		}
	}
}
