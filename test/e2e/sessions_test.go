package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/test/pgtest"
)

// onOneOrTwo runs a test on an instance with the embedded database and on two with PostgreSQL.
func onOneOrTwo(t *testing.T, change map[string]string, test func(t *testing.T, instances []*instance, env map[string]string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		env := newEnv(t)
		maps.Copy(env, change)
		test(t, []*instance{start(t, env)}, env)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		instances, env := twoInstances(t, change)
		test(t, instances, env)
	})
}

// twoInstances starts two instances on one PostgreSQL and one bus, and returns the environment
// of the first, too.
func twoInstances(t *testing.T, change map[string]string) ([]*instance, map[string]string) {
	t.Helper()
	shared := map[string]string{
		"DATABASE_URL": pgtest.New(t), "NATS_URL": newBus(t).url, "JWT_SECRET": strings.Repeat("s", 32),
	}
	maps.Copy(shared, change)
	one, two := newEnv(t), newEnv(t)
	maps.Copy(one, shared)
	maps.Copy(two, shared)
	return []*instance{start(t, one), start(t, two)}, one
}

// refreshed is how a refresh ended.
type refreshed struct {
	auth

	status int
	code   string // of the problem
}

func (s *instance) refresh(t *testing.T, token string) (r refreshed) {
	t.Helper()
	status, _, body, err := s.do(http.MethodPost, "/api/v1/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, token))
	if err != nil {
		t.Error(err)
		return r
	}
	r.status = status
	var problem struct{ Code string }
	into := any(&r.auth)
	if status != http.StatusOK {
		into = &problem
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Errorf("refresh = %d %s: %v", status, body, err)
	}
	r.code = problem.Code
	return r
}

func (s *instance) mustRefresh(t *testing.T, token string) auth {
	t.Helper()
	r := s.refresh(t, token)
	if r.status != http.StatusOK {
		t.Fatalf("refresh = %d %s", r.status, r.code)
	}
	return r.auth
}

// sessions returns the number of sessions of the user.
func (s *instance) sessions(t *testing.T, a auth) int {
	t.Helper()
	var sessions []struct{ ID string }
	s.must(t, "GET", "/api/v1/users/me/sessions", a.Token, "", 200, &sessions)
	return len(sessions)
}

// wantOver fails the test unless neither token of a works any more.
func (s *instance) wantOver(t *testing.T, what string, a auth) {
	t.Helper()
	if err := s.expect("GET", "/api/v1/users/me", a.Token, "", 401); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if r := s.refresh(t, a.RefreshToken); r.code != "invalid_refresh_token" {
		t.Errorf("%s: refresh = %d %s", what, r.status, r.code)
	}
}

// atOnce runs fn n times at once.
func atOnce(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}

func TestManyRefreshOneToken(t *testing.T) {
	t.Parallel()
	onOneOrTwo(t, nil, func(t *testing.T, instances []*instance, _ map[string]string) {
		at := func(i int) *instance { return instances[i%len(instances)] }
		ada := instances[0].register(t, "ada")
		given := make([]refreshed, 50)
		atOnce(len(given), func(i int) { given[i] = at(i).refresh(t, ada.RefreshToken) })
		known := map[string]bool{}
		for i, g := range given {
			if g.status != http.StatusOK || known[g.RefreshToken] {
				t.Fatalf("number %d got %d %s", i, g.status, g.code)
			}
			known[g.RefreshToken] = true
		}
		// Nobody is signed out: each one's own works, at the other instance too.
		atOnce(len(given), func(i int) {
			if r := at(i+1).refresh(t, given[i].RefreshToken); r.status != http.StatusOK {
				t.Errorf("the successor of number %d: %d %s", i, r.status, r.code)
			}
		})
		if n := at(1).sessions(t, given[0].auth); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		// The first token is now in the wrong hands, and everything ends everywhere.
		if r := at(1).refresh(t, ada.RefreshToken); r.code != "refresh_token_reused" {
			t.Errorf("the first token again = %d %s", r.status, r.code)
		}
		for i, g := range given {
			at(i).wantOver(t, fmt.Sprint("number ", i), g.auth)
		}
	})
}

// Nothing that a refresh made survives the log-out that was acknowledged.
func TestRefreshesRaceALogout(t *testing.T) {
	t.Parallel()
	onOneOrTwo(t, nil, func(t *testing.T, instances []*instance, _ map[string]string) {
		one, other := instances[0], instances[len(instances)-1]
		ada := one.register(t, "ada")
		won := 0
		for round := range 200 {
			if round > 0 {
				one.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":"ada","password":%q}`, goodPassword), 200, &ada)
			}
			var next refreshed
			atOnce(2, func(i int) {
				if i == 0 {
					next = other.refresh(t, ada.RefreshToken)
				} else if err := one.expect("POST", "/api/v1/auth/logout", ada.Token, "", 204); err != nil {
					t.Error(err)
				}
			})
			switch {
			case next.status == http.StatusOK:
				won++
				one.wantOver(t, fmt.Sprint("round ", round), next.auth)
			case next.code != "invalid_refresh_token":
				t.Errorf("round %d: refresh = %d %s", round, next.status, next.code)
			}
		}
		t.Logf("%d of 200 refreshes came before the log-out", won)
	})
}

func TestReplayIsCaughtAfterARestart(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		first := start(t, env)
		stolen := first.register(t, "ada")
		used := first.mustRefresh(t, stolen.RefreshToken)
		newest := first.mustRefresh(t, used.RefreshToken)
		first.stop(t)

		second := start(t, env)
		if r := second.refresh(t, stolen.RefreshToken); r.code != "refresh_token_reused" {
			t.Errorf("the replay = %d %s", r.status, r.code)
		}
		second.wantOver(t, "the newest", newest)
	})
}

// Five times as many refreshes as there are connections, of one session and of many, all end,
// and let others through meanwhile.
func TestAStormOfRefreshes(t *testing.T) {
	t.Parallel()
	onOneOrTwo(t, map[string]string{"DB_MAX_OPEN_CONNS": "4"}, func(t *testing.T, instances []*instance, _ map[string]string) {
		s := instances[0]
		ada := s.register(t, "ada")
		other := s.register(t, "other")
		var crowd []auth
		for i := range 20 {
			crowd = append(crowd, s.register(t, fmt.Sprint("user", i)))
		}
		begun := time.Now()
		for range 3 {
			var mu sync.Mutex
			var next refreshed
			atOnce(3*len(crowd), func(i int) {
				switch i % 3 {
				case 0:
					r := s.refresh(t, crowd[i/3].RefreshToken)
					if r.status != http.StatusOK {
						t.Errorf("refresh = %d %s", r.status, r.code)
					}
					crowd[i/3] = r.auth
				case 1:
					r := s.refresh(t, ada.RefreshToken)
					if r.status != http.StatusOK {
						t.Errorf("refresh = %d %s", r.status, r.code)
					}
					mu.Lock()
					next = r
					mu.Unlock()
				default:
					if err := s.expect("GET", "/api/v1/users/me", other.Token, "", 200); err != nil {
						t.Error(err)
					}
				}
			})
			ada = next.auth
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("180 requests took %v", took)
		}
	})
}

func TestASessionIsNeverExtended(t *testing.T) {
	t.Parallel()
	onOneOrTwo(t, map[string]string{"REFRESH_EXPIRES_IN": "2s"}, func(t *testing.T, instances []*instance, _ map[string]string) {
		begun := time.Now()
		ada := instances[0].register(t, "ada")
		for {
			r := instances[len(instances)-1].refresh(t, ada.RefreshToken)
			if r.status != http.StatusOK {
				if r.code != "invalid_refresh_token" || time.Since(begun) < 2*time.Second {
					t.Errorf("after %v: %d %s", time.Since(begun), r.status, r.code)
				}
				break
			}
			if ada = r.auth; time.Since(begun) > 5*time.Second {
				t.Fatal("the session is still there")
			}
		}
		instances[0].wantOver(t, "at the end", ada)
	})
}

func TestSessionsEndElsewhere(t *testing.T) {
	t.Parallel()
	instances, env := twoInstances(t, nil)
	one, two := instances[0], instances[1]
	logIn := func() (a auth) {
		t.Helper()
		two.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":"ada","password":%q}`, goodPassword), 200, &a)
		return a
	}
	first := one.register(t, "ada")
	second := logIn()
	one.must(t, "DELETE", "/api/v1/users/me/sessions", first.Token, "", 204, nil)
	two.wantOver(t, "all but one", second)
	second = logIn()
	var sessions []struct {
		ID      string
		Current bool
	}
	one.must(t, "GET", "/api/v1/users/me/sessions", first.Token, "", 200, &sessions)
	if len(sessions) != 2 || sessions[0].Current || !sessions[1].Current {
		t.Fatalf("sessions %+v", sessions)
	}
	grace := one.register(t, "grace")
	one.must(t, "DELETE", "/api/v1/users/me/sessions/"+sessions[0].ID, grace.Token, "", 404, nil)
	one.must(t, "DELETE", "/api/v1/users/me/sessions/"+sessions[0].ID, first.Token, "", 204, nil)
	two.wantOver(t, "one of them", second)

	if code, output := authctl(t, env, "", "user", "disable", "ada@example.com"); code != 0 {
		t.Fatalf("authctl user disable: %d %s", code, output)
	}
	one.wantOver(t, "disabled", first)
	if code, output := authctl(t, env, "", "user", "enable", "ada@example.com"); code != 0 {
		t.Fatalf("authctl user enable: %d %s", code, output)
	}
	two.wantOver(t, "enabled again", first)
}

func TestRefreshByCookie(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	env["REFRESH_COOKIE"] = "true"
	s := start(t, env)
	_, header, body, err := s.do("POST", "/api/v1/auth/register", "", registration("ada"))
	if err != nil || strings.Contains(string(body), "refreshToken") {
		t.Fatalf("register = %s, %v", body, err)
	}
	origin := "http://localhost:" + env["APP_PORT"] // FRONTEND_URL's, by default
	refresh := func(origin, cookie string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/v1/auth/refresh", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", origin)
		req.Header.Set("Cookie", strings.Split(cookie, ";")[0])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		return res
	}
	cookie := header.Get("Set-Cookie")
	if res := refresh("https://evil.example.com", cookie); res.StatusCode != http.StatusForbidden {
		t.Errorf("another page got %s", res.Status)
	}
	res := refresh(origin, cookie)
	if next := res.Header.Get("Set-Cookie"); res.StatusCode != http.StatusOK || !strings.HasPrefix(next, "__Host-refresh=") || next == cookie {
		t.Errorf("our page got %s with %s", res.Status, next)
	}
}
