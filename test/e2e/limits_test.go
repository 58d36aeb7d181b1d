package e2e

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

// limited returns the environment of an instance that limits, and trusts a proxy on this machine.
func limited(t *testing.T) map[string]string {
	t.Helper()
	env := newEnv(t)
	env["RATE_LIMIT_ENABLED"], env["TRUSTED_PROXIES"] = "true", "127.0.0.1"
	return env
}

// limitedPair starts two instances over one database and one Redis.
func limitedPair(t *testing.T) (redis *redisserver.Server, instances [2]*instance) {
	t.Helper()
	redis = redisserver.Start(t)
	env := limited(t)
	env["DATABASE_URL"], env["REDIS_URL"], env["NATS_URL"] = pgtest.New(t), redis.URL(), newBus(t).url
	env["JWT_SECRET"] = "a secret of at least thirty-two bytes"
	other := maps.Clone(env)
	other["APP_PORT"], other["DATA_DIR"] = freePort(t), t.TempDir()
	return redis, [2]*instance{start(t, env), start(t, other)}
}

// ask sends a request as the proxy that has it from the addresses, and returns its answer with
// the body read.
func (s *instance) ask(t *testing.T, method, path, body string, forwardedFor ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, f := range forwardedFor {
		req.Header.Add("X-Forwarded-For", f)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func logInBody(name, password string) string {
	field := "username"
	if strings.Contains(name, "@") {
		field = "email"
	}
	return fmt.Sprintf(`{%q:%q,"password":%q}`, field, name, password)
}

const logInPath, wrongPassword = "/api/v1/auth/login", "not the password at all"

// guesses makes n wrong log-ins at once, over the instances, each from an address and by a name of
// its own, and returns the statuses' counts.
func guesses(t *testing.T, instances []*instance, n int, names ...string) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses := map[int]int{}
	for i := range n {
		wg.Go(func() {
			res := instances[i%len(instances)].ask(t, "POST", logInPath, logInBody(names[i/2%len(names)], wrongPassword), fmt.Sprint("198.51.100.", i))
			mu.Lock()
			defer mu.Unlock()
			statuses[res.StatusCode]++
			if res.StatusCode == 429 && (res.Header.Get("Retry-After") == "" || res.Header.Get("RateLimit") == "" || res.Header.Get("RateLimit-Policy") == "") {
				t.Errorf("a 429 with %v", res.Header)
			}
		})
	}
	wg.Wait()
	return statuses
}

func wantStatuses(t *testing.T, what string, got map[int]int, want map[int]int) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: answers %v, want %v", what, got, want)
	}
}

func TestTwoInstancesShareTheirLimits(t *testing.T) {
	t.Parallel()
	redis, instances := limitedPair(t)
	both := instances[:]
	ada := instances[0].register(t, "ada")
	wantStatuses(t, "an account that is there", guesses(t, both, 50, "ada", "ADA", "ada@example.com", "Ada@Example.com"), map[int]int{401: 10, 429: 40})
	wantStatuses(t, "an account that is not there", guesses(t, both, 50, "nobody@example.com", "NOBODY@example.com"), map[int]int{401: 10, 429: 40})

	// The owner, who is logged in where he comes from, gets in, at either instance.
	for _, s := range both {
		s.must(t, "POST", logInPath, "", logInBody("ada", goodPassword), 200, nil)
		if res := s.ask(t, "POST", logInPath, logInBody("ada", goodPassword), "203.0.113.9"); res.StatusCode != 429 {
			t.Errorf("a stranger with the password, which he should not have been able to try, got %d", res.StatusCode)
		}
	}

	// By address, IPv6 by its network.
	statuses := map[int]int{}
	for i := range 104 {
		statuses[both[i%2].ask(t, "POST", "/api/v1/auth/exchange", `{}`, fmt.Sprintf("2001:db8:1:2::%x", i)).StatusCode]++
	}
	wantAtLeast(t, statuses, 422, 100, 429)

	// Redis goes: what was counted stays, and what is new is counted by each.
	redis.Kill(t)
	for _, s := range both {
		eventually(t, "rate limits are counted in memory", func() error {
			s.ask(t, "POST", "/api/v1/auth/exchange", `{}`, "203.0.113.10")
			return s.wantMetric(t, "rate_limiter_fallback", "1")
		})
		if err := s.expect("GET", "/health/ready", "", "", 200); err != nil {
			t.Error(err)
		}
		if _, _, body, err := s.do("GET", "/health/ready", "", ""); err != nil || !strings.Contains(string(body), `"degraded"`) {
			t.Errorf("ready says %s, %v", body, err)
		}
		if n := strings.Count(s.Output(), "rate limits are counted by each instance for itself"); n != 1 {
			t.Errorf("the log says %d times that limits are not shared, want once", n)
		}
		wantStatuses(t, "with Redis away", guesses(t, []*instance{s}, 30, "somebody"), map[int]int{401: 10, 429: 20})
		s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
	}
	redis.Start(t)
	for _, s := range both {
		eventually(t, "rate limits are shared again", func() error { return s.wantMetric(t, "rate_limiter_fallback", "0") })
	}
	wantStatuses(t, "with Redis back", guesses(t, both, 30, "somebody-else"), map[int]int{401: 10, 429: 20})
}

// wantAtLeast wants a status so often, and now and then one more, since time passes; all the
// others have another one.
func wantAtLeast(t *testing.T, got map[int]int, status, times, others int) {
	t.Helper()
	if got[status] < times || got[status] > times+2 || len(got) > 2 || got[others] == 0 {
		t.Errorf("answers %v, want %d %d times, and %d", got, status, times, others)
	}
}

// What clients write of themselves changes nothing, with a proxy or without.
func TestForgedAddresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted string
		forge   func(i int) []string
	}{
		"no proxy":          {"", func(i int) []string { return []string{fmt.Sprint("198.51.100.", i)} }},
		"behind a proxy":    {"127.0.0.1", func(i int) []string { return []string{fmt.Sprintf("198.51.100.%d, 203.0.113.1", i)} }},
		"in another header": {"127.0.0.1", func(i int) []string { return []string{fmt.Sprint("198.51.100.", i), "203.0.113.1"} }},
		"as a trusted proxy": {"127.0.0.1", func(i int) []string {
			return []string{fmt.Sprintf("198.51.100.%d, 127.0.0.1, 203.0.113.1, 127.0.0.1", i)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := limited(t)
			env["TRUSTED_PROXIES"] = c.trusted
			s := start(t, env)
			statuses := map[int]int{}
			for i := range 110 {
				statuses[s.ask(t, "POST", "/api/v1/auth/exchange", `{}`, c.forge(i)...).StatusCode]++
			}
			wantAtLeast(t, statuses, 422, 100, 429)
		})
	}
}

func TestLimitsSwitchedOff(t *testing.T) {
	t.Parallel()
	env := limited(t)
	env["RATE_LIMIT_ENABLED"] = "false"
	s := start(t, env)
	s.register(t, "ada")
	wantStatuses(t, "without limits", guesses(t, []*instance{s}, 30, "ada"), map[int]int{401: 30})
	for range 120 {
		if res := s.ask(t, "POST", "/api/v1/auth/exchange", `{}`); res.StatusCode != 422 || res.Header.Get("RateLimit") != "" {
			t.Fatalf("answer %d, %v", res.StatusCode, res.Header)
		}
	}
}

// The list of stolen passwords is asked by the service and by authctl, and told five digits.
func TestStolenPasswords(t *testing.T) {
	t.Parallel()
	const stolen = "correct horse battery stolen"
	var mu sync.Mutex
	var asked []string
	away := false
	list := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		if away {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if r.URL.Path == "/range/"+sha1Of(stolen)[:5] {
			fmt.Fprintf(w, "%s:0\r\n%s:7\r\n", strings.Repeat("0", 35), sha1Of(stolen)[5:])
		}
	}))
	t.Cleanup(list.Close)
	env := newEnv(t)
	env["BREACH_CHECK_URL"] = list.URL + "/range"
	s := start(t, env)
	registration := func(name, password string) string {
		return fmt.Sprintf(`{"email":"%s@example.com","username":%q,"password":%q}`, name, name, password)
	}
	var problem struct {
		Errors []struct{ Field, Code string }
	}
	s.must(t, "POST", "/api/v1/auth/register", "", registration("ada", stolen), 422, &problem)
	if len(problem.Errors) != 1 || problem.Errors[0].Field != "password" || problem.Errors[0].Code != "breached_password" {
		t.Errorf("faults %+v", problem.Errors)
	}
	if code, output := authctl(t, env, stolen+"\n", "user", "create", "--email", "root@example.com", "--username", "root"); code != 1 || !strings.Contains(output, "stolen") {
		t.Errorf("authctl: exit code %d: %s", code, output)
	}
	s.register(t, "grace")

	mu.Lock()
	away = true
	mu.Unlock()
	s.must(t, "POST", "/api/v1/auth/register", "", registration("joan", stolen), 201, nil)
	closed := newEnv(t)
	closed["BREACH_CHECK_URL"], closed["BREACH_CHECK_FAIL"] = env["BREACH_CHECK_URL"], "closed"
	start(t, closed).must(t, "POST", "/api/v1/auth/register", "", registration("joan", goodPassword), 503, nil)

	mu.Lock()
	defer mu.Unlock()
	for _, path := range asked {
		if len(path) != len("/range/00000") {
			t.Errorf("%s was asked for", path)
		}
	}
	if strings.Contains(s.Output(), sha1Of(stolen)[:5]) {
		t.Error("the log has digits of the password's hash")
	}
}

// sha1Of returns the hash of a password as lists of stolen ones have it.
func sha1Of(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
