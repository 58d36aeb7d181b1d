package examiner

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"gofiber-auth/test/fakeidp"
)

// entry is one of the audit log.
type entry struct {
	ID, Action, UserID, ActorID, IP, UserAgent, RequestID string
	At                                                    time.Time
	Detail                                                any
}

// audit reads a log to its end, in pages of the size; path may have a query.
func (i *instance) audit(t *testing.T, path, token string, size int) []entry {
	t.Helper()
	var all []entry
	separator := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
	for cursor, pages := "", 0; ; pages++ {
		var page struct {
			Entries    []json.RawMessage
			NextCursor *string
		}
		i.must(t, request{method: "GET", path: fmt.Sprintf("%s%slimit=%d&cursor=%s", path, separator, size, url.QueryEscape(cursor)), token: token}, 200, &page)
		if len(page.Entries) > size || pages > 100 {
			t.Fatalf("page %d has %d entries, want at most %d", pages, len(page.Entries), size)
		}
		for _, raw := range page.Entries {
			var members map[string]any
			var e entry
			if err := json.Unmarshal(raw, &members); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			if names := slices.Sorted(maps.Keys(members)); !slices.Equal(names, []string{"action", "actorId", "at", "detail", "id", "ip", "requestId", "userAgent", "userId"}) {
				t.Errorf("an entry has %v", names)
			}
			if at, _ := members["at"].(string); !strings.HasSuffix(at, "Z") {
				t.Errorf("at is %q, want UTC", at)
			}
			all = append(all, e)
		}
		if page.NextCursor == nil || *page.NextCursor == "" {
			return all
		}
		cursor = *page.NextCursor
	}
}

// TestAuditLog does everything that is to be in the log and looks for it by its request.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{providers: true, env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1"}}, func(t *testing.T, w *world) {
		i := w.one
		admin := w.newAdmin(t)
		name := w.name()
		where := map[string]string{"X-Forwarded-For": "203.0.113.77", "User-Agent": "Agent of " + name}
		did := map[string]string{} // what, by request
		do := func(what string, r request, status int) answer {
			t.Helper()
			r.header = maps.Clone(where)
			a := i.must(t, r, status, nil)
			did[a.header.Get("X-Request-ID")] = what
			return a
		}
		var a, b auth
		_ = json.Unmarshal(do("registration", request{method: "POST", path: "/auth/register", body: object("email", name+"@example.com", "username", name, "password", password)}, 201).body, &a)
		w.seen(a)
		do("log-in", request{method: "POST", path: "/auth/login", body: object("email", name+"@example.com", "password", password)}, 200)
		do("failed log-in", request{method: "POST", path: "/auth/login", body: object("email", name+"@example.com", "password", "wrong words")}, 401)
		b = i.logIn(t, a.User)
		i.refresh(t, i.refresh(t, b.RefreshToken).RefreshToken)
		do("reuse", request{method: "POST", path: "/auth/refresh", body: object("refreshToken", b.RefreshToken)}, 401)
		c := i.logIn(t, a.User)
		do("session end", request{method: "DELETE", path: "/users/me/sessions/" + sid(t, c.Token), token: a.Token}, 204)
		i.logIn(t, a.User)
		do("end of the others", request{method: "DELETE", path: "/users/me/sessions", token: a.Token}, 204)
		do("log-out", request{method: "POST", path: "/auth/logout", token: i.logIn(t, a.User).Token}, 204)
		do("password change", request{method: "PUT", path: "/users/me/password", token: a.Token, body: object("currentPassword", password, "newPassword", another)}, 204)
		fresh := w.name() + "@example.com"
		do("e-mail change", request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", fresh, "currentPassword", another)}, 200)
		token := w.tokenOf(t, w.mails(t, fresh, 1)[0], verifyPage)
		do("verification", verify(token), 204)
		token = w.askReset(t, fresh, 2)
		do("reset", reset(token, password), 204)
		a = i.logInWith(t, user{Email: fresh}, password, nil)
		do("role", request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"role":"admin"}`}, 200)
		do("role back", request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"role":"user"}`}, 200)
		do("disabling", request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":false}`}, 200)
		do("enabling", request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":true}`}, 200)
		a = i.logInWith(t, user{Email: fresh}, password, nil)
		i.link(t, a.Token)
		do("unlinking", request{method: "DELETE", path: "/users/me/oauth-providers/line", token: a.Token}, 204)

		own := i.audit(t, "/users/me/audit", a.Token, 100)
		asAdmin := i.audit(t, "/audit?userId="+a.User.ID, admin.Token, 100)
		byRequest := map[string][]entry{}
		for n, e := range own {
			byRequest[e.RequestID] = append(byRequest[e.RequestID], e)
			if e.UserID != a.User.ID {
				t.Errorf("another's entry is in the own log: %+v", e)
			}
			if n > 0 && e.At.After(own[n-1].At) {
				t.Error("the log is not in order, the newest first")
			}
		}
		for id, what := range did {
			got := byRequest[id]
			if len(got) == 0 {
				t.Errorf("the %s is not in the log", what)
				continue
			}
			for _, e := range got {
				byAdmin := slices.Contains([]string{"role", "role back", "disabling", "enabling"}, what)
				if byAdmin != (e.ActorID == admin.User.ID) {
					t.Errorf("the actor of the %s is %s", what, e.ActorID)
				}
				if byAdmin { // whose address is for admins only, or nobody's business
					e = asAdmin[slices.IndexFunc(asAdmin, func(other entry) bool { return other.ID == e.ID })]
				}
				if e.IP != "203.0.113.77" || e.UserAgent != where["User-Agent"] || e.Action == "" {
					t.Errorf("the %s is %+v", what, e)
				}
			}
		}
		linked := slices.ContainsFunc(own, func(e entry) bool { return strings.Contains(e.Action, "link") && !strings.Contains(e.Action, "unlink") })
		if !linked {
			t.Error("the linking is not in the log")
		}
		if text, _ := json.Marshal(own); len(w.found(string(text))) > 0 || strings.Contains(string(text), "wrong words") {
			t.Errorf("the log holds secrets: %v", w.found(string(text)))
		}
		w.auditPages(t, admin, a, own)
	})
}

// link links a LINE identity to the bearer.
func (i *instance) link(t *testing.T, token string) {
	t.Helper()
	var begun struct{ URL string }
	a := i.must(t, request{method: "POST", path: "/users/me/oauth-providers/line", token: token}, 200, &begun)
	var cookies []string
	for _, c := range a.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	back := i.w.providers.Visit(t, begun.URL, fakeidp.Answer{Subject: i.w.name()})
	a = i.must(t, request{method: "GET", path: "/auth/line/callback?" + back.RawQuery, header: map[string]string{"Cookie": strings.Join(cookies, "; ")}}, 302, nil)
	if !strings.Contains(a.header.Get("Location"), "linked=line") {
		t.Fatalf("linking leads to %s", a.header.Get("Location"))
	}
}

// auditPages reads the log of one user in all ways.
func (w *world) auditPages(t *testing.T, admin, a auth, own []entry) {
	t.Helper()
	i := w.one
	ids := func(list []entry) string {
		var all []string
		for _, e := range list {
			all = append(all, e.ID)
		}
		return strings.Join(all, " ")
	}
	for _, size := range []int{1, 7, len(own), 100} {
		if got := i.audit(t, "/users/me/audit", a.Token, size); ids(got) != ids(own) {
			t.Errorf("in pages of %d there are %d entries, want the %d in the same order", size, len(got), len(own))
		}
	}
	if got := i.audit(t, "/audit?userId="+a.User.ID, admin.Token, 5); ids(got) != ids(own) {
		t.Errorf("the admin sees %d entries of the user, want %d", len(got), len(own))
	}
	action := own[len(own)-1].Action
	for _, path := range []string{"/audit?userId=" + a.User.ID + "&action=" + action, "/audit?action=" + action} {
		got := i.audit(t, path, admin.Token, 2)
		if len(got) == 0 || slices.ContainsFunc(got, func(e entry) bool { return e.Action != action }) {
			t.Errorf("by action %s there are %+v", action, got)
		}
	}
	if got := i.audit(t, "/audit", admin.Token, 100); len(got) <= len(own) {
		t.Errorf("all entries are %d, one user has %d", len(got), len(own))
	}
	// A user's filters are no way to others' entries.
	if got := i.audit(t, "/users/me/audit?userId="+admin.User.ID, a.Token, 100); slices.ContainsFunc(got, func(e entry) bool { return e.UserID != a.User.ID }) {
		t.Error("a user reads another's log by userId")
	}
	var page struct{ Entries []entry }
	i.must(t, request{method: "GET", path: "/users/me/audit", token: a.Token}, 200, &page)
	if len(page.Entries) != min(20, len(own)) {
		t.Errorf("a page without limit has %d of %d entries, want 20", len(page.Entries), len(own))
	}
	for _, base := range []string{"/users/me/audit", "/audit", "/users"} {
		for _, query := range []string{"limit=0", "limit=-1", "limit=101", "limit=x", "limit=1e2", "limit=", "cursor=forged", "cursor=eyJhIjoxfQ", "cursor=%00"} {
			if got := i.send(t, request{method: "GET", path: base + "?" + query, token: admin.Token}); got.code() == "" && query != "limit=" || got.status != 422 && query != "limit=" {
				t.Errorf("%s?%s = %d, want 422", base, query, got.status)
			}
		}
	}
	i.refuses(t, request{method: "GET", path: "/audit", token: a.Token}, 403, "forbidden")
	i.refuses(t, request{method: "GET", path: "/audit"}, 401, "unauthorized")
	i.refuses(t, request{method: "GET", path: "/users/me/audit"}, 401, "unauthorized")
	if got := i.send(t, request{method: "GET", path: "/audit?userId=not-an-id", token: admin.Token}); got.status != 200 && got.status != 422 {
		t.Errorf("the log of no id = %d %s", got.status, got.body)
	}
}

// exec runs a statement and returns its error.
func (w *world) exec(t *testing.T, statement string, args ...any) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), statement, args...)
	return err
}

// TestAppendOnly tries to change the log by SQL as the service's own user.
func TestAppendOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{postgres: true})
	a := w.one.register(t)
	before := w.one.audit(t, "/users/me/audit", a.Token, 100)
	var table string
	for line := range strings.Lines(dump(t, w.dsn)) {
		if name, _, _ := strings.Cut(line, " "); strings.Contains(name, "audit") {
			table = name
		}
	}
	if table == "" || len(before) == 0 {
		t.Fatal("there is no audit table, or nothing in it")
	}
	table = pgx.Identifier{table}.Sanitize()
	for _, statement := range []string{"UPDATE " + table + " SET action = 'nothing'", "DELETE FROM " + table, "TRUNCATE " + table} {
		if err := w.exec(t, statement); err == nil {
			t.Errorf("%s is allowed", statement)
		}
	}
	if after := w.one.audit(t, "/users/me/audit", a.Token, 100); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the log was %v and is %v", before, after)
	}
}

// TestNothingPersonalRemains deletes somebody who has done everything.
func TestNothingPersonalRemains(t *testing.T) {
	t.Parallel()
	for name, byAdmin := range map[string]bool{"by itself": false, "by the admin": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan{two: true, providers: true, env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT_ENABLED": "true"}})
			i := w.one
			admin := w.newAdmin(t)
			member := w.name()
			where := map[string]string{"X-Forwarded-For": "203.0.113.201", "User-Agent": "Zyxagent/1.0"}
			at := func(r request) request { r.header = where; return r }
			var a auth
			i.must(t, at(request{method: "POST", path: "/auth/register", body: object("email", member+"@example.com", "username", member, "password", password, "displayName", "Zyxdisplay")}), 201, &a)
			w.seen(a)
			i.send(t, at(guess("email", a.User.Email, "")))
			i.send(t, at(request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", "wrong words")}))
			i.logInWith(t, a.User, password, where)
			i.link(t, a.Token)
			i.must(t, at(request{method: "PATCH", path: "/users/me", token: a.Token, body: object("avatar", "https://zyxavatar.example/me.png", "displayName", "Zyxdisplay2")}), 200, nil)
			old := a.User.Email
			i.must(t, at(request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", "zyxmail@example.com", "currentPassword", password)}), 200, nil)
			w.mails(t, old, 2)
			i.must(t, at(forgot("zyxmail@example.com")), 202, nil)
			w.mails(t, "zyxmail@example.com", 2)
			i.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"role":"admin"}`}, 200, nil)
			a = i.logInWith(t, user{Email: "zyxmail@example.com"}, password, where)
			other := w.two.register(t)
			i.must(t, at(request{method: "PATCH", path: "/users/" + other.User.ID, token: a.Token, body: `{"isActive":false}`}), 200, nil) // an act on another
			if byAdmin {
				i.must(t, request{method: "DELETE", path: "/users/" + a.User.ID, token: admin.Token}, 204, nil)
			} else {
				i.must(t, at(request{method: "DELETE", path: "/users/me", token: a.Token, body: object("currentPassword", password)}), 204, nil)
			}
			ids := 0
			for line := range strings.Lines(dump(t, w.dsn)) {
				table, row, _ := strings.Cut(strings.ToLower(line), " ")
				event := strings.Contains(table, "outbox") || strings.Contains(table, "event") || strings.Contains(table, "deliver")
				for _, personal := range []string{"zyxdisplay", "zyxavatar", "zyxagent", "203.0.113.201", "zyxmail", old, member} {
					fourFields := personal == "zyxmail" || personal == old || personal == member
					if strings.Contains(row, personal) && (!event || !fourFields) {
						t.Errorf("%s is left in %s: %s", personal, table, row)
					}
				}
				if strings.Contains(table, "audit") && strings.Contains(row, a.User.ID) {
					ids++
				}
			}
			if ids == 0 {
				t.Error("the ids are gone from the audit log, too")
			}
			if got := i.audit(t, "/audit?userId="+a.User.ID, admin.Token, 100); len(got) == 0 {
				t.Error("the admin finds nothing of the deleted user by its id")
			}
			for key, value := range w.inRedis(t) {
				for _, personal := range []string{"zyx", old, member} {
					if strings.Contains(strings.ToLower(key+" "+value), personal) {
						t.Errorf("%s is left in Redis: %s %s", personal, key, value)
					}
				}
			}
			// Both names are free.
			i.must(t, request{method: "POST", path: "/auth/register", body: object("email", "zyxmail@example.com", "username", member, "password", password)}, 201, nil)
		})
	}
}

// inRedis is all keys with their values.
func (w *world) inRedis(t *testing.T) map[string]string {
	t.Helper()
	options, err := redis.ParseURL(w.redis.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	ctx := t.Context()
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		switch kind := client.Type(ctx, key).Val(); kind {
		case "string":
			all[key] = client.Get(ctx, key).Val()
		case "hash":
			all[key] = fmt.Sprint(client.HGetAll(ctx, key).Val())
		case "set":
			all[key] = fmt.Sprint(client.SMembers(ctx, key).Val())
		case "zset":
			all[key] = fmt.Sprint(client.ZRange(ctx, key, 0, -1).Val())
		case "list":
			all[key] = fmt.Sprint(client.LRange(ctx, key, 0, -1).Val())
		}
	}
	return all
}

// TestRedisHoldsNoSecret looks at its keys and values while sessions live.
func TestRedisHoldsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true, env: map[string]string{"RATE_LIMIT_ENABLED": "true"}})
	a := w.one.register(t)
	w.two.send(t, guess("email", a.User.Email, ""))
	w.tokenOf(t, w.mails(t, a.User.Email, 1)[0], verifyPage)
	w.two.refresh(t, a.RefreshToken)
	all := w.inRedis(t)
	if len(all) == 0 {
		t.Error("there is nothing in Redis")
	}
	for key, value := range all {
		if secrets := w.found(key + " " + value); secrets != nil || strings.Contains(key+value, a.User.Email) {
			t.Errorf("Redis holds %v: %s %s", secrets, key, value)
		}
		if strings.Contains(key+value, "$2a$") {
			t.Errorf("Redis holds a hash: %s", key)
		}
	}
}

// TestExport reads everything that is held about somebody.
func TestExport(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{providers: true}, func(t *testing.T, w *world) {
		i := w.one
		stranger := i.register(t)
		name := w.name()
		agent := map[string]string{"User-Agent": "Exporter " + name}
		a := i.registerAs(t, name, agent)
		b := i.logInWith(t, a.User, password, map[string]string{"User-Agent": "Second " + name})
		w.tokenOf(t, w.mails(t, a.User.Email, 1)[0], verifyPage)
		w.askReset(t, a.User.Email, 2)
		i.link(t, a.Token)
		i.must(t, request{method: "PATCH", path: "/users/me", token: a.Token, body: object("displayName", "Ada ❤ \u202eevil", "avatar", "https://pictures.example/ada.png")}, 200, nil)
		i.send(t, request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", "wrong words")})
		got := i.must(t, request{method: "GET", path: "/users/me/export", token: a.Token}, 200, nil)
		if !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("the export is %v", got.header)
		}
		if !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
			t.Errorf("Cache-Control of the export is %q", got.header.Get("Cache-Control"))
		}
		var whole any
		if err := json.Unmarshal(got.body, &whole); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(whole) // spelt alike
		var identities []struct{ ProviderID string }
		i.must(t, request{method: "GET", path: "/users/me/oauth-providers", token: a.Token}, 200, &identities)
		held := []string{a.User.ID, a.User.Email, a.User.Username, "Ada ❤", "https://pictures.example/ada.png", sid(t, a.Token), sid(t, b.Token), agent["User-Agent"], "Second " + name, "127.0.0.1", identities[0].ProviderID}
		for _, e := range i.audit(t, "/users/me/audit", a.Token, 100) {
			held = append(held, e.ID)
		}
		for _, s := range held {
			if !strings.Contains(string(text), s) {
				t.Errorf("%s is not in the export", s)
			}
		}
		for _, secret := range append(w.found(string(text)), "$2a$", "$2b$", "$2y$", "passwordHash", "tokenHash", "accessToken", stranger.User.ID, stranger.User.Email) {
			if strings.Contains(string(text), secret) || strings.Contains(secret, " ") {
				t.Errorf("%s is in the export", secret)
			}
		}
		for what, token := range w.providers.Secrets() {
			if strings.Contains(string(text), what) {
				t.Errorf("the %s is in the export", token)
			}
		}
		i.refuses(t, request{method: "GET", path: "/users/me/export"}, http.StatusUnauthorized, "unauthorized")
	})
}
