package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/pgtest"
)

func TestAnAccountFromBeginToEnd(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		events := subscribe(t, s.nats)
		ada := s.register(t, "ada")
		s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
		s.must(t, "POST", "/api/v1/auth/login", "", `{"username":"ADA","password":"`+goodPassword+`"}`, 200, nil)
		var changed user
		s.must(t, "PATCH", "/api/v1/users/me", ada.Token,
			`{"email":"Ada.L@example.com","username":"ada.l","currentPassword":"`+goodPassword+`"}`, 200, &changed)
		s.must(t, "PATCH", "/api/v1/users/me", ada.Token, `{"displayName":"Ada Lovelace"}`, 200, nil) // no event
		s.must(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"`+goodPassword+`"}`, 204, nil)
		s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 401, nil)

		got := events.waitFor(t, ada.User.ID, 3)
		for i, want := range []string{
			`{"id":"` + ada.User.ID + `","email":"ada@example.com","username":"ada","action":"created"}`,
			`{"id":"` + ada.User.ID + `","email":"ada.l@example.com","username":"ada.l","action":"updated"}`,
			`{"id":"` + ada.User.ID + `","email":"ada.l@example.com","username":"ada.l","action":"deleted"}`,
		} {
			if got[i].raw != want || got[i].version() != fmt.Sprint(i+1) {
				t.Errorf("event %d = %s at version %s, want %s", i+1, got[i].raw, got[i].version(), want)
			}
			if got[i].header.Get("Nats-Msg-Id") == "" || got[i].header.Get("X-Request-ID") == "" || got[i].header.Get("Event-Schema") != "2" {
				t.Errorf("event %d has the headers %v", i+1, got[i].header)
			}
		}
		s.register(t, "ada") // the names are free again
		s.stop(t)
	})
}

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		first := start(t, env)
		ada := first.register(t, "ada")
		first.stop(t)

		second := start(t, env)
		second.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
		events := subscribe(t, second.nats)
		grace := second.register(t, "grace")
		events.waitFor(t, grace.User.ID, 1)
		if got := events.of(ada.User.ID); len(got) != 1 {
			t.Errorf("ada has %d events after the restart, want 1", len(got))
		}
	})
}

// A SIGKILL at any moment loses no event of a change that was acknowledged, and makes none
// of one that was not kept.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		var mu sync.Mutex
		acknowledged := map[string]string{} // id by name
		var wg sync.WaitGroup
		var enough atomic.Int32
		killed := make(chan struct{})
		for worker := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("load-%d-%d", worker, i)
					status, _, answer, err := s.do("POST", "/api/v1/auth/register", "", registration(name))
					if err != nil {
						return // killed
					}
					if status != http.StatusCreated {
						t.Errorf("register = %d %s", status, answer)
						return
					}
					var a auth
					if err := json.Unmarshal(answer, &a); err != nil {
						return
					}
					mu.Lock()
					acknowledged[name] = a.User.ID
					mu.Unlock()
					if enough.Add(1) == 100 {
						close(killed)
					}
				}
			})
		}
		await(t, killed, "100 registrations")
		s.Kill(t)
		wg.Wait()

		again := start(t, env)
		events := subscribe(t, again.nats)
		for name, id := range acknowledged {
			got := events.waitFor(t, id, 1)
			if len(got) != 1 || got[0].version() != "1" || got[0].body.Username != name {
				t.Errorf("%s has the events %v", name, got)
			}
		}
		// Whatever is in the stream is in the table.
		last := again.register(t, "after-the-kill")
		events.waitFor(t, last.User.ID, 1)
		admin := newAdmin(t, env, again)
		known := allUsers(t, again, admin)
		for _, m := range events.all() {
			if _, there := known[m.body.ID]; !there {
				t.Errorf("the event of %s has no user", m.body.Username)
			}
		}
	})
}

// A stop under load answers what it has begun, publishes what it has committed, and exits 0.
func TestStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		var created atomic.Int32
		var wg sync.WaitGroup
		begun := make(chan struct{})
		for worker := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					status, _, answer, err := s.do("POST", "/api/v1/auth/register", "", registration(fmt.Sprintf("load-%d-%d", worker, i)))
					switch {
					case err != nil: // no connection any more
						return
					case status == http.StatusServiceUnavailable:
						return
					case status != http.StatusCreated:
						t.Errorf("register = %d %s", status, answer)
						return
					}
					if created.Add(1) == 50 {
						close(begun)
					}
				}
			})
		}
		await(t, begun, "50 registrations")
		s.stop(t)
		wg.Wait()

		again := start(t, env)
		if pending := again.metric(t, "outbox_pending"); pending != "0" {
			t.Errorf("outbox_pending = %s after an orderly stop and start", pending)
		}
	})
}

func TestRacesForOneName(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		for round := range 5 {
			statuses := map[int]int{}
			var mu sync.Mutex
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					body := fmt.Sprintf(`{"email":"RACE%d@example.com","username":"racer%d-%d","password":%q}`, round, round, i, goodPassword)
					if i%2 == 0 {
						body = fmt.Sprintf(`{"email":"race%d@example.com","username":"racer%d-%d","password":%q}`, round, round, i, goodPassword)
					}
					status, _, answer, err := s.do("POST", "/api/v1/auth/register", "", body)
					if err != nil {
						t.Error(err)
					}
					if status != 201 && !strings.Contains(string(answer), `"email_taken"`) {
						t.Errorf("the loser got %d %s", status, answer)
					}
					mu.Lock()
					defer mu.Unlock()
					statuses[status]++
				})
			}
			wg.Wait()
			if statuses[201] != 1 || statuses[409] != 15 {
				t.Errorf("16 registrations of one e-mail address: %v, want one 201 and fifteen 409", statuses)
			}
		}
	})
}

// Two admins who remove each other at once: one stays.
func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, env)
		for round := range 5 {
			names := []string{fmt.Sprintf("root-a%d", round), fmt.Sprintf("root-b%d", round)}
			admins := []auth{newAdminNamed(t, env, s, names[0]), newAdminNamed(t, env, s, names[1])}
			if round > 0 { // whoever stayed last time goes, so that these two are the last
				for id, u := range allUsers(t, s, admins[0]) {
					if u.Role == "admin" && u.Username != names[0] && u.Username != names[1] {
						s.must(t, "PATCH", "/api/v1/users/"+id, admins[0].Token, `{"role":"user"}`, 200, nil)
					}
				}
			}
			var wg sync.WaitGroup
			for i := range 2 {
				wg.Go(func() {
					_, _, _, err := s.do("PATCH", "/api/v1/users/"+admins[1-i].User.ID, admins[i].Token, `{"isActive":false}`)
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			left := 0
			for _, a := range admins {
				if status, _, _, err := s.do("GET", "/api/v1/users", a.Token, ""); err == nil && status == 200 {
					left++
				}
			}
			if left != 1 {
				t.Fatalf("%d admins left, want 1", left)
			}
		}
	})
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for variable, value := range map[string]string{"APP_PORT": port, "NATS_EMBEDDED_ADDR": l.Addr().String()} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			env := newEnv(t)
			env[variable] = value
			s := launch(t, env)
			if code := s.ExitCode(t); code == 0 || !strings.Contains(s.Output(), variable) {
				t.Errorf("exit code %d and no word of %s in: %s", code, variable, s.Output())
			}
		})
	}
}

func TestTwoProcessesDoNotShareADataDir(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	start(t, env)
	other := newEnv(t)
	other["DATA_DIR"] = env["DATA_DIR"]
	s := launch(t, other)
	if code := s.ExitCode(t); code == 0 || !strings.Contains(s.Output(), "DATA_DIR") {
		t.Errorf("exit code %d and no word of DATA_DIR in: %s", code, s.Output())
	}
}

func TestConfigurationFaults(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	env["APP_ENV"], env["JWT_SECRET"], env["LOG_FORMAT"] = "production", "too-short-to-be-a-secret", "json"
	s := launch(t, env)
	if code := s.ExitCode(t); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
	output := s.Output()
	for _, variable := range []string{"JWT_SECRET", "DATABASE_URL", "NATS_URL", "FRONTEND_URL", "TOKEN_ENCRYPTION_KEY", "BCRYPT_COST"} {
		if !strings.Contains(output, variable) {
			t.Errorf("no word of %s in %s", variable, output)
		}
	}
	if strings.Contains(output, env["JWT_SECRET"]) {
		t.Errorf("the secret stands in %s", output)
	}
	wholeJSON(t, output)
}

// Two instances that start at once on an empty database both come up, and their events are
// published once and in order.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	env["DATABASE_URL"] = pgtest.New(t)
	env["JWT_SECRET"] = strings.Repeat("s", 32)
	bus := newBus(t)
	env["NATS_URL"] = bus.url
	other := map[string]string{}
	for k, v := range env {
		other[k] = v
	}
	other["APP_PORT"], other["DATA_DIR"] = freePort(t), t.TempDir()
	instances := []*instance{launch(t, env), launch(t, other)}
	for _, s := range instances {
		eventually(t, "both are ready", func() error { return s.expect("GET", "/health/ready", "", "", 200) })
	}
	events := subscribe(t, bus.url)
	ada := instances[0].register(t, "ada")
	const changes = 40
	for i := range changes {
		instances[i%2].must(t, "PATCH", "/api/v1/users/me", ada.Token, fmt.Sprintf(`{"username":"ada%d"}`, i), 200, nil)
	}
	got := events.waitFor(t, ada.User.ID, changes+1)
	for i, m := range got {
		if m.version() != fmt.Sprint(i+1) {
			t.Fatalf("event %d has version %s", i+1, m.version())
		}
	}
	// When the one that relays dies, the other goes on.
	relay := slices.IndexFunc(instances, func(s *instance) bool { return strings.Contains(s.Output(), `"holds_lease":true`) })
	if relay < 0 {
		t.Fatal("nobody relays")
	}
	instances[relay].Kill(t)
	grace := instances[1-relay].register(t, "grace")
	events.waitFor(t, grace.User.ID, 1)
}

// No log line holds a secret, an e-mail address or a token, and with LOG_FORMAT=json every
// line on both streams is JSON.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		env["JWT_SECRET"] = strings.Repeat("jwt-secret-", 4)
		s := start(t, env)
		ada := s.register(t, "ada")
		wrong := "wrong horse battery staple"
		s.must(t, "POST", "/api/v1/auth/register", "", registration("ada"), 409, nil)
		s.must(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"`+wrong+`"}`, 401, nil)
		s.must(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":["`+wrong+`"]}`, 422, nil)
		s.must(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"`+wrong, 400, nil)
		s.must(t, "GET", "/api/v1/users/me?token="+ada.Token, "", "", 401, nil)
		s.must(t, "GET", "/api/v1/users/me", ada.Token+"x", "", 401, nil)
		s.must(t, "GET", "/nowhere/ada@example.com/"+ada.RefreshToken, "", "", 404, nil)
		s.must(t, "GET", "/api/v1/users/ada@example.com", ada.Token, "", 403, nil)
		s.must(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"`+goodPassword+`"}`, 204, nil)
		s.stop(t)
		output := s.Output()
		for what, secret := range map[string]string{
			"the e-mail address": "ada@example.com", "the password": goodPassword, "a wrong password": wrong,
			"the access token": ada.Token, "the signature": ada.Token[strings.LastIndex(ada.Token, ".")+1:],
			"the refresh token": ada.RefreshToken, "JWT_SECRET": env["JWT_SECRET"],
		} {
			if strings.Contains(output, secret) {
				t.Errorf("%s stands in the log", what)
			}
		}
		wholeJSON(t, output)
	})
}

// wholeJSON checks that every line is a JSON object.
func wholeJSON(t *testing.T, output string) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(output))
	n := 0
	for ; lines.Scan(); n++ {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("not JSON: %s", lines.Text())
		}
	}
	if n == 0 {
		t.Error("nothing was logged")
	}
}
