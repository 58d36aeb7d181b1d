package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
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
				client.Exchanging(code, verifier), {Method: "POST", Path: "/auth/oauth/complete", Body: `{"ticket":"some-ticket","email":"new@example.com"}`},
			} {
				all.Go(func() { s.one.Refuses(t, r, 503, "unavailable") })
			}
			b.Decide(t, b.Begin(t, fakeidp.LINE, false), person()) // a start stores nothing
			fails(t, "the callback", b.ComeBack(t, callback), "unavailable")
			all.Wait()
			harness.Eventually(t, "readiness tells", func() error { return cacheIs(t, s, "degraded", "down: ") })
			s.one.LogIn(t, member.User.Email, client.Password)
			s.one.Register(t)
			s.identities(t, known.Token)

			outage.end(redis, t)
			harness.Eventually(t, "the service is whole again", func() error { return cacheIs(t, s, "ok", "ok") })
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

// TestOAuthStartsStoreNothing has a stranger begin flows while a person is at the provider. What
// belongs to a provider ends with its settings.
func TestOAuthStartsStoreNothing(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	s := newSetup(t, map[string]string{"REDIS_URL": redis.URL()})
	b := s.browser()
	f := b.Begin(t, fakeidp.Google, true)
	callback, before := b.Decide(t, f, person()), redis.Keys(t)
	client.AtOnce(8, func(int) {
		for range 400 {
			s.one.Must(t, request{Method: "GET", Path: "/auth/line"}, 200, nil)
		}
	})
	if after := redis.Keys(t); after > before+10 {
		t.Errorf("3200 starts made %d keys of %d in Redis", after, before)
	}
	if got, _, _ := b.Finish(t, f, callback); got != "ok" {
		t.Errorf("after 3200 starts of a stranger the log-in ends with %q", got)
	}

	callback = b.Decide(t, b.Begin(t, fakeidp.LINE, true), person())
	code, verifier := b.Consent(t, fakeidp.LINE, person())
	ticket := s.ticket(t, fakeidp.LINE, person())
	s.one.Stop(t)
	s.one.Env["LINE_CLIENT_ID"], s.one.Env["LINE_CLIENT_SECRET"] = "", ""
	s.one.Restart(t)
	s.one.Refuses(t, request{Method: "GET", Path: callback}, 404, "provider_not_found")
	s.one.Refuses(t, client.Exchanging(code, verifier), 400, "invalid_code")
	if got, _ := s.complete(t, ticket, person().Email); got.Code() != "invalid_ticket" {
		t.Errorf("the ticket = %d %s, want invalid_ticket", got.Status, got.Body)
	}
}
