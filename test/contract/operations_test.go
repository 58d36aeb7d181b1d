package contract

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

func TestHealthMetricsAndDocs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, path := range []string{"//health", "//health/live"} {
			if got := decoded(t, s.one.Must(t, request{Method: "GET", Path: path}, 200, nil)); got["status"] != "ok" || got["service"] != "gofiber-auth" || got["version"] == "" {
				t.Errorf("%s is %v", path, got)
			}
		}
		if got := s.two.readiness(t); got.Status != "ok" || got.Checks["database"] != "ok" || got.Checks["events"] != "ok" || got.Checks["cache"] != "ok" {
			t.Errorf("readiness is %+v", got)
		}
		s.one.Send(t, client.Login(client.Name(), "wrong words"))
		metrics := s.one.Metrics(t)
		for _, name := range []string{"http_request_duration_seconds_count", "outbox_pending", "mails_pending", "password_pool_queue_depth"} {
			if !strings.Contains(metrics, "\n"+name) {
				t.Errorf("there is no metric %s", name)
			}
		}
		for path, kind := range map[string]string{"//openapi.yaml": "yaml", "//docs": "text/html", "//problems/email-taken": "text/html"} {
			got := s.one.Must(t, request{Method: "GET", Path: path}, 200, nil)
			if !strings.Contains(got.Header.Get("Content-Type"), kind) || len(got.Body) == 0 {
				t.Errorf("%s comes as %s", path, got.Header.Get("Content-Type"))
			}
		}
	})
}

// TestDatabaseIsAway cuts the way to PostgreSQL before and after the start. Nothing has to be
// restarted.
func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	wire := harness.NewWire(t, u.Host)
	wire.Cut()
	u.Host = wire.Addr
	_, env := newEnv(t, map[string]string{"DATABASE_URL": u.String()})
	launched := harness.Launch(t, env)
	s := &service{launched, client.New(launched.Base)}
	harness.Eventually(t, "it says what it waits for", func() error {
		if !strings.Contains(s.Output(), "database") {
			return harness.ErrNotYet
		}
		return nil
	})
	wire.Mend(t)
	s.AwaitReady(t)
	events := subscribe(t, s.NATS())
	a := s.Register(t)

	wire.Cut()
	for _, r := range []request{
		{Method: "GET", Path: "/users/me", Token: a.Token},
		client.Registration(client.Name()),
		client.Login(a.User.Email, client.Password),
		client.Refreshing(a.RefreshToken),
	} {
		if got := s.Send(t, r); got.Status != 503 {
			t.Errorf("%s %s without the database = %d %s, want 503", r.Method, r.Path, got.Status, got.Body)
		}
	}
	if got := s.Send(t, request{Method: "GET", Path: "//health/ready"}); got.Status != 503 || !strings.Contains(string(got.Body), `"unavailable"`) {
		t.Errorf("readiness without the database = %d %s", got.Status, got.Body)
	}
	s.Must(t, request{Method: "GET", Path: "//health/live"}, 200, nil)
	wire.Mend(t)
	s.AwaitReady(t)
	if got := s.Me(t, a.Token); got.ID != a.User.ID {
		t.Errorf("the user is %+v", got)
	}
	events.waitFor(t, s.Register(t).User.ID, 1)
}

// TestSlowClientIsCutOff has a client send a byte now and then.
func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	s := embedded(t).one
	c, err := net.Dial("tcp", strings.TrimPrefix(s.Client.Base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // drips until the other end has had enough
		defer close(done)
		for {
			if _, err := c.Write([]byte(" ")); err != nil {
				return
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	s.Must(t, request{Method: "GET", Path: "//health"}, 200, nil)
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Error("a dripping request is never cut off")
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		a := s.one.Register(t)
		s.one.Stop(t)
		s.one.Restart(t)
		s.lives(t, "the session", a)
		events := subscribe(t, s.one.NATS())
		b := s.one.Register(t)
		events.waitFor(t, b.User.ID, 1)
		if got := events.waitFor(t, a.User.ID, 1); len(got) != 1 {
			t.Errorf("a user has %d events after the restart, want 1", len(got))
		}
	})
}

// TestLogLinesAreJSON makes every kind of mistake and looks at both streams.
func TestLogLinesAreJSON(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	a := s.one.Register(t)
	const wrong = "wrong horse battery staple"
	client.Secrets.Add("wrong password", wrong)
	s.one.Refuses(t, client.Registration(a.User.Username), 409, "email_taken")
	s.one.Refuses(t, client.Login(a.User.Email, wrong), 401, "invalid_credentials")
	s.one.Refuses(t, request{Method: "POST", Path: "/auth/login", Body: map[string]any{"email": a.User.Email, "password": []string{wrong}}}, 422, "validation_failed")
	s.one.Refuses(t, request{Method: "POST", Path: "/auth/login", Body: `{"password":"` + wrong}, 400, "invalid_json")
	s.one.Refuses(t, request{Method: "GET", Path: "/users/me?token=" + a.Token}, 401, "unauthorized")
	s.one.Refuses(t, request{Method: "GET", Path: "//nowhere/" + a.User.Email + "/" + a.RefreshToken}, 404, "not_found")
	s.one.Refuses(t, request{Method: "GET", Path: "/users/" + a.User.Email, Token: a.Token}, 403, "forbidden")
	s.one.Stop(t)
	wholeJSON(t, s.one.Output()) // and holds no secret: see start
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

// inRedis returns all keys with their values.
func inRedis(t *testing.T, s *setup) map[string]string {
	t.Helper()
	rdb := redisClient(t, s.redis)
	ctx := t.Context()
	keys, err := rdb.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		switch kind := rdb.Type(ctx, key).Val(); kind {
		case "string":
			all[key] = rdb.Get(ctx, key).Val()
		case "hash":
			all[key] = fmt.Sprint(rdb.HGetAll(ctx, key).Val())
		case "set":
			all[key] = fmt.Sprint(rdb.SMembers(ctx, key).Val())
		case "zset":
			all[key] = fmt.Sprint(rdb.ZRange(ctx, key, 0, -1).Val())
		case "list":
			all[key] = fmt.Sprint(rdb.LRange(ctx, key, 0, -1).Val())
		}
	}
	return all
}

func redisClient(t *testing.T, server *redisserver.Server) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(options)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// TestRedisHoldsNoSecret looks at all keys and values while sessions live and limits count.
func TestRedisHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := limited(t)
	a := s.from(0).Register(t)
	s.from(1).Send(t, guess(a.User.Email))
	s.tokenOf(t, s.mails(t, a.User.Email, 1)[0], verifyPage)
	s.from(1).Refresh(t, a.RefreshToken)
	all := inRedis(t, s)
	if len(all) == 0 {
		t.Error("there is nothing in Redis")
	}
	for key, value := range all {
		text := key + " " + value
		if found := client.Secrets.Found(text); found != nil || strings.Contains(text, a.User.Email) || strings.Contains(text, "$2a$") {
			t.Errorf("Redis holds %s %v", text, found)
		}
	}
}

// TestLiveSessionsInRedis: other services see there which sessions live, whichever instance begins
// or ends them. A Redis that dies takes nothing down.
func TestLiveSessionsInRedis(t *testing.T) {
	t.Parallel()
	s := newPair(t, map[string]string{"APP_NAME": "auth one"})
	rdb := redisClient(t, s.redis)
	userOf := func(a auth) string {
		t.Helper()
		user, err := rdb.Get(t.Context(), "auth-one:session:"+client.SID(t, a.Token)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		return user
	}
	harness.Eventually(t, "the copy is complete", func() error {
		if n, err := rdb.Exists(t.Context(), "auth-one:sessions:copied").Result(); err != nil || n == 0 {
			return fmt.Errorf("%d, %w", n, err)
		}
		return nil
	})
	ended := rdb.Subscribe(t.Context(), "auth-one:sessions:ended")
	t.Cleanup(func() { _ = ended.Close() })
	if _, err := ended.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	over := func(what string, a auth) {
		t.Helper()
		if userOf(a) != "" {
			t.Errorf("%s: the session is in Redis", what)
		}
		select {
		case m := <-ended.Channel():
			if want := fmt.Sprintf(`{"sid":%q,"userId":%q}`, client.SID(t, a.Token), a.User.ID); m.Payload != want {
				t.Errorf("%s: announced %s, want %s", what, m.Payload, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: no end was announced", what)
		}
	}
	a := s.one.Register(t)
	if userOf(a) != a.User.ID {
		t.Error("a log-in is not in Redis")
	}
	a = s.two.Refresh(t, a.RefreshToken)
	s.two.Must(t, request{Method: "POST", Path: "/auth/logout", Token: a.Token}, 204, nil)
	over("log-out", a)
	b, c, d := s.one.Register(t), s.one.Register(t), s.one.Register(t)
	if code, output := authctl(t, s.env, "", "user", "disable", b.User.Email); code != 0 {
		t.Fatalf("authctl user disable: %d %s", code, output)
	}
	over("disabled by authctl", b)
	s.dead(t, "a user that authctl disabled", b)
	s.two.Must(t, request{Method: "DELETE", Path: "/users/me", Token: c.Token, Body: object("currentPassword", client.Password)}, 204, nil)
	over("deletion", c)

	s.redis.Kill(t)
	e, late := s.one.Register(t), s.two.Register(t)
	d = s.two.Refresh(t, d.RefreshToken)
	s.one.Must(t, request{Method: "POST", Path: "/auth/logout", Token: late.Token}, 204, nil)
	s.redis.Start(t)
	harness.Eventually(t, "the copy is made anew", func() error {
		if userOf(e) != e.User.ID || userOf(d) != d.User.ID {
			return harness.ErrNotYet
		}
		return nil
	})
	if userOf(late) != "" {
		t.Error("a session that ended without Redis is in the copy")
	}
}
