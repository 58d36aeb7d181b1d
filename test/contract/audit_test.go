package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/client"
)

// entry is one of the audit log.
type entry struct {
	ID, Action, UserID, ActorID, IP, UserAgent, RequestID string
	At                                                    time.Time
	Detail                                                any
}

// auditOf reads a log to its end, in pages of the size; path may have a query.
func auditOf(t *testing.T, s *service, path, token string, size int) (all []entry) {
	t.Helper()
	separator := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
	for cursor := ""; ; {
		var page struct {
			Entries    []json.RawMessage
			NextCursor string
		}
		s.Must(t, request{Method: "GET", Path: fmt.Sprintf("%s%slimit=%d&cursor=%s", path, separator, size, url.QueryEscape(cursor)), Token: token}, 200, &page)
		if len(page.Entries) > size {
			t.Fatalf("a page has %d entries, want at most %d", len(page.Entries), size)
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
			all = append(all, e)
		}
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

func actionsOf(entries []entry) (actions []string) {
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	return actions
}

// TestAuditLogTellsAStory does everything that is to be in the log, and looks for it by its request.
func TestAuditLogTellsAStory(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin := s.one.NewAdmin(t, s.env)
		name := client.Name()
		agent := "Agent of " + name
		const address = "203.0.113.77"
		type deed struct {
			action    string
			actorID   string
			requestID string
		}
		var deeds []deed // the oldest first
		do := func(action string, r request, status int) answer {
			t.Helper()
			r.Header = map[string]string{"X-Forwarded-For": address, "User-Agent": agent}
			got := s.one.Must(t, r, status, nil)
			deeds = append(deeds, deed{action, "", got.Header.Get("X-Request-ID")})
			return got
		}
		logIn := func(account, password string) (a auth) {
			t.Helper()
			if err := do("logged_in", client.Login(account, password), 200).Decode(200, &a); err != nil {
				t.Fatal(err)
			}
			return a.Seen()
		}
		var a auth
		if err := do("registered", client.Registration(name), 201).Decode(201, &a); err != nil {
			t.Fatal(err)
		}
		a.Seen()
		do("email_verified", verifyBy(s.tokenOf(t, s.mails(t, a.User.Email, 1)[0], verifyPage), client.Password), 204)
		do("login_failed", client.Login(name, "wrong words"), 401)
		b := logIn(name, client.Password)
		s.one.Refresh(t, s.one.Refresh(t, b.RefreshToken).RefreshToken)
		do("refresh_token_reused", client.Refreshing(b.RefreshToken), 401)
		do("session_ended", endSession(a.Token, client.SID(t, logIn(name, client.Password).Token)), 204)
		do("logged_out", request{Method: "POST", Path: "/auth/logout", Token: logIn(name, client.Password).Token}, 204)
		change := request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("currentPassword", client.Password, "newPassword", client.Another)}
		if err := do("password_changed", change, 200).Decode(200, &a); err != nil {
			t.Fatal(err)
		}
		a.Seen()
		fresh := "new." + a.User.Email
		do("email_change_started", request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("email", fresh, "currentPassword", client.Another)}, 200)
		do("email_changed", verifyBy(s.tokenOf(t, s.mails(t, fresh, 1)[0], verifyPage), client.Another), 204)
		do("password_reset", reset(s.askReset(t, fresh, 2), client.Password), 204)
		a = logIn(fresh, client.Password)
		for _, body := range []string{`{"role":"admin"}`, `{"role":"user"}`, `{"isActive":false}`, `{"isActive":true}`} {
			do("user_changed", request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: admin.Token, Body: body}, 200)
			deeds[len(deeds)-1].actorID = admin.User.ID
		}
		a = logIn(fresh, client.Password)
		s.link(t, a.Token)
		do("identity_unlinked", client.Unlinking("line", a.Token), 204)

		own := auditOf(t, s.two, "/users/me/audit", a.Token, 100)
		asAdmin := auditOf(t, s.two, "/audit?userId="+a.User.ID, admin.Token, 7)
		if !slices.EqualFunc(own, asAdmin, func(x, y entry) bool { return x.ID == y.ID }) {
			t.Errorf("the user reads %v, the admin %v", actionsOf(own), actionsOf(asAdmin))
		}
		for n, e := range own {
			if e.UserID != a.User.ID || n > 0 && e.At.After(own[n-1].At) {
				t.Errorf("%+v is out of order, or another's", e)
			}
		}
		for _, d := range deeds {
			at := slices.IndexFunc(asAdmin, func(e entry) bool { return e.RequestID == d.requestID && e.Action == d.action })
			if at < 0 {
				t.Errorf("%s is not in the log %v", d.action, actionsOf(asAdmin))
				continue
			}
			if e := asAdmin[at]; d.actorID != "" && e.ActorID != d.actorID || d.actorID == "" && e.ActorID == admin.User.ID || e.IP != address || e.UserAgent != agent {
				t.Errorf("%s is told as %+v", d.action, e)
			}
			if d.actorID != "" && (own[at].IP == address || own[at].UserAgent == agent) {
				t.Errorf("the user reads where the admin was: %+v", own[at])
			}
		}
		if !slices.Contains(actionsOf(own), "identity_linked") {
			t.Errorf("the linking is not in the log %v", actionsOf(own))
		}
		text, _ := json.Marshal(own)
		if found := client.Secrets.Found(string(text)); found != nil || strings.Contains(string(text), "wrong words") {
			t.Errorf("the log holds secrets: %v", found)
		}
		// A user's filters are no way to the entries of others.
		if got := auditOf(t, s.two, "/users/me/audit?userId="+admin.User.ID, a.Token, 100); slices.ContainsFunc(got, func(e entry) bool { return e.UserID != a.User.ID }) {
			t.Error("a user reads another's log")
		}
		s.two.Refuses(t, request{Method: "GET", Path: "/audit", Token: a.Token}, 403, "forbidden")
	})
}

// TestAuditLogCannotBeChanged tries it by SQL, as the service's own user.
func TestAuditLogCannotBeChanged(t *testing.T) {
	t.Parallel()
	s := pair(t)
	a := s.one.Register(t)
	before := auditOf(t, s.one, "/users/me/audit", a.Token, 100)
	conn, err := pgx.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, statement := range []string{"UPDATE audit_entries SET action = 'nothing'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"} {
		if _, err := conn.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s is done", statement)
		}
	}
	if after := auditOf(t, s.one, "/users/me/audit", a.Token, 100); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the log was %v and is %v", before, after)
	}
}

// TestNothingPersonalRemains deletes a user who has done everything.
func TestNothingPersonalRemains(t *testing.T) {
	t.Parallel()
	s := pair(t)
	admin := s.one.NewAdmin(t, s.env)
	for name, byAdmin := range map[string]bool{"by itself": false, "by an admin": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			member := client.Name()
			mark := "zyx" + member
			c := s.one.From(client.Address())
			agent := map[string]string{"User-Agent": mark + "agent/1.0"}
			var a auth
			c.Must(t, request{Method: "POST", Path: "/auth/register", Header: agent, Body: object("email", member+"@example.com", "username", member, "password", client.Password, "displayName", mark)}, 201, &a)
			a.Seen()
			c.Send(t, guess(a.User.Email))
			s.link(t, a.Token)
			c.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Header: agent, Body: object("avatar", "https://pictures.example/"+mark+".png")}, 200, nil)
			c.Must(t, changeEmail(a, mark+"@example.com"), 200, nil)
			c.Must(t, verifyBy(s.tokenOf(t, s.mails(t, mark+"@example.com", 1)[0], verifyPage), client.Password), 204, nil)
			c.Must(t, forgot(mark+"@example.com"), 202, nil)
			s.mails(t, mark+"@example.com", 2)
			s.one.Must(t, request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: admin.Token, Body: `{"role":"admin"}`}, 200, nil)
			a = c.LogIn(t, mark+"@example.com", client.Password)
			other := s.two.Register(t)
			c.Must(t, request{Method: "PATCH", Path: "/users/" + other.User.ID, Token: a.Token, Header: agent, Body: `{"isActive":false}`}, 200, nil)
			remove := request{Method: "DELETE", Path: "/users/me", Token: a.Token, Header: agent, Body: object("currentPassword", client.Password)}
			if byAdmin {
				remove = request{Method: "DELETE", Path: "/users/" + a.User.ID, Token: admin.Token}
			}
			s.one.Must(t, remove, 204, nil)
			ids := 0
			for line := range strings.Lines(dump(t, s.dsn)) {
				table, row, _ := strings.Cut(strings.ToLower(line), " ")
				event := strings.HasPrefix(table, "outbox") || strings.Contains(table, "deliver") || table == "mails" // the notice
				for _, personal := range []string{mark, member, c.Address} {
					if strings.Contains(row, personal) && (!event || personal == c.Address) {
						t.Errorf("%s is left in %s: %s", personal, table, row)
					}
				}
				if strings.Contains(table, "audit") && strings.Contains(row, a.User.ID) {
					ids++
				}
			}
			if left := auditOf(t, s.two, "/audit?userId="+a.User.ID, admin.Token, 100); ids == 0 || len(left) == 0 || left[0].Action != "user_deleted" {
				t.Errorf("the admin reads %v of the deleted user", actionsOf(left))
			}
			for key, value := range inRedis(t, s) {
				if strings.Contains(key+value, member) {
					t.Errorf("%s is left in Redis: %s %s", member, key, value)
				}
			}
			c.RegisterAs(t, member) // the names are free
		})
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		stranger, a := s.one.Register(t), s.one.Register(t)
		b := s.two.LogIn(t, a.User.Email, client.Password)
		s.mails(t, a.User.Email, 1)
		s.askReset(t, a.User.Email, 2)
		s.link(t, a.Token)
		s.one.Must(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("displayName", "Ada ❤", "avatar", "https://pictures.example/ada.png")}, 200, nil)
		s.one.Send(t, client.Login(a.User.Email, "wrong words"))
		got := s.one.Must(t, request{Method: "GET", Path: "/users/me/export", Token: a.Token}, 200, nil)
		if !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("the export has %v", got.Header)
		}
		text, _ := json.Marshal(decoded(t, got)) // spelt alike
		var identities []struct{ ProviderID string }
		s.one.Must(t, request{Method: "GET", Path: "/users/me/oauth-providers", Token: a.Token}, 200, &identities)
		held := []string{a.User.ID, a.User.Email, a.User.Username, "Ada ❤", "https://pictures.example/ada.png", client.SID(t, a.Token), client.SID(t, b.Token), "127.0.0.1", identities[0].ProviderID}
		for _, e := range auditOf(t, s.one, "/users/me/audit", a.Token, 100) {
			held = append(held, e.ID)
		}
		for _, want := range held {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s is not in the export", want)
			}
		}
		for secret, what := range s.idp.Secrets() {
			client.Secrets.Add(what, secret)
		}
		for _, found := range client.Secrets.Found(string(text)) {
			t.Errorf("the export: %s", found)
		}
		for _, secret := range []string{"$2a$", "passwordHash", "tokenHash", "accessToken", "wrong words", stranger.User.ID, stranger.User.Email} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s is in the export", secret)
			}
		}
	})
}
