package contract

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

func TestAuthctlUsers(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		events := subscribe(t, s.one.NATS())
		name := client.Name()
		code, output := authctl(t, s.env, client.Password+"\n", "user", "create", "--email", strings.ToUpper(name)+"@Example.com", "--username", name, "--json")
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(output), &made); code != 0 || err != nil || made.ID == "" {
			t.Fatalf("user create --json: %d %s", code, output)
		}
		if got := events.waitFor(t, made.ID, 1); got[0].body.Action != "created" || got[0].body.Email != name+"@example.com" {
			t.Errorf("its event is %s", got[0].raw)
		}
		root, a := s.one.NewAdmin(t, s.env), s.one.LogIn(t, name, client.Password)
		for _, step := range []struct {
			args   []string
			code   int
			token  string
			path   string
			status int
		}{
			{[]string{"user", "promote", a.User.Email}, 0, a.Token, "/users", 200},
			{[]string{"user", "demote", made.ID}, 0, a.Token, "/users", 403},
			{[]string{"user", "disable", strings.ToUpper(a.User.Email)}, 0, a.Token, "/users/me", 401},
			{[]string{"user", "enable", a.User.Email}, 0, a.Token, "/users/me", 401},    // disabling ended the session
			{[]string{"user", "demote", root.User.Email}, 1, root.Token, "/users", 200}, // the last admin stays
			{[]string{"user", "promote", "missing@example.com"}, 1, root.Token, "/users", 200},
			{[]string{"user", "promote"}, 2, root.Token, "/users", 200},
			{[]string{"user", "create", "--email", "x@example.com"}, 2, root.Token, "/users", 200},
			{[]string{"user", "create", "--help"}, 0, root.Token, "/users", 200},
			{[]string{"--json", "migrate", "status"}, 0, root.Token, "/users", 200},
			{[]string{"nothing"}, 2, root.Token, "/users", 200},
		} {
			if code, output := authctl(t, s.env, "", step.args...); code != step.code {
				t.Errorf("authctl %v: exit code %d, want %d: %s", step.args, code, step.code, output)
			}
			s.one.Must(t, request{Method: "GET", Path: step.path, Token: step.token}, step.status, nil)
		}
		if own := auditOf(t, s.one, "/users/me/audit", s.one.LogIn(t, name, client.Password).Token, 100); !slices.ContainsFunc(own, func(e entry) bool {
			detail, _ := e.Detail.(map[string]any)
			return e.Action == "user_changed" && e.ActorID == "" && detail["by"] == "authctl" && detail["role"] == "admin"
		}) {
			t.Errorf("the operator's act is not in the log: %+v", own)
		}
		if code, output := authctl(t, s.env, "", "user", "promote", "john"); code != 1 || !strings.Contains(output, `there is no user "john"`) {
			t.Errorf("user promote john: %d %s", code, output)
		}
		if code, output := authctl(t, s.env, "short\n", "user", "create", "--email", "x@example.com", "--username", "xavier"); code != 1 || !strings.Contains(output, "password") {
			t.Errorf("user create with a short password: %d %s", code, output)
		}
		old := s.one.LogIn(t, name, client.Password)
		for _, args := range []string{"user verify ", "user password "} {
			if code, output := authctl(t, s.env, client.Another+"\n", strings.Fields(args+a.User.Email)...); code != 0 {
				t.Errorf("%s: exit code %d: %s", args, code, output)
			}
		}
		s.dead(t, "a session from before the operator set a password", old)
		s.one.Refuses(t, client.Login(name, client.Password), 401, "invalid_credentials")
		if old = s.one.LogIn(t, name, client.Another); !old.User.EmailVerified {
			t.Error("user verify does not verify the e-mail")
		}
		if code, output := authctl(t, s.env, "", "sessions", "end", a.User.Email); code != 0 {
			t.Errorf("sessions end: %d %s", code, output)
		}
		s.dead(t, "a session that the operator ended", old)
		s.lives(t, "the session of another user", root)
		if code, output := authctl(t, s.env, "", "sessions", "end", "--all"); code != 0 {
			t.Errorf("sessions end --all: %d %s", code, output)
		}
		s.dead(t, "a session when all ended", root)
		if code, output := authctl(t, s.env, "", "migrate", "status"); code != 0 || !strings.Contains(output, "applied") {
			t.Errorf("migrate status: %d %s", code, output)
		}
	})
}

// eventsOfCommands is every command with the events that it makes. A new one has to be added.
var eventsOfCommands = []struct {
	command string
	args    []string
	actions []string
}{
	{"migrate up", nil, nil},
	{"migrate status", nil, nil},
	{"user create", []string{"--email", "made@example.com", "--username", "made-by-hand", "--admin"}, []string{"created"}},
	{"user promote", []string{"made@example.com"}, nil},
	{"user demote", []string{"made@example.com"}, nil},
	{"user disable", []string{"made@example.com"}, nil},
	{"user enable", []string{"made@example.com"}, nil},
	{"user password", []string{"made@example.com"}, nil},
	{"user verify", []string{"made@example.com"}, nil},
	{"sessions end", []string{"--all"}, nil},
	{"config check", []string{"--strict"}, nil},
	{"events status", nil, nil},
	{"events replay", []string{"--all"}, nil}, // the stream has them already
	{"keys rotate", nil, nil},
	{"version", nil, nil},
	{"migrate down", nil, nil}, // the last, with the service stopped
}

func TestEventsOfAuthctlCommands(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	root := s.one.NewAdmin(t, s.env)
	events := subscribe(t, s.one.NATS())
	events.waitFor(t, root.User.ID, 1)
	want, known := []string{"created"}, []string{}
	for _, c := range eventsOfCommands {
		known = append(known, c.command)
		if c.command == "migrate down" {
			events.waitFor(t, s.one.Register(t).User.ID, 1) // behind all that the commands made
			want = append(want, "created")
			s.one.Stop(t)
		}
		if code, output := authctl(t, s.env, client.Password+"\n", append(strings.Fields(c.command), c.args...)...); code != 0 {
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
	_, usage := authctl(t, s.env, "", "help")
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
				t.Errorf("eventsOfCommands has no authctl %s", full)
			}
		}
	}
}

type eventsStatus struct {
	Pending       int64
	Oldest        *time.Time
	LastPublished *struct {
		Sequence uint64
		Lost     bool
	}
	Stream struct {
		Name, Status           string
		Messages, LastSequence uint64
	}
}

func readStatus(t *testing.T, s *setup) (status eventsStatus) {
	t.Helper()
	code, output := authctl(t, s.env, "", "events", "status", "--json")
	if err := json.Unmarshal([]byte(output), &status); code != 0 || err != nil {
		t.Fatalf("events status --json: %d %s", code, output)
	}
	return status
}

// TestAuthctlEvents looks and replays beside a running service, then without service and stream.
func TestAuthctlEvents(t *testing.T) {
	t.Parallel()
	var buses = make(chan *harness.Nats, 2)
	onOwn(t, func(t *testing.T) map[string]string {
		bus := harness.NewNats(t)
		buses <- bus
		return map[string]string{"NATS_URL": bus.URL()}
	}, func(t *testing.T, s *setup) {
		var bus *harness.Nats
		for bus == nil || bus.URL() != s.env["NATS_URL"] { // the other test's goes back
			if bus != nil {
				buses <- bus
			}
			bus = <-buses
		}
		a, b := s.one.Register(t), s.one.Register(t)
		s.one.rename(t, a)
		events := subscribe(t, bus.URL())
		events.waitFor(t, a.User.ID, 2)
		harness.Eventually(t, "no event waits", func() error { return s.one.MetricIs(t, "outbox_pending", "0") })
		status := readStatus(t, s)
		if status.Pending != 0 || status.Oldest != nil || status.Stream.Name != "USER_EVENTS" || status.Stream.Status != "ok" || status.Stream.Messages != 3 ||
			status.Stream.LastSequence != 3 || status.LastPublished == nil || status.LastPublished.Sequence != 3 || status.LastPublished.Lost {
			t.Errorf("events status: %+v", status)
		}
		run := func(want int, contains string, args ...string) {
			t.Helper()
			if code, output := authctl(t, s.env, "", append([]string{"events"}, args...)...); code != want || !strings.Contains(output, contains) {
				t.Errorf("events %v: exit code %d, want %d with %q: %s", args, code, want, contains, output)
			}
		}
		run(0, "USER_EVENTS, ok", "status")
		run(0, "3 events", "replay", "--all") // none is stored twice
		if n := len(events.all()); n != 3 {
			t.Errorf("the stream has %d events after a replay, want 3", n)
		}
		run(0, `"events":2`, "replay", "--json", "--user", a.User.ID, "--rate", "100")
		run(0, `"events":3`, "replay", "--since", "1h", "--json")
		run(1, "missing", "replay", "--user", "missing")
		for _, args := range [][]string{
			{}, {"nothing"}, {"status", "x"}, {"replay"}, {"replay", "--all", "--user", b.User.ID}, {"replay", "--since", "noon"},
			{"replay", "--all", "--rate", "0"}, {"replay", "--all", "x"}, {"replay", "--since", "-1h"},
		} {
			run(2, "", args...)
		}

		s.one.Stop(t)
		if err := jetStream(t, bus.URL()).DeleteStream(t.Context(), "USER_EVENTS"); err != nil {
			t.Fatal(err)
		}
		if status := readStatus(t, s); status.Stream.Status != "missing" || status.LastPublished == nil {
			t.Errorf("events status without a stream: %+v", status)
		}
		run(0, "published again", "replay", "--all", "--rate", "1000")
		subscribe(t, bus.URL()).waitFor(t, a.User.ID, 2)
		bus.Kill(t)
		if status := readStatus(t, s); status.Stream.Status != "down: not connected" {
			t.Errorf("events status without a bus: %+v", status)
		}
	})
}

// TestAuthctlRotatesKeys moves the tokens of identities from one key to another, beside a running
// service. A service that has the new key alone then reads them: unlinking asks for no token, so
// that authctl itself tells what can be opened.
func TestAuthctlRotatesKeys(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		for range 2 {
			s.come(t, fakeidp.Answer{Subject: client.Name(), Email: client.Name() + "@example.com", Verified: true})
		}
		old, fresh, other := s.env["TOKEN_ENCRYPTION_KEY"], base64.StdEncoding.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv")), base64.StdEncoding.EncodeToString([]byte("vutsrqponmlkjihgfedcba9876543210"))
		client.Secrets.Add("encryption key", old, fresh, other)
		rotate := func(want int, keys string) (done struct{ Resealed, Current, Unreadable int }) {
			t.Helper()
			env := maps.Clone(s.env)
			env["TOKEN_ENCRYPTION_KEY"] = keys
			code, output := authctl(t, env, "", "keys", "rotate", "--json")
			lines := strings.Split(strings.TrimSpace(output), "\n")
			at := slices.IndexFunc(lines, func(line string) bool {
				return strings.HasPrefix(line, `{"resealed"`) || strings.Contains(line, `"unreadable"`)
			})
			if at < 0 || json.Unmarshal([]byte(lines[at]), &done) != nil || code != want {
				t.Fatalf("keys rotate: exit code %d, want %d: %s", code, want, output)
			}
			if found := client.Secrets.Found(output); found != nil || strings.Contains(output, "@example.com") {
				t.Errorf("keys rotate shows secrets: %v", found)
			}
			return done
		}
		if got := rotate(1, other); got.Unreadable != 2 || got.Resealed != 0 {
			t.Errorf("with a foreign key alone: %+v, want 2 unreadable", got)
		}
		if got := rotate(0, fresh+","+old); got.Resealed != 2 || got.Unreadable != 0 {
			t.Errorf("with both keys: %+v, want 2 resealed", got)
		}
		if got := rotate(0, fresh); got.Current != 2 || got.Resealed != 0 {
			t.Errorf("with the new key alone: %+v, want 2 current", got)
		}
		if got := rotate(1, old); got.Unreadable != 2 {
			t.Errorf("with the old key alone: %+v, want 2 unreadable", got)
		}
		for _, args := range [][]string{{}, {"nothing"}, {"rotate", "x"}, {"rotate", "--all"}} {
			if code, output := authctl(t, s.env, "", append([]string{"keys"}, args...)...); code != 2 {
				t.Errorf("keys %v: exit code %d, want 2: %s", args, code, output)
			}
		}
	})
}
