package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/test/redisserver"
)

const redisPassword = "a-password-that-no-log-may-hold"

// soon is how long a request may take while Redis is away: a person in front of a browser waits.
// It is two seconds, and some more for a machine that does other things at the time.
const soon = 3 * time.Second

// Redis being away is a clear answer, soon, to who logs in through a provider, and nothing to
// anybody else. When it is back, nothing has to be restarted.
func TestRedisIsAway(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct {
		begin, end func(*redisserver.Server, *testing.T)
	}{
		"it dies":    {func(r *redisserver.Server, t *testing.T) { r.Kill(t) }, func(r *redisserver.Server, t *testing.T) { r.Start(t) }},
		"it is hung": {func(r *redisserver.Server, t *testing.T) { r.Pause(t) }, func(r *redisserver.Server, t *testing.T) { r.Continue(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redisserver.New(t)
			redis.Password = redisPassword
			redis.Start(t)
			provider, env := newIDP(t), newEnv(t)
			provider.configure(env)
			env["REDIS_URL"] = redis.URL()
			s := start(t, env)
			ada := s.register(t, "ada")
			grace := newFlow(t, "google").mustLogIn(t, s, devidptest.As("grace"))
			somchai := newFlow(t, "google")
			at := somchai.mustBegin(t, s, devidptest.As("somchai"))
			code := newFlow(t, "line").mustCome(t, s, devidptest.As("somchai"))
			s.wantReady(t, "ok", "ok")

			outage.begin(redis, t)
			var all sync.WaitGroup
			for _, r := range []struct{ method, path, token, body string }{
				{"GET", newFlow(t, "line").path(), "", ""},
				{"GET", newFlow(t, "line").proven().path() + "&redirect=true", "", ""},
				{"POST", "/api/v1/users/me/oauth-providers/line", grace.Token, ""},
				{"POST", "/api/v1/auth/exchange", "", fmt.Sprintf(`{"code":%q}`, code)},
				{"POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"some-ticket","email":"new@example.com"}`},
			} {
				all.Go(func() { unavailable(t, s, r.method, r.path, r.token, r.body) })
			}
			begun := time.Now()
			if query, err := somchai.callback(s, at); err != nil || query.Get("error") != "unavailable" || query.Has("code") {
				t.Errorf("the callback tells the front end %v, %v; want error=unavailable", query, err)
			}
			if took := time.Since(begun); took > soon {
				t.Errorf("the callback took %s", took)
			}
			all.Wait()
			s.wantReady(t, "degraded", "down: ")
			s.carriesOn(t, ada, grace)

			outage.end(redis, t)
			eventually(t, "the service is whole again", func() error { return s.ready("ok", "ok") })
			if query, err := somchai.callback(s, at); err != nil || query.Get("error") != "invalid_state" {
				t.Errorf("what was used or lost meanwhile tells the front end %v, %v", query, err)
			}
			again := newFlow(t, "google").mustLogIn(t, s, devidptest.As("grace"))
			if again.IsNewUser || again.User.ID != grace.User.ID {
				t.Errorf("Grace came back as %+v", again.User)
			}
			s.stop(t)
			saysItOnce(t, s.Output())
		})
	}
}

// unavailable checks that a request is refused soon, and told when to come again.
func unavailable(t *testing.T, s *instance, method, path, token, body string) {
	t.Helper()
	begun := time.Now()
	status, header, answer, err := s.do(method, path, token, body)
	if took := time.Since(begun); took > soon {
		t.Errorf("%s %s took %s", method, path, took)
	}
	if err != nil || status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(string(answer), `"unavailable"`) {
		t.Errorf("%s %s without Redis = %d %s %v, Retry-After %q; want 503 unavailable", method, path, status, answer, err, header.Get("Retry-After"))
	}
}

// ready checks what readiness tells: 200, how all is, and how what the cache does begins.
func (s *instance) ready(status, cache string) error {
	code, _, body, err := s.do("GET", "/health/ready", "", "")
	if err != nil {
		return err
	}
	var ready struct {
		Status string
		Checks map[string]string
	}
	if err := json.Unmarshal(body, &ready); err != nil || code != http.StatusOK || ready.Status != status || !strings.HasPrefix(ready.Checks["cache"], cache) {
		return fmt.Errorf("readiness = %d %s %w", code, body, err)
	}
	return nil
}

func (s *instance) wantReady(t *testing.T, status, cache string) {
	t.Helper()
	eventually(t, "the bus is there", func() error { return s.ready(status, cache) })
}

// carriesOn checks that what needs no Redis works, for somebody with a password and for somebody
// who came through a provider.
func (s *instance) carriesOn(t *testing.T, ada auth, grace oauthAnswer) {
	t.Helper()
	begun := time.Now()
	s.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"email":"ada@example.com","password":%q}`, goodPassword), 200, nil)
	s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
	s.must(t, "PATCH", "/api/v1/users/me", ada.Token, `{"displayName":"Ada Lovelace"}`, 200, nil)
	s.must(t, "GET", "/api/v1/users/me", grace.Token, "", 200, nil)
	s.must(t, "GET", "/api/v1/users/me/oauth-providers", grace.Token, "", 200, nil)
	s.register(t, "joan")
	s.must(t, "GET", "/health/live", "", "", 200, nil)
	s.must(t, "GET", "/metrics", "", "", 200, nil)
	if took := time.Since(begun); took > soon {
		t.Errorf("what needs no Redis took %s without it", took)
	}
}

// saysItOnce checks that the log tells of one outage and its end, and nothing else of Redis.
func saysItOnce(t *testing.T, output string) {
	t.Helper()
	for message, want := range map[string]int{`"msg":"redis is away`: 1, `"msg":"connected to redis"`: 2} {
		if got := strings.Count(output, message); got != want {
			t.Errorf("the log says %s %d times, want %d", message, got, want)
		}
	}
	for _, secret := range []string{redisPassword, "@example.com", "google-secret-that"} {
		if strings.Contains(output, secret) {
			t.Errorf("%s stands in the log", secret)
		}
	}
	wholeJSON(t, output)
}

// An address that is none ends the start, and no word of it is told: it may hold a password.
func TestAnAddressOfRedisThatIsNone(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"no scheme":      "127.0.0.1:6379",
		"a wrong scheme": "http://:hunter2@127.0.0.1:6379",
		"no host":        "redis://:hunter2@:6379/0",
		"no port":        "redis://:hunter2@127.0.0.1:redis/0",
		"no database":    "redis://:hunter2@127.0.0.1:6379/zero",
		"no setting":     "redis://:hunter2@127.0.0.1:6379/0?hunter2=1",
		"no trust":       "rediss://:hunter2@127.0.0.1:6379/0?skip_verify=true",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newEnv(t)
			env["REDIS_URL"] = address
			s := launch(t, env)
			if code := s.ExitCode(t); code != 2 {
				t.Errorf("exit code %d, want 2", code)
			}
			output := s.Output()
			if !strings.Contains(output, "REDIS_URL") || strings.Contains(output, "hunter2") || strings.Contains(output, "127.0.0.1:6379") {
				t.Errorf("no word of REDIS_URL, or one too many, in %s", output)
			}
			wholeJSON(t, output)
		})
	}
}

// Redis dying under many flows ends each of them in good order or not at all, and makes nobody's
// account twice.
func TestRedisDiesUnderFlows(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	env["REDIS_URL"] = redis.URL()
	s := start(t, env)
	events := subscribe(t, s.nats)

	var ended, failed atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	end := sync.OnceFunc(func() { close(stop); all.Wait() })
	t.Cleanup(end) // also where something is not waited for any longer
	for lane := range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				outcome, err := newFlow(t, providers[lane%3]).outcome(s, devidptest.AsPerson(numbered(lane)))
				switch {
				case err != nil:
					t.Error(err)
				case outcome == "":
					ended.Add(1)
				default:
					failed.Add(1)
				}
			}
		})
	}
	more := func(what string, counter *atomic.Int64, by int64) {
		t.Helper()
		until := counter.Load() + by
		eventually(t, what, func() error {
			if n := counter.Load(); n < until {
				return fmt.Errorf("%d of %d", n, until)
			}
			return nil
		})
	}
	t.Cleanup(all.Wait)
	const outages = 2
	for range outages {
		more("log-ins work", &ended, 20)
		redis.Kill(t)
		more("log-ins fail", &failed, 20)
		redis.Start(t)
	}
	more("log-ins work", &ended, 20)
	end()
	eventually(t, "every event is published", func() error { return s.wantMetric(t, "outbox_pending", "0") })
	created := map[string]int{}
	for _, e := range events.all() {
		created[e.body.Email]++
	}
	for lane := range 8 {
		if n := created[numbered(lane).Email]; n != 1 {
			t.Errorf("person %d was created %d times", lane, n)
		}
	}
	s.stop(t)
	// The moment of its death looks in one way, the time after it in another.
	if n := strings.Count(s.Output(), `"msg":"redis is away`); n < outages || n > 3*outages {
		t.Errorf("the log says %d times that Redis is away, which it was %d times", n, outages)
	}
}

// outcome goes through the flow and returns the code of the error that ends it, or "". It fails
// for what nobody may ever see.
func (f flow) outcome(s *instance, answer url.Values) (string, error) {
	res, body, err := f.send(http.MethodGet, s.base+f.path()+"&redirect=true", "", "")
	if err != nil {
		return "", err
	}
	if res.StatusCode == http.StatusServiceUnavailable && strings.Contains(string(body), `"unavailable"`) {
		return "unavailable", nil
	}
	location, err := f.consent(res.Header.Get("Location"), answer)
	if err != nil {
		return "", fmt.Errorf("the start of a flow = %d %s: %w", res.StatusCode, body, err)
	}
	query, err := f.callback(s, location)
	if err != nil {
		return "", err
	}
	if code := query.Get("error"); code != "" {
		if code != "unavailable" && code != "invalid_state" {
			err = fmt.Errorf("the callback = %v", query)
		}
		return code, err
	}
	status, in, err := f.redeem(s, query.Get("code"))
	if err == nil && status != http.StatusOK && in.Code != "unavailable" && in.Code != "invalid_code" {
		err = fmt.Errorf("the exchange = %d %s", status, in.Code)
	}
	return in.Code, err
}
