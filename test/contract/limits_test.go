package contract

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// limited is the shared pair with rate limits.
var limited = harness.Share(func(t testing.TB) *setup {
	return newPair(t, map[string]string{"RATE_LIMIT_ENABLED": "true", "TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8"})
})

// The default limits.
const (
	perAddress, addressWindow = 100, time.Minute
	perAccount, accountWindow = 10, 15 * time.Minute
	perMailbox                = 5 // in an hour
)

// alone returns how often an instance began to count for itself.
func (s *setup) alone() int {
	return strings.Count(s.one.Output()+s.two.Output(), "counted by each instance for itself")
}

// counted checks how many requests pass a limit: all of the burst, and no more than what is refilled
// meanwhile. It begins anew where an instance could not reach Redis in time, and counted for itself.
func counted(t *testing.T, s *setup, what string, burst int, window time.Duration, send func() (passed int64)) {
	t.Helper()
	for range 20 {
		before, begun := s.alone(), time.Now()
		passed := send()
		refilled := int(float64(burst)*time.Since(begun).Seconds()/window.Seconds()) + 1
		if passed >= int64(burst) && passed <= int64(burst+refilled) {
			return
		}
		if s.alone() == before {
			t.Fatalf("%d %s passed, want %d and at most %d more", passed, what, burst, refilled)
		}
	}
	t.Fatal("Redis is never reached in time")
}

// untilLimited sends sensitive requests until one is limited, and returns that answer.
func untilLimited(t *testing.T, c *client.Client, header map[string]string) answer {
	t.Helper()
	for range 10 * perAddress {
		if a := c.Send(t, request{Method: "POST", Path: "/auth/exchange", Body: object("code", "x"), Header: header}); a.Status == http.StatusTooManyRequests {
			return a
		}
	}
	t.Fatal("the address is not limited")
	return answer{}
}

// from returns a client of one of the instances with a new address.
func (s *setup) from(n int) *client.Client { return s.at(n).From(client.Address()) }

func guess(account string) request { return client.Login(account, "not the right password") }

func TestGuessingAPassword(t *testing.T) {
	t.Parallel()
	s := limited(t)
	for name, home := range map[string]bool{"from many addresses": false, "from where the owner is": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var address *client.Client
			var a auth
			counted(t, s, "guesses", perAccount, accountWindow, func() int64 {
				address = s.from(0)
				a = address.Register(t)
				var refused atomic.Int64
				client.AtOnce(50, func(n int) {
					account := []string{a.User.Email, strings.ToUpper(a.User.Email), a.User.Username, strings.ToUpper(a.User.Username)}[n%4]
					c := s.from(n / 4)
					if home {
						c = s.at(n / 4).From(address.Address)
					}
					switch got := c.Send(t, guess(account)); got.Code() {
					case "invalid_credentials":
						refused.Add(1)
					case "rate_limited":
					default:
						t.Errorf("a guess = %d %s", got.Status, got.Body)
					}
				})
				return refused.Load()
			})
			right := client.Login(a.User.Email, client.Password)
			if home {
				got, ghost := address.Refuses(t, right, 429, "rate_limited"), guess(client.Name()+"@example.com")
				for range perAccount {
					address.Send(t, ghost)
				}
				// The policy does not tell who is logged in where.
				if unknown := address.Refuses(t, ghost, 429, "rate_limited"); got.Header.Get("RateLimit-Policy") != unknown.Header.Get("RateLimit-Policy") {
					t.Errorf("RateLimit-Policy is %s, of an unknown account %s", got.Header.Get("RateLimit-Policy"), unknown.Header.Get("RateLimit-Policy"))
				}
			} else {
				s.from(1).Refuses(t, right, 429, "rate_limited") // else a guess would tell
				address.Must(t, right, 200, nil)                 // no stranger locks the owner out
			}
			s.lives(t, "the owner's session", a)
		})
	}
	t.Run("spelt in odd ways", func(t *testing.T) {
		t.Parallel()
		a := s.from(0).RegisterAs(t, client.Name()+"-k.s") // letters that others fold to
		email, username, before := a.User.Email, a.User.Username, s.alone()
		for n := range 2 * perAccount {
			for _, body := range []string{
				object("email", email, "username", fmt.Sprint("other", n), "password", "wrong"),
				object("username", username, "email", fmt.Sprintf("other%d@example.com", n), "password", "wrong"),
				object("email", strings.Repeat(" ", n)+email, "password", "wrong"),
				object("username", username+strings.Repeat(" ", n), "password", "wrong"),
				object("username", strings.Replace(username, "k", "\u212a", 1), "password", "wrong"),
				object("username", strings.Replace(username, "s", "\u017f", 1), "password", "wrong"),
				object("email", strings.Replace(email, "k", "\u212a", 1), "password", "wrong"),
				object("username", email, "password", "wrong"),
			} {
				s.from(n).Send(t, request{Method: "POST", Path: "/auth/login", Body: body})
			}
		}
		// Guesses that reached the account are in its log, however they were spelt.
		reached := 0
		for _, e := range auditOf(t, s.one, "/users/me/audit", a.Token, 100) {
			if e.Action == "login_failed" {
				reached++
			}
		}
		if reached > perAccount+2 && s.alone() == before {
			t.Errorf("%d guesses reached the account, want %d", reached, perAccount)
		}
	})
	t.Run("of an account that is not there", func(t *testing.T) {
		t.Parallel()
		ghost := client.Name() + "@example.com"
		for n := range perAccount {
			s.from(n).Refuses(t, guess(ghost), 401, "invalid_credentials")
		}
		got := s.from(0).Refuses(t, guess(strings.ToUpper(ghost)), 429, "rate_limited")
		if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait > 15*60 {
			t.Errorf("Retry-After is %s, want at most 15 minutes", got.Header.Get("Retry-After"))
		}
		if policy := got.Header.Get("RateLimit-Policy"); !strings.Contains(policy, "q=10") || !strings.Contains(policy, "w=900") {
			t.Errorf("RateLimit-Policy is %s, want 10 in 900 s", policy)
		}
		if left := got.Header.Get("RateLimit"); !strings.Contains(left, "r=0") || !strings.Contains(left, "t=") {
			t.Errorf("RateLimit is %s, want none left", left)
		}
	})
}

// sensitive is a request of each sensitive route, with its status while there is no limit.
var sensitive = []struct {
	request

	status int
}{
	{request{Method: "POST", Path: "/auth/register", Body: `{}`}, 422},
	{request{Method: "POST", Path: "/auth/login", Body: object("email", "ghost@example.com", "password", "x")}, 401},
	{request{Method: "POST", Path: "/auth/refresh", Body: object("refreshToken", "nothing")}, 401},
	{request{Method: "POST", Path: "/auth/password/forgot", Body: object("email", "ghost@example.com")}, 202},
	{request{Method: "POST", Path: "/auth/password/reset", Body: object("token", "x", "password", client.Another)}, 400},
	{request{Method: "POST", Path: "/auth/email/verify", Body: object("token", "x")}, 400},
	{request{Method: "POST", Path: "/auth/exchange", Body: object("code", "x")}, 400},
	{request{Method: "POST", Path: "/auth/oauth/complete", Body: object("ticket", "x", "email", "ghost@example.com")}, 400},
}

// spend sends half as many sensitive requests again as one address may, checks how many pass, and
// returns the address.
func spend(t *testing.T, s *setup) (address string) {
	t.Helper()
	counted(t, s, "sensitive requests", perAddress, addressWindow, func() int64 {
		address = client.Address()
		var passed atomic.Int64
		const lanes = 15
		client.AtOnce(lanes, func(lane int) {
			for n := lane; n < perAddress*3/2; n += lanes {
				r := sensitive[n%len(sensitive)].request
				// Accounts and mails have limits of their own.
				r.Body = strings.Replace(r.Body.(string), "ghost@", client.Name()+"@", 1)
				if got := s.at(n).From(address).Send(t, r); got.Status != http.StatusTooManyRequests {
					passed.Add(1)
				}
			}
		})
		return passed.Load()
	})
	return address
}

func TestSensitiveRoutesOfOneAddress(t *testing.T) {
	t.Parallel()
	s := limited(t)
	other := s.from(0)
	a := other.Register(t)
	address := spend(t, s)
	got := untilLimited(t, s.two.From(address), nil)
	if policy := got.Header.Get("RateLimit-Policy"); !strings.Contains(policy, "q=100") || !strings.Contains(policy, "w=60") {
		t.Errorf("RateLimit-Policy is %s, want 100 in 60 s", policy)
	}
	if wait, _ := strconv.Atoi(got.Header.Get("Retry-After")); wait > 60 {
		t.Errorf("Retry-After is %d, want at most a minute", wait)
	}
	for _, r := range sensitive {
		if got := other.Send(t, r.request); got.Status != r.status {
			t.Errorf("%s from elsewhere = %d %s, want %d", r.Path, got.Status, got.Body, r.status)
		}
	}
	for _, path := range []string{"/users/me", "/users/me/sessions", "//health", "//health/ready"} {
		s.one.From(address).Must(t, request{Method: "GET", Path: path, Token: a.Token}, 200, nil)
	}
}

func TestMailsPerAddress(t *testing.T) {
	t.Parallel()
	s := limited(t)
	// atMost waits until a mail that was queued last has come, and counts those of the address.
	atMost := func(t *testing.T, address string) {
		t.Helper()
		last := s.from(0).Register(t)
		s.mails(t, last.User.Email, 1)
		if got := len(s.sink.Mails(address)); got > perMailbox {
			t.Errorf("%d mails went to one address, want %d at most", got, perMailbox)
		}
	}
	t.Run("for forgotten passwords", func(t *testing.T) {
		t.Parallel()
		a := s.from(0).Register(t)
		client.AtOnce(12, func(n int) {
			known, unknown := s.from(n/2).Send(t, forgot([]string{a.User.Email, strings.ToUpper(a.User.Email)}[n%2])), s.from(n).Send(t, forgot("not."+a.User.Email))
			if known.Status != 202 && known.Status != 429 || unknown.Status != 202 && unknown.Status != 429 {
				t.Errorf("forgot of a known address = %d, of an unknown one %d", known.Status, unknown.Status)
			}
		})
		s.mails(t, a.User.Email, perMailbox)
		atMost(t, a.User.Email)
		known, unknown := s.from(0).Send(t, forgot(a.User.Email)), s.from(1).Send(t, forgot("not."+a.User.Email))
		if known.Status != unknown.Status {
			t.Errorf("beyond the limit, forgot of a known address = %d, of an unknown one %d", known.Status, unknown.Status)
		}
	})
	t.Run("resent", func(t *testing.T) {
		t.Parallel()
		a := s.from(0).Register(t)
		resend := request{Method: "POST", Path: "/auth/email/resend", Token: a.Token}
		for n := range perMailbox - 1 {
			s.from(n).Must(t, resend, 202, nil)
		}
		s.mails(t, a.User.Email, perMailbox)
		s.from(1).Refuses(t, resend, 429, "rate_limited")
	})
}

func TestLimitsSwitchedOff(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	c := s.one.From(client.Address())
	a := c.Register(t)
	for range 3 * perAccount {
		c.Refuses(t, guess(a.User.Email), 401, "invalid_credentials")
	}
	for range perAddress + 5 {
		if got := c.Refuses(t, sensitive[6].request, 400, "invalid_code"); got.Header.Get("RateLimit") != "" {
			t.Fatalf("an answer without limits has RateLimit %s", got.Header.Get("RateLimit"))
		}
	}
	for n := range perMailbox + 1 {
		c.Must(t, forgot(a.User.Email), 202, nil)
		s.mails(t, a.User.Email, n+2)
	}
}

// TestLimitsWithoutRedis kills and stops Redis. Each instance then counts for itself.
func TestLimitsWithoutRedis(t *testing.T) {
	t.Parallel()
	s := newPair(t, map[string]string{"RATE_LIMIT_ENABLED": "true"})
	a := s.from(0).Register(t)
	other := s.from(1).LogIn(t, a.User.Email, client.Password)
	ready := func(status, fallback string) {
		t.Helper()
		for n := range 2 {
			harness.Eventually(t, "readiness is "+status, func() error {
				if got := s.at(n).readiness(t); got.Status != status {
					return fmt.Errorf("readiness is %+v", got)
				}
				return s.at(n).MetricIs(t, "rate_limiter_fallback", fallback)
			})
		}
	}
	for _, outage := range []struct{ begin, end func(testing.TB) }{{s.redis.Kill, s.redis.Start}, {s.redis.Pause, s.redis.Continue}} {
		outage.begin(t)
		mine := s.from(0).LogIn(t, a.User.Email, client.Password)
		s.lives(t, "a session", mine)
		s.two.Must(t, endSession(a.Token, client.SID(t, mine.Token)), 204, nil)
		s.dead(t, "the session that ended without Redis", mine)
		s.lives(t, "the other session", other)
		account := client.Name()
		harness.Eventually(t, "guesses are limited without Redis", func() error {
			if got := s.from(0).Send(t, guess(account)); got.Code() != "rate_limited" {
				return fmt.Errorf("%d %s", got.Status, got.Code())
			}
			return nil
		})
		ready("degraded", "1")
		outage.end(t)
		ready("ok", "0")
	}
}
