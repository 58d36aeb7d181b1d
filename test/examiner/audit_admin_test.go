package examiner

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestAuditOfAdmins looks for what admins do, and for what becomes of users who go.
func TestAuditOfAdmins(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1"}}, func(t *testing.T, w *world) {
		i := w.one
		admin := w.newAdmin(t)
		office := map[string]string{"X-Forwarded-For": "203.0.113.9", "User-Agent": "Office"}
		name := w.name()
		made := i.must(t, request{method: "POST", path: "/users", token: admin.Token, header: office, body: object("email", name+"@example.com", "username", name, "password", password)}, 201, nil)
		var u user
		if err := json.Unmarshal(made.body, &u); err != nil {
			t.Fatal(err)
		}
		moved := i.must(t, request{method: "PATCH", path: "/users/" + u.ID, token: admin.Token, header: office, body: object("email", "moved."+u.Email)}, 200, nil)
		member := i.logIn(t, user{Email: "moved." + u.Email})
		export := i.must(t, request{method: "GET", path: "/users/me/export", token: member.Token}, 200, nil)
		for _, theirs := range []string{"203.0.113.9", "Office", admin.User.Email} {
			if strings.Contains(string(export.body), theirs) {
				t.Errorf("%s of the admin is in a user's export", theirs)
			}
		}
		gone := i.must(t, request{method: "DELETE", path: "/users/" + u.ID, token: admin.Token, header: office}, 204, nil)
		leaver := i.register(t)
		left := i.must(t, request{method: "DELETE", path: "/users/me", token: leaver.Token, body: object("currentPassword", password)}, 204, nil)
		all := i.audit(t, "/audit", admin.Token, 50)
		for what, c := range map[string]struct {
			a             answer
			userID, actor string
		}{
			"making a user":       {made, u.ID, admin.User.ID},
			"changing its e-mail": {moved, u.ID, admin.User.ID},
			"deleting it":         {gone, u.ID, admin.User.ID},
			"deleting oneself":    {left, leaver.User.ID, leaver.User.ID},
		} {
			at := slices.IndexFunc(all, func(e entry) bool { return e.RequestID == c.a.header.Get("X-Request-ID") })
			if at < 0 {
				t.Errorf("%s is not in the log", what)
			} else if e := all[at]; e.UserID != c.userID || e.ActorID != c.actor {
				t.Errorf("%s is %+v", what, e)
			}
		}
	})
}
