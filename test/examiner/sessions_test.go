package examiner

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// session is one of the list's.
type session struct {
	ID, UserAgent, IP     string
	CreatedAt, LastUsedAt time.Time
	Current               bool
}

// sessions reads the list, which may hold nothing but what the contract names.
func (i *instance) sessions(t *testing.T, token string) []session {
	t.Helper()
	var raw []map[string]any
	a := i.must(t, request{method: "GET", path: "/users/me/sessions", token: token}, http.StatusOK, &raw)
	for _, s := range raw {
		if names := slices.Sorted(maps.Keys(s)); !slices.Equal(names, []string{"createdAt", "current", "id", "ip", "lastUsedAt", "userAgent"}) {
			t.Errorf("a session has %v", names)
		}
		for _, at := range []string{"createdAt", "lastUsedAt"} {
			if text, _ := s[at].(string); !strings.HasSuffix(text, "Z") {
				t.Errorf("%s is %q, want UTC", at, text)
			}
		}
	}
	var list []session
	if err := json.Unmarshal(a.body, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSessionList looks at the list from two sessions.
func TestSessionList(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		a := w.one.registerAs(t, w.name(), map[string]string{"User-Agent": "Firefox on a phone"})
		b := w.one.logInWith(t, a.User, password, map[string]string{"User-Agent": "Lynx ü 😀"})
		w.one.register(t) // whose session nobody else sees
		for _, current := range []auth{a, b} {
			list := w.one.sessions(t, current.Token)
			if len(list) != 2 {
				t.Fatalf("there are %d sessions, want 2", len(list))
			}
			for _, s := range list {
				want := map[string]string{sid(t, a.Token): "Firefox on a phone", sid(t, b.Token): "Lynx ü 😀"}[s.ID]
				if s.UserAgent != want || s.IP != "127.0.0.1" || s.Current != (s.ID == sid(t, current.Token)) || time.Since(s.CreatedAt).Abs() > time.Minute {
					t.Errorf("a session is %+v", s)
				}
			}
		}
		before := w.one.sessions(t, a.Token)
		w.one.refresh(t, b.RefreshToken)
		for _, s := range w.one.sessions(t, a.Token) {
			old := before[slices.IndexFunc(before, func(o session) bool { return o.ID == s.ID })]
			if s.ID == sid(t, b.Token) && !s.LastUsedAt.After(old.LastUsedAt) {
				t.Errorf("a refresh leaves lastUsedAt at %s", s.LastUsedAt)
			}
			if !s.CreatedAt.Equal(old.CreatedAt) {
				t.Error("a refresh moves createdAt")
			}
		}
	})
}

// TestOddUserAgents logs in with what no database likes.
func TestOddUserAgents(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		u := w.one.register(t).User
		for name, agent := range map[string]string{"none": "", "long": strings.Repeat("x", 3000), "long in UTF-8": strings.Repeat("ü", 1200), "no UTF-8": "\xff\xfe agent", "half a rune": strings.Repeat("a", 254) + "😀" + strings.Repeat("a", 254) + "😀\xf0\x9f", "markup": `<script>alert("1")</script>'; DROP TABLE users; --`} {
			a := w.one.logInWith(t, u, password, map[string]string{"User-Agent": agent})
			list := w.one.sessions(t, a.Token)
			at := slices.IndexFunc(list, func(s session) bool { return s.Current })
			if at < 0 || name == "markup" && list[at].UserAgent != agent {
				t.Errorf("%s: the sessions are %+v", name, list)
			}
			w.one.refresh(t, a.RefreshToken)
		}
	})
}

// TestEndingSessions ends them one by one and together.
func TestEndingSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	end := func(path, token string) request {
		return request{method: "DELETE", path: "/users/me/sessions" + path, token: token}
	}
	t.Run("of others", func(t *testing.T) {
		t.Parallel()
		mine, theirs := w.one.register(t), w.one.register(t)
		for name, id := range map[string]string{"another's": sid(t, theirs.Token), "nobody's": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000", "no id": "x", "odd": "%00", "SQL": "1'%20OR%20'1'='1"} {
			a := w.two.send(t, end("/"+id, mine.Token))
			if a.status != 404 || a.problem.Code == "" {
				t.Errorf("%s: %d %s, want 404", name, a.status, a.body)
			}
		}
		w.lives(t, "the other user", theirs)
		w.one.refresh(t, theirs.RefreshToken)
	})
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		mine := w.one.register(t)
		other := w.one.logIn(t, mine.User)
		w.two.must(t, end("/"+sid(t, other.Token), mine.Token), 204, nil)
		w.dead(t, "the ended session", other)
		w.lives(t, "the current session", mine)
		w.one.refuses(t, end("/"+sid(t, other.Token), mine.Token), 404, "not_found")
		w.two.must(t, end("/"+sid(t, mine.Token), mine.Token), 204, nil)
		w.dead(t, "the session that ended itself", mine)
	})
	t.Run("all others", func(t *testing.T) {
		t.Parallel()
		mine := w.one.register(t)
		others := []auth{w.one.logIn(t, mine.User), w.two.logIn(t, mine.User), w.one.logIn(t, mine.User)}
		w.two.must(t, end("", mine.Token), 204, nil)
		for _, other := range others {
			w.dead(t, "another session", other)
		}
		w.lives(t, "the current session", mine)
		w.two.must(t, end("", mine.Token), 204, nil) // there is none left
		w.two.refresh(t, mine.RefreshToken)
	})
	t.Run("by a change of the password", func(t *testing.T) {
		t.Parallel()
		mine := w.one.register(t)
		other, renewed := w.one.logIn(t, mine.User), w.one.refresh(t, w.two.logIn(t, mine.User).RefreshToken)
		w.two.must(t, request{method: "PUT", path: "/users/me/password", token: mine.Token, body: object("currentPassword", password, "newPassword", another)}, 204, nil)
		w.dead(t, "another session", other)
		w.dead(t, "another session", renewed)
		w.lives(t, "the current session", mine)
		w.one.refresh(t, mine.RefreshToken)
		w.one.refuses(t, request{method: "POST", path: "/auth/login", body: object("email", mine.User.Email, "password", password)}, 401, "invalid_credentials")
	})
	t.Run("by a refused change of the password", func(t *testing.T) {
		t.Parallel()
		mine := w.one.register(t)
		other := w.one.logIn(t, mine.User)
		w.two.refuses(t, request{method: "PUT", path: "/users/me/password", token: mine.Token, body: object("currentPassword", "wrong", "newPassword", another)}, 403, "wrong_password")
		w.lives(t, "another session", other)
	})
	t.Run("by log-out", func(t *testing.T) {
		t.Parallel()
		mine := w.one.register(t)
		other := w.one.logIn(t, mine.User)
		w.two.must(t, request{method: "POST", path: "/auth/logout", token: mine.Token}, 204, nil)
		w.dead(t, "the session", mine)
		w.lives(t, "another session", other)
	})
	t.Run("while Redis is away", func(t *testing.T) {
		w := newWorld(t, plan{two: true})
		t.Parallel()
		mine := w.one.register(t)
		others := []auth{w.one.logIn(t, mine.User), w.two.logIn(t, mine.User)}
		w.lives(t, "another session", others[0]) // and is known to both
		w.redis.Kill(t)
		w.one.must(t, end("/"+sid(t, others[0].Token), mine.Token), 204, nil)
		w.dead(t, "the ended session", others[0])
		w.lives(t, "another session", others[1])
		w.redis.Start(t)
		w.dead(t, "the ended session", others[0])
		w.two.must(t, end("", mine.Token), 204, nil)
		w.dead(t, "the ended session", others[1])
	})
}

// TestSessionsAtOnce has many log-ins and one "end all others" at once: what the list shows
// afterwards is what works.
func TestSessionsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	mine := w.one.register(t)
	got := make([]auth, 20)
	atOnce(len(got), func(n int) {
		if n == 7 {
			w.two.send(t, request{method: "DELETE", path: "/users/me/sessions", token: mine.Token})
			return
		}
		a := w.instances()[n%2].send(t, request{method: "POST", path: "/auth/login", body: object("email", mine.User.Email, "password", password)})
		if err := jsonOf(a, 200, &got[n]); err != nil {
			t.Error(err)
		}
	})
	listed := map[string]bool{}
	for _, s := range w.one.sessions(t, mine.Token) {
		listed[s.ID] = true
	}
	for n, a := range got {
		if a.Token == "" {
			continue
		}
		w.seen(a)
		for _, i := range w.instances() {
			works := i.send(t, request{method: "GET", path: "/users/me", token: a.Token}).status == 200
			if works != listed[sid(t, a.Token)] {
				t.Errorf("session %d is listed: %v, works: %v", n, listed[sid(t, a.Token)], works)
			}
		}
	}
}
