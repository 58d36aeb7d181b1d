package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

// pair starts two instances that share everything, as behind a load balancer.
func pair(t *testing.T, env map[string]string) [2]*instance {
	t.Helper()
	env["DATABASE_URL"], env["NATS_URL"] = pgtest.New(t), newBus(t).url
	env["JWT_SECRET"] = strings.Repeat("s", 32)
	env = withKeys(env, "a")
	other := maps.Clone(env)
	other["APP_PORT"], other["DATA_DIR"] = freePort(t), t.TempDir()
	both := [2]*instance{launch(t, env), launch(t, other)}
	for _, s := range both {
		eventually(t, "both are ready", func() error { return s.expect("GET", "/health/ready", "", "", 200) })
	}
	return both
}

// tap writes down all that passes a wire.
type tap struct {
	mu     sync.Mutex
	passed strings.Builder
}

func (p *tap) watch(_ bool, chunk []byte) harness.Fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed.Write(chunk)
	return harness.Pass
}

func (p *tap) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed.String()
}

// Each step of a flow may be at either of two instances, and no flow gets anything of another.
// What they share through Redis tells nothing to who reads it.
func TestFlowsOverTwoInstances(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	wire, seen := harness.NewWire(t, redisserver.Start(t).Addr), new(tap)
	wire.Watch(seen.watch)
	env["REDIS_URL"] = "redis://" + wire.Addr
	both := pair(t, env)
	events := subscribe(t, both[0].nats)

	const flows = 100
	users, states := make([]oauthAnswer, flows), make([]string, flows)
	var all sync.WaitGroup
	for n := range flows {
		f := newFlow(t, providers[n%3])
		if n%2 == 0 {
			f = f.proven()
		}
		all.Go(func() { // in each of the eight ways
			in, err := f.logIn(both[n/2%2], both[n/4%2], both[n/8%2], devidptest.AsPerson(numbered(n)))
			if err == nil {
				err = whoIs(both[n/16%2], in, numbered(n).Email)
			}
			if err != nil {
				t.Errorf("flow %d: %v", n, err)
			}
			users[n], states[n] = in, f.state
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for n, in := range users {
		events.waitFor(t, in.User.ID, 1)
		if !in.IsNewUser {
			t.Errorf("user %d is not new", n)
		}
	}
	for _, s := range both {
		eventually(t, "every event is published", func() error { return s.wantMetric(t, "outbox_pending", "0") })
	}
	if got := len(events.all()); got != flows {
		t.Errorf("%d events for %d new users", got, flows)
	}
	kept := seen.String()
	if !strings.Contains(kept, "gofiber-auth:") {
		t.Fatal("nothing was kept in Redis")
	}
	for _, secret := range slices.Concat(provider.given(), states, []string{"@example.com", "Person 1", "nonce", "verifier"}) {
		if strings.Contains(strings.ToLower(kept), strings.ToLower(secret)) {
			t.Errorf("Redis gets to see %q", secret)
		}
	}
}

// whoIs checks that the session is of who has the e-mail address, and of nobody else.
func whoIs(s *instance, in oauthAnswer, email string) error {
	if in.User.Email != email {
		return fmt.Errorf("logged in as %s, want %s", in.User.Email, email)
	}
	status, _, body, err := s.do(http.MethodGet, "/api/v1/users/me", in.Token, "")
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`"id":%q,"email":%q`, in.User.ID, email); status != http.StatusOK || !strings.Contains(string(body), want) {
		return fmt.Errorf("GET /users/me = %d %s, want %s", status, body, want)
	}
	return nil
}

// Of many who come with one state, or with one one-time code, at whichever instance, one gets
// on; a code that comes again ends the session that it made, everywhere; and who comes many
// times at once is one.
func TestRivalsOverTwoInstances(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	env["REDIS_URL"] = redisserver.Start(t).URL()
	both := pair(t, env)
	events := subscribe(t, both[0].nats)
	const rivals = 50

	t.Run("state", func(t *testing.T) {
		t.Parallel()
		f := newFlow(t, "google")
		location := f.mustBegin(t, both[0], devidptest.As("ada"))
		var codes atomic.Int32
		var all sync.WaitGroup
		for n := range rivals {
			all.Go(func() {
				query, err := f.callback(both[n%2], location)
				switch {
				case err != nil:
					t.Error(err)
				case query.Get("code") != "" && query.Get("state") == f.state:
					codes.Add(1)
				case query.Get("error") != "invalid_state":
					t.Errorf("the front end gets %v", query)
				}
			})
		}
		all.Wait()
		if n := codes.Load(); n != 1 {
			t.Errorf("%d of %d callbacks with one state brought a code, want 1", n, rivals)
		}
	})

	t.Run("code", func(t *testing.T) {
		t.Parallel()
		f := newFlow(t, "line").proven()
		code := f.mustCome(t, both[0], devidptest.As("grace"))
		tokens := make(chan string, rivals)
		var all sync.WaitGroup
		for n := range rivals {
			all.Go(func() {
				status, in, err := f.redeem(both[n%2], code)
				switch {
				case err != nil:
					t.Error(err)
				case status == http.StatusOK:
					tokens <- in.Token
				case status != http.StatusBadRequest || in.Code != "invalid_code":
					t.Errorf("an exchange = %d %s", status, in.Code)
				}
			})
		}
		all.Wait()
		close(tokens)
		if len(tokens) != 1 {
			t.Errorf("%d of %d exchanges of one code worked, want 1", len(tokens), rivals)
		}
		for token := range tokens { // the code came again, many times
			for _, s := range both {
				s.must(t, "GET", "/api/v1/users/me", token, "", 401, nil)
			}
		}
	})

	t.Run("first log-ins", func(t *testing.T) {
		t.Parallel()
		answers := comeAtOnce(t, both, 20, devidptest.AsPerson(numbered(2)))
		who, first := answers[0].User.ID, 0
		for _, in := range answers {
			if in.IsNewUser {
				first++
			}
			if in.User.ID != who {
				t.Errorf("one person became the users %s and %s", who, in.User.ID)
			}
		}
		if first != 1 {
			t.Errorf("%d log-ins made a new user, want 1", first)
		}
		events.waitFor(t, who, 1)
		var linked []struct{ Provider string }
		both[0].must(t, "GET", "/api/v1/users/me/oauth-providers", answers[0].Token, "", 200, &linked)
		if len(linked) != 1 {
			t.Errorf("%d identities", len(linked))
		}
		both[1].must(t, "PATCH", "/api/v1/users/me", answers[1].Token, `{"username":"now-second"}`, 200, nil)
		if got := events.waitFor(t, who, 2); got[0].body.Action != "created" || got[1].body.Action != "updated" {
			t.Errorf("the events are %s, %s", got[0].body.Action, got[1].body.Action)
		}
	})

	t.Run("linking", func(t *testing.T) {
		t.Parallel()
		ada := both[0].register(t, "password-ada")
		f := newFlow(t, "line")
		link := func(answer url.Values) string {
			t.Helper()
			res, body, err := f.send("POST", both[0].base+"/api/v1/users/me/oauth-providers/line", ada.Token, "")
			var start struct{ URL string }
			if err == nil {
				err = json.Unmarshal(body, &start)
			}
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("linking = %v %s %v", res, body, err)
			}
			location, err := f.consent(start.URL, answer)
			if err != nil {
				t.Fatal(err)
			}
			return location
		}
		another := link(devidptest.AsPerson(numbered(4)))
		location := link(devidptest.AsPerson(numbered(3)))
		if query, err := (flow{browser: newBrowser(t), frontend: frontendURL}).callback(both[1], another); err != nil || query.Get("error") != "invalid_state" {
			t.Errorf("in another browser the front end gets %v, %v", query, err)
		}
		if query, err := f.callback(both[1], location); err != nil || query.Get("linked") != "line" {
			t.Errorf("the front end gets %v, %v", query, err)
		}
		in, err := newFlow(t, "line").logIn(both[1], both[0], both[1], devidptest.AsPerson(numbered(3)))
		if err != nil || in.User.ID != ada.User.ID || in.User.Email != ada.User.Email {
			t.Errorf("through the provider comes %+v, %v", in.User, err)
		}
	})

	t.Run("a code comes again elsewhere", func(t *testing.T) {
		t.Parallel()
		f := newFlow(t, "facebook")
		code := f.mustCome(t, both[0], devidptest.AsPerson(numbered(1)))
		status, in, err := f.redeem(both[0], code)
		if err != nil || status != http.StatusOK {
			t.Fatalf("the exchange = %d %s, %v", status, in.Code, err)
		}
		bystander := newFlow(t, "facebook").mustLogIn(t, both[1], devidptest.AsPerson(numbered(1)))
		for _, s := range both {
			s.must(t, "GET", "/api/v1/users/me", in.Token, "", 200, nil)
		}
		if status, again, err := f.redeem(both[1], code); err != nil || status != 400 || again.Code != "invalid_code" {
			t.Errorf("the second exchange = %d %s, %v", status, again.Code, err)
		}
		for _, s := range both {
			s.must(t, "GET", "/api/v1/users/me", in.Token, "", 401, nil)
			s.must(t, "GET", "/api/v1/users/me", bystander.Token, "", 200, nil) // another session of the same user
		}
	})
}

// comeAtOnce has somebody come with many flows, each of which has its code before any is redeemed.
// It returns how they all ended.
func comeAtOnce(t *testing.T, both [2]*instance, flows int, answer url.Values) []oauthAnswer {
	t.Helper()
	answers := make([]oauthAnswer, flows)
	var all, ready sync.WaitGroup
	ready.Add(flows)
	for n := range flows {
		f := newFlow(t, "google")
		all.Go(func() {
			code, err := f.come(both[n%2], both[n/2%2], answer)
			ready.Done()
			ready.Wait()
			if err != nil {
				t.Error(err)
				return
			}
			status, in, err := f.redeem(both[n%2], code)
			if err != nil || status != http.StatusOK {
				t.Errorf("the exchange = %d %s, %v", status, in.Code, err)
			}
			answers[n] = in
		})
	}
	all.Wait()
	return answers
}

// Many at once through one instance are not mixed up.
func TestManyFlowsAtOnce(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	env["LOG_LEVEL"] = "info"
	s := start(t, env)
	const flows = 200
	var slowest atomic.Int64
	begun := time.Now()
	var all sync.WaitGroup
	for n := range flows {
		f := newFlow(t, providers[n%3])
		if n%2 == 0 {
			f = f.proven()
		}
		all.Go(func() {
			at := time.Now()
			in, err := f.logIn(s, s, s, devidptest.AsPerson(numbered(n)))
			if err == nil {
				err = whoIs(s, in, numbered(n).Email)
			}
			if err != nil {
				t.Errorf("flow %d: %v", n, err)
			}
			for took := time.Since(at).Milliseconds(); ; {
				if was := slowest.Load(); took <= was || slowest.CompareAndSwap(was, took) {
					return
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d flows at once took %s, the slowest %d ms", flows, time.Since(begun).Round(time.Millisecond), slowest.Load())
}
