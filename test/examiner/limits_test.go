package examiner

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

// limitedPlan has limits, and believes X-Forwarded-For of this machine.
func limitedPlan(two bool) plan {
	return plan{two: two, env: map[string]string{"RATE_LIMIT_ENABLED": "true", "TRUSTED_PROXIES": "127.0.0.1"}}
}

// from is the header of a request that a trusted proxy passes on for an address.
func from(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }

// elsewhere is an address that nobody else has.
func (w *world) elsewhere() string {
	n := w.names.Add(1)
	return fmt.Sprintf("198.18.%d.%d", n/250, n%250+1)
}

// guess tries a wrong password for an account, named in one field.
func guess(field, account, address string) request {
	return request{method: "POST", path: "/auth/login", body: object(field, account, "password", "not the right one"), header: from(address)}
}

// TestGuessing has strangers guess from ever new addresses, under all names of an account.
func TestGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limitedPlan(true))
	t.Run("fifty at once", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		var refused, limited atomic.Int64
		atOnce(50, func(n int) {
			field, account := "email", a.User.Email
			switch n % 4 {
			case 1:
				account = strings.ToUpper(account)
			case 2:
				field, account = "username", a.User.Username
			case 3:
				field, account = "username", strings.ToUpper(a.User.Username)
			}
			switch got := w.instances()[n/4%2].send(t, guess(field, account, w.elsewhere())); got.code() {
			case "invalid_credentials":
				refused.Add(1)
			case "rate_limited":
				limited.Add(1)
			default:
				t.Errorf("a guess = %d %s", got.status, got.body)
			}
		})
		if refused.Load() != 10 || limited.Load() != 40 {
			t.Errorf("of 50 guesses %d get 401 and %d 429, want 10 and 40", refused.Load(), limited.Load())
		}
	})
	t.Run("under two names at once, and oddly spelt", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name()+"-k.s", from(w.elsewhere())) // whose letters others fold to
		email, username := a.User.Email, a.User.Username
		bodies := []func(n int) string{
			func(n int) string {
				return object("email", email, "username", fmt.Sprintf("other%d", n), "password", "wrong")
			},
			func(n int) string {
				return object("username", username, "email", fmt.Sprintf("other%d@example.com", n), "password", "wrong")
			},
			func(n int) string { return object("email", strings.Repeat(" ", n)+email, "password", "wrong") },
			func(n int) string { return object("username", username+strings.Repeat(" ", n), "password", "wrong") },
			func(int) string {
				return object("username", strings.Replace(username, "k", "\u212a", 1), "password", "wrong")
			},
			func(int) string {
				return object("username", strings.Replace(username, "s", "\u017f", 1), "password", "wrong")
			},
			func(int) string {
				return object("email", strings.Replace(email, "k", "\u212a", 1), "password", "wrong")
			},
			func(int) string { return object("username", email, "password", "wrong") },
			func(int) string { return object("email", username, "password", "wrong") },
		}
		before := len(w.one.audit(t, "/users/me/audit", a.Token, 100))
		for n := range 15 {
			for _, body := range bodies {
				w.instances()[n%2].send(t, request{method: "POST", path: "/auth/login", body: body(n), header: from(w.elsewhere())})
			}
		}
		// Guesses that reached the account are in its log, however they were spelt.
		if reached := len(w.one.audit(t, "/users/me/audit", a.Token, 100)) - before; reached > 11 {
			t.Errorf("%d guesses reached the account, want 10", reached)
		}
	})
	t.Run("from where the owner is", func(t *testing.T) {
		t.Parallel()
		home := w.elsewhere()
		a := w.one.registerAs(t, w.name(), from(home))
		w.two.logInWith(t, a.User, password, from(home))
		var refused atomic.Int64
		atOnce(40, func(n int) {
			if got := w.instances()[n%2].send(t, guess("email", a.User.Email, home)); got.code() == "invalid_credentials" {
				refused.Add(1)
			} else if got.status != 429 {
				t.Errorf("a guess = %d %s", got.status, got.body)
			}
		})
		if refused.Load() != 10 {
			t.Errorf("of 40 guesses from the owner's address %d get 401, want 10", refused.Load())
		}
		right := request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", password), header: from(home)}
		w.one.refuses(t, right, 429, "rate_limited")
	})
	t.Run("from everywhere and home", func(t *testing.T) {
		t.Parallel()
		home := w.elsewhere()
		a := w.one.registerAs(t, w.name(), from(home))
		refused := 0
		for n := range 60 {
			address := home
			if n%2 == 0 {
				address = w.elsewhere()
			}
			if got := w.instances()[n/2%2].send(t, guess("email", a.User.Email, address)); got.status == 401 {
				refused++
			}
		}
		if refused > 20 {
			t.Errorf("%d guesses get 401, want 10 of strangers and 10 from the owner's address at most", refused)
		}
	})
	t.Run("one by one", func(t *testing.T) {
		t.Parallel()
		home := w.elsewhere()
		a := w.one.registerAs(t, w.name(), from(home))
		for n := range 10 {
			w.instances()[n%2].refuses(t, guess("email", a.User.Email, w.elsewhere()), 401, "invalid_credentials")
		}
		got := w.one.refuses(t, guess("username", a.User.Username, w.elsewhere()), 429, "rate_limited")
		if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait > 15*60 {
			t.Errorf("Retry-After is %s, want at most 15 minutes", got.header.Get("Retry-After"))
		}
		if policy := got.header.Get("RateLimit-Policy"); !strings.Contains(policy, "q=10") || !strings.Contains(policy, "w=900") {
			t.Errorf("RateLimit-Policy is %s, want 10 in 900 s", policy)
		}
		if limit := got.header.Get("RateLimit"); !strings.Contains(limit, "r=0") || !strings.Contains(limit, "t=") {
			t.Errorf("RateLimit is %s, want none left", limit)
		}
		right := request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", password), header: from(w.elsewhere())}
		w.two.refuses(t, right, 429, "rate_limited") // else a guess would tell
		right.header = from(home)
		w.two.must(t, right, 200, nil) // no stranger locks the owner out
		w.lives(t, "the owner's session", a)
	})
	t.Run("an account that is not there", func(t *testing.T) {
		t.Parallel()
		for n := range 10 {
			w.instances()[n%2].refuses(t, guess("email", "ghost@example.com", w.elsewhere()), 401, "invalid_credentials")
		}
		for _, name := range []string{"ghost@example.com", "GHOST@example.com"} {
			w.one.refuses(t, guess("email", name, w.elsewhere()), 429, "rate_limited")
		}
	})
	t.Run("successes do not count", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		for range 12 {
			w.one.logInWith(t, a.User, password, from(w.elsewhere()))
		}
	})
	for name, r := range map[string]request{
		"the current password, to change it":    {method: "PUT", path: "/users/me/password", body: object("currentPassword", "not the right one", "newPassword", another)},
		"the current password, for the e-mail":  {method: "PATCH", path: "/users/me", body: object("currentPassword", "not the right one", "email", "somebody.else@example.com")},
		"the current password, for the account": {method: "DELETE", path: "/users/me", body: object("currentPassword", "not the right one")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
			wrong := 0
			for n := range 40 {
				r.token, r.header = a.Token, from(w.elsewhere())
				switch got := w.instances()[n%2].send(t, r); got.code() {
				case "wrong_password":
					wrong++
				case "rate_limited":
				default:
					t.Errorf("a guess = %d %s", got.status, got.body)
				}
			}
			if wrong != 10 {
				t.Errorf("%d of 40 wrong current passwords get 403, want 10: whoever stole a token may not guess for ever", wrong)
			}
			w.lives(t, "the session", a)
		})
	}
	t.Run("the current password at once", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		var wrong atomic.Int64
		atOnce(40, func(n int) {
			r := request{method: "PUT", path: "/users/me/password", token: a.Token, header: from(w.elsewhere()), body: object("currentPassword", "not the right one", "newPassword", another)}
			if w.instances()[n%2].send(t, r).code() == "wrong_password" {
				wrong.Add(1)
			}
		})
		if wrong.Load() != 10 {
			t.Errorf("%d of 40 wrong current passwords at once get 403, want 10", wrong.Load())
		}
	})
}

// sensitive is a request of each sensitive route, with what it gets as long as there is no limit.
var sensitive = []struct {
	request
	status int
}{
	{request{method: "POST", path: "/auth/register", body: `{}`}, 422},
	{request{method: "POST", path: "/auth/login", body: object("email", "nobody@example.com", "password", "x")}, 401},
	{request{method: "POST", path: "/auth/refresh", body: object("refreshToken", "nothing")}, 401},
	{request{method: "POST", path: "/auth/password/forgot", body: object("email", "nobody@example.com")}, 202},
	{request{method: "POST", path: "/auth/password/reset", body: object("token", "x", "password", another)}, 400},
	{request{method: "POST", path: "/auth/email/verify", body: object("token", "x")}, 400},
	{request{method: "POST", path: "/auth/exchange", body: object("code", "x")}, 400},
	{request{method: "POST", path: "/auth/oauth/complete", body: object("ticket", "x", "email", "nobody@example.com")}, 400},
}

// spend sends a hundred and fifty sensitive requests and says how many were not limited, which
// must be a hundred. header is of the n-th request.
func (w *world) spend(t *testing.T, header func(n int) map[string]string) {
	t.Helper()
	var passed atomic.Int64
	atOnce(15, func(lane int) {
		for k := range 10 {
			n := lane*10 + k
			r := sensitive[n%len(sensitive)]
			// Accounts and mails have limits of their own.
			r.body = strings.Replace(r.body, "nobody@", fmt.Sprintf("nobody%d@", w.names.Add(1)), 1)
			r.header = header(n)
			if got := w.instances()[n%len(w.instances())].send(t, r.request); got.status != http.StatusTooManyRequests {
				passed.Add(1)
			}
		}
	})
	if passed.Load() != 100 {
		t.Errorf("%d of 150 sensitive requests passed, want 100", passed.Load())
	}
}

// TestAddresses has one client send too much, however it calls itself.
func TestAddresses(t *testing.T) {
	t.Parallel()
	t.Run("over all routes at two instances", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, limitedPlan(true))
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		w.spend(t, func(int) map[string]string { return from("203.0.113.5") })
		for _, r := range sensitive {
			r.header = from("203.0.113.5")
			got := w.two.refuses(t, r.request, 429, "rate_limited")
			if policy := got.header.Get("RateLimit-Policy"); !strings.Contains(policy, "q=100") || !strings.Contains(policy, "w=60") {
				t.Errorf("RateLimit-Policy is %s, want 100 in 60 s", policy)
			}
			if wait, _ := strconv.Atoi(got.header.Get("Retry-After")); wait > 60 {
				t.Errorf("Retry-After is %d, want at most a minute", wait)
			}
			r.header = from("203.0.113.6")
			r.body = strings.Replace(r.body, "nobody@", "nobody-else@", 1)
			if got := w.one.send(t, r.request); got.status != r.status {
				t.Errorf("%s from elsewhere = %d %s, want %d", r.path, got.status, got.body, r.status)
			}
		}
		for _, path := range []string{"/users/me", "/users/me/sessions", "//health", "//health/ready"} {
			w.one.must(t, request{method: "GET", path: path, token: a.Token, header: from("203.0.113.5")}, 200, nil)
		}
	})
	for name, c := range map[string]struct {
		proxies string
		header  func(n int) map[string]string
		free    map[string]string // what another client's request has
	}{
		"forged without a proxy": {"", func(n int) map[string]string {
			forged := fmt.Sprintf("192.0.2.%d", n)
			return map[string]string{"X-Forwarded-For": forged, "X-Real-IP": forged, "Forwarded": "for=" + forged, "True-Client-IP": forged, "CF-Connecting-IP": forged, "X-Client-IP": forged}
		}, nil},
		"forged from an untrusted proxy": {"10.0.0.0/8", func(n int) map[string]string { return from(fmt.Sprintf("192.0.2.%d", n)) }, nil},
		"a forged left part":             {"127.0.0.0/8", func(n int) map[string]string { return from(fmt.Sprintf("192.0.2.%d, 203.0.113.5", n)) }, from("192.0.2.1, 203.0.113.6")},
		"through two proxies": {"127.0.0.1,10.0.0.0/8", func(n int) map[string]string {
			return from(fmt.Sprintf("192.0.2.%d, 203.0.113.5, 10.1.2.%d", n, n))
		}, from("203.0.113.5, 203.0.113.6, 10.1.2.3")},
		"other headers by the proxy": {"127.0.0.1", func(n int) map[string]string {
			forged := fmt.Sprintf("192.0.2.%d", n)
			return map[string]string{"X-Forwarded-For": "203.0.113.5", "X-Real-IP": forged, "True-Client-IP": forged, "X-Client-IP": forged}
		}, from("203.0.113.6")},
		"a forged line of its own": {"127.0.0.1", func(n int) map[string]string { return from(fmt.Sprintf("192.0.2.%d\n203.0.113.5", n)) }, from("203.0.113.5\n203.0.113.6")},
		"with ports and spaces": {"127.0.0.1", func(n int) map[string]string {
			return from([]string{fmt.Sprintf("203.0.113.5:%d", 1024+n), "203.0.113.5", "  203.0.113.5  "}[n%3])
		}, from("203.0.113.6:1024")},
		"IPv6 by /64": {"127.0.0.1", func(n int) map[string]string { return from(fmt.Sprintf("2001:db8:1:2:%x:%x::%x", n, n, n)) }, from("2001:db8:1:3::1")},
		"IPv6 spelt variously": {"127.0.0.1", func(n int) map[string]string {
			return from([]string{"2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001", "[2001:db8::1]", "[2001:db8::1]:1234"}[n%3])
		}, from("2001:db8:0:1::1")},
		"IPv4 in IPv6": {"127.0.0.1", func(n int) map[string]string {
			return from([]string{"203.0.113.5", "::ffff:203.0.113.5", "::FFFF:cb00:7105"}[n%3])
		}, from("::ffff:203.0.113.6")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan{env: map[string]string{"RATE_LIMIT_ENABLED": "true", "TRUSTED_PROXIES": c.proxies}})
			w.spend(t, c.header)
			if c.free != nil {
				r := sensitive[1]
				r.header = c.free
				w.one.refuses(t, r.request, 401, "invalid_credentials")
			}
		})
	}
}

// TestAddressOfSessions has the list show who came through proxies.
func TestAddressOfSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8"}})
	a := w.one.register(t)
	for header, want := range map[string]string{
		"203.0.113.5": "203.0.113.5", "192.0.2.1, 203.0.113.5": "203.0.113.5", "192.0.2.1, 203.0.113.5, 10.1.2.3": "203.0.113.5",
		"2001:db8::17": "2001:db8::17", "unknown": "127.0.0.1", "192.0.2.1, <script>": "127.0.0.1", "": "127.0.0.1",
	} {
		b := w.one.logInWith(t, a.User, password, from(header))
		for _, s := range w.one.sessions(t, b.Token) {
			if s.Current && s.IP != want {
				t.Errorf("the address for %q is %s, want %s", header, s.IP, want)
			}
		}
	}
}

// TestNoLimits turns them off.
func TestNoLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"RATE_LIMIT_ENABLED": "false"}})
	a := w.one.register(t)
	for range 30 {
		w.one.refuses(t, guess("email", a.User.Email, ""), 401, "invalid_credentials")
	}
	for range 100 {
		w.one.refuses(t, request{method: "POST", path: "/auth/exchange", body: object("code", "x")}, 400, "invalid_code")
	}
	for n := range 7 {
		w.one.must(t, forgot(a.User.Email), 202, nil)
		w.mails(t, a.User.Email, n+2)
	}
}

// TestMailLimit asks for more mails than an address gets. The first is the registration's.
func TestMailLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limitedPlan(true))
	// atMost has so many mails at an address when all that was asked for has been sent.
	atMost := func(t *testing.T, address string) {
		t.Helper()
		last := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		w.mails(t, last.User.Email, 1) // which was queued after all these
		if got := len(w.sink.Mails(address)); got > 5 {
			t.Errorf("%d mails went to one address, want 5 at most", got)
		}
	}
	t.Run("forgotten passwords", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		atOnce(12, func(n int) {
			r := forgot([]string{a.User.Email, strings.ToUpper(a.User.Email)}[n%2])
			r.header = from(w.elsewhere())
			if got := w.instances()[n/2%2].send(t, r); got.status != 202 && got.status != 429 {
				t.Errorf("forgot = %d %s", got.status, got.body)
			}
		})
		w.mails(t, a.User.Email, 5)
		atMost(t, a.User.Email)
	})
	t.Run("forgotten passwords of nobody", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		for range 8 {
			known, unknown := forgot(a.User.Email), forgot("not."+a.User.Email)
			known.header, unknown.header = from(w.elsewhere()), from(w.elsewhere())
			if one, other := w.one.send(t, known).status, w.two.send(t, unknown).status; one != other {
				t.Errorf("forgot of a known address = %d, of an unknown one %d", one, other)
			}
		}
	})
	t.Run("resends", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		resend := request{method: "POST", path: "/auth/email/resend", token: a.Token, header: from(w.elsewhere())}
		for range 4 {
			w.one.must(t, resend, 202, nil)
		}
		w.mails(t, a.User.Email, 5)
		w.two.refuses(t, resend, 429, "rate_limited")
	})
	t.Run("registrations of a victim's address", func(t *testing.T) {
		t.Parallel()
		name := w.name()
		for range 7 {
			r := request{method: "POST", path: "/auth/register", header: from(w.elsewhere()), body: object("email", name+"@example.com", "username", name, "password", password)}
			var a auth
			if got := w.one.send(t, r); got.status == 429 {
				break
			} else if err := jsonOf(got, 201, &a); err != nil {
				t.Fatal(err)
			}
			w.one.must(t, request{method: "DELETE", path: "/users/me", token: w.seen(a).Token, body: object("currentPassword", password)}, 204, nil)
		}
		atMost(t, name+"@example.com")
	})
	t.Run("changes to a victim's address and back", func(t *testing.T) {
		t.Parallel()
		a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
		victim := w.name() + "@example.com"
		for n := range 16 {
			r := request{method: "PATCH", path: "/users/me", token: a.Token, header: from(w.elsewhere()), body: object("email", []string{victim, a.User.Email}[n%2], "currentPassword", password)}
			if got := w.one.send(t, r); got.status != 200 && got.status != 429 {
				t.Fatalf("change = %d %s", got.status, got.body)
			}
		}
		atMost(t, victim)
	})
}

// TestLimitsWithoutRedis kills Redis while somebody guesses, and brings it back.
func TestLimitsWithoutRedis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limitedPlan(true))
	a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
	b := w.one.registerAs(t, w.name(), from(w.elsewhere()))
	var refused atomic.Int64
	count := func(r request, i *instance) {
		switch got := i.send(t, r); got.code() {
		case "invalid_credentials":
			refused.Add(1)
		case "rate_limited":
		default:
			t.Errorf("a guess = %d %s", got.status, got.body)
		}
	}
	atOnce(40, func(n int) {
		if n == 20 {
			if err := w.redis.Cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			<-w.redis.Exited
			return
		}
		for range 4 {
			count(guess("email", a.User.Email, w.elsewhere()), w.instances()[n%2])
		}
	})
	if got := refused.Load(); got < 10 || got > 30 {
		t.Errorf("%d guesses passed while Redis died, want 10, and 10 more of each instance at most", got)
	}
	refused.Store(0)
	atOnce(40, func(n int) { count(guess("email", b.User.Email, w.elsewhere()), w.instances()[n%2]) })
	if got := refused.Load(); got < 10 || got > 20 {
		t.Errorf("%d guesses passed without Redis, want 10 of each instance at most", got)
	}
	for _, i := range w.instances() {
		begun := time.Now()
		i.logInWith(t, w.one.registerAs(t, w.name(), from(w.elsewhere())).User, password, from(w.elsewhere()))
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("a log-in without Redis takes %s", took)
		}
		var ready struct {
			Status string
			Checks map[string]string
		}
		i.must(t, request{method: "GET", path: "//health/ready"}, 200, &ready)
		if ready.Status != "degraded" || ready.Checks["cache"] == "ok" || ready.Checks["cache"] == "" {
			t.Errorf("readiness without Redis is %+v", ready)
		}
	}
	w.redis.Start(t)
	harness.Eventually(t, "both count in Redis again", func() error {
		for _, i := range w.instances() {
			var ready struct{ Status string }
			i.must(t, request{method: "GET", path: "//health/ready"}, 200, &ready)
			if ready.Status != "ok" {
				return fmt.Errorf("readiness is %s", ready.Status)
			}
		}
		return nil
	})
	c := w.one.registerAs(t, w.name(), from(w.elsewhere()))
	refused.Store(0)
	atOnce(40, func(n int) { count(guess("email", c.User.Email, w.elsewhere()), w.instances()[n%2]) })
	if got := refused.Load(); got != 10 {
		t.Errorf("%d guesses passed after Redis came back, want 10", got)
	}
}
