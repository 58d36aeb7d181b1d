package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
)

const redisPassword = "a-password-that-no-log-may-hold"

// cacheIs fails unless readiness has that status, and for the cache a text that begins like that. It
// is a condition for harness.Eventually.
func cacheIs(t testing.TB, s *setup, status, cache string) error {
	t.Helper()
	got := s.one.Send(t, request{Method: "GET", Path: "//health/ready"})
	var ready struct {
		Status string
		Checks map[string]string
	}
	if err := json.Unmarshal(got.Body, &ready); err != nil || got.Status != 200 || ready.Status != status || !strings.HasPrefix(ready.Checks["cache"], cache) {
		return fmt.Errorf("readiness = %d %s", got.Status, got.Body)
	}
	return nil
}

// TestOAuthWithoutRedis has Redis die and hang. Log-ins through providers get 503, others go on, and
// the service recovers by itself.
func TestOAuthWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct {
		begin, end func(*redisserver.Server, testing.TB)
	}{
		"it dies":  {func(r *redisserver.Server, t testing.TB) { r.Kill(t) }, (*redisserver.Server).Start},
		"it hangs": {(*redisserver.Server).Pause, (*redisserver.Server).Continue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := redisserver.New(t)
			redis.Password = redisPassword
			redis.Start(t)
			s := newSetup(t, map[string]string{"REDIS_URL": redis.URL()})
			client.Secrets.Add("password of Redis", redisPassword)
			member, a, b := s.one.Register(t), person(), s.browser()
			known := b.LogIn(t, fakeidp.Google, a)
			f := b.Begin(t, fakeidp.Google, true)
			callback := b.Decide(t, f, person())
			code, verifier := b.Consent(t, fakeidp.LINE, person())
			harness.Eventually(t, "the service is whole", func() error { return cacheIs(t, s, "ok", "ok") })

			outage.begin(redis, t)
			var all sync.WaitGroup
			for _, r := range []request{
				{Method: "GET", Path: "/auth/line"}, {Method: "GET", Path: "/auth/line?redirect=true"}, client.Linking("line", known.Token),
				client.Exchanging(code, verifier), {Method: "POST", Path: "/auth/oauth/complete", Body: `{"ticket":"some-ticket","email":"new@example.com"}`},
			} {
				all.Go(func() { s.one.Refuses(t, r, 503, "unavailable") })
			}
			fails(t, "the callback", b.ComeBack(t, callback), "unavailable")
			all.Wait()
			harness.Eventually(t, "readiness tells", func() error { return cacheIs(t, s, "degraded", "down: ") })
			s.one.LogIn(t, member.User.Email, client.Password)
			s.one.Register(t)
			s.identities(t, known.Token)

			outage.end(redis, t)
			harness.Eventually(t, "the service is whole again", func() error { return cacheIs(t, s, "ok", "ok") })
			fails(t, "the callback of before", b.ComeBack(t, callback), "invalid_state")
			if again := b.LogIn(t, fakeidp.Google, a); again.IsNewUser || again.User.ID != known.User.ID {
				t.Errorf("the known person came back as %+v", again.User)
			}
			s.one.Stop(t)
			for message, want := range map[string]int{`"msg":"redis is away`: 1, `"msg":"connected to redis"`: 2} {
				if n := strings.Count(s.one.Output(), message); n < want || n > 2*want { // a loaded machine may see it twice
					t.Errorf("the log says %s %d times, want %d", message, n, want)
				}
			}
		})
	}
}

// TestOAuthRedisDiesUnderFlows proves that each flow ends in good order, and that no person becomes
// two users.
func TestOAuthRedisDiesUnderFlows(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	s := newSetup(t, map[string]string{"REDIS_URL": redis.URL()})
	const lanes, outages = 6, 2
	var ended, failed atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	end := sync.OnceFunc(func() { close(stop); all.Wait() })
	t.Cleanup(end)
	var people [lanes]fakeidp.Answer
	for lane := range people {
		people[lane] = person()
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch got := outcomeWithoutRedis(t, s, fakeidp.Names[lane%3], people[lane]); got {
				case "ok":
					ended.Add(1)
				case "unavailable", "invalid_state", "invalid_code":
					failed.Add(1)
				default:
					t.Errorf("a flow ends with %q", got)
				}
			}
		})
	}
	more := func(what string, counter *atomic.Int64) {
		t.Helper()
		until := counter.Load() + 2*lanes
		harness.Eventually(t, what, func() error {
			if n := counter.Load(); n < until {
				return fmt.Errorf("%d of %d", n, until)
			}
			return nil
		})
	}
	for range outages {
		more("log-ins work", &ended)
		redis.Kill(t)
		more("log-ins fail", &failed)
		redis.Start(t)
	}
	more("log-ins work", &ended)
	end()
	for lane, a := range people {
		users := s.users(t, a.Email)
		if len(users) != 1 {
			t.Fatalf("person %d became the users %+v", lane, users)
		}
		s.told(t, users[0].ID, "created")
	}
}

// outcomeWithoutRedis goes through a log-in that may be refused at each step.
func outcomeWithoutRedis(t *testing.T, s *setup, provider string, a fakeidp.Answer) string {
	t.Helper()
	b := s.browser()
	f := client.Flow{Provider: provider}
	var out struct{ URL string }
	got := b.Send(t, request{Method: "GET", Path: "/auth/" + provider})
	if got.Decode(200, &out) != nil {
		return got.Code()
	}
	f.URL = out.URL
	end, _, _ := b.Finish(t, f, b.Decide(t, f, a))
	return end
}
