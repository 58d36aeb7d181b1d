package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/postgres"
)

type auditEntry struct {
	ID, Action, At                            string
	UserID, ActorID, IP, UserAgent, RequestID *string
	Detail                                    map[string]string
}

// auditOf reads GET /audit, or one's own, page by page.
func auditOf(t *testing.T, s *instance, token, path string) (all []auditEntry) {
	t.Helper()
	cursor := ""
	for {
		var page struct {
			Entries    []auditEntry
			NextCursor string
		}
		s.must(t, "GET", path+"limit=3&cursor="+cursor, token, "", 200, &page)
		all = append(all, page.Entries...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

func wantAudit(t *testing.T, got []auditEntry, want ...string) {
	t.Helper()
	var actions []string
	for _, e := range got {
		actions = append(actions, e.Action)
	}
	if !slices.Equal(actions, want) {
		t.Errorf("the log tells of %v, want %v", actions, want)
	}
}

// address is where requests with a User-Agent come from.
const address = "203.0.113.77"

// as makes a request with a User-Agent, through a proxy.
func (s *instance) as(t *testing.T, agent, method, path, token, body string, status int, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("X-Forwarded-For", address)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Fatalf("%s %s = %d %s, %v, want %d", method, path, res.StatusCode, answer, err, status)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatal(err)
		}
	}
}

// A user from registration to deletion, as the log tells it before and after; and then nothing
// of the person is left anywhere in the database but what the events need.
func TestTheAuditLogTellsAStory(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		const agent = "of-ada-alone/1.0"
		env["TRUSTED_PROXIES"] = "127.0.0.1"
		s := start(t, env)
		root := newAdmin(t, env, s)
		var ada, again auth
		s.as(t, agent, "POST", "/api/v1/auth/register", "",
			`{"email":"ada@example.com","username":"ada","displayName":"Countess of Lovelace","password":"`+goodPassword+`"}`, 201, &ada)
		s.as(t, agent, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"no no no no"}`, 401, nil)
		s.as(t, agent, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`, 200, &again)
		s.as(t, agent, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"ada@lovelace.example","currentPassword":"`+goodPassword+`"}`, 200, nil)
		openVault(t, env).link(t, ada.User.ID, "google", "subject-of-ada", encryptionKey('a'))
		s.as(t, agent, "DELETE", "/api/v1/users/me/oauth-providers/google", ada.Token, "", 204, nil)
		openVault(t, env).link(t, ada.User.ID, "line", "subject-of-ada", encryptionKey('a'))
		s.as(t, agent, "POST", "/api/v1/auth/logout", again.Token, "", 204, nil)
		if code, output := authctl(t, env, "", "user", "promote", ada.User.ID); code != 0 {
			t.Fatalf("authctl user promote: %d %s", code, output)
		}
		s.must(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"user"}`, 200, nil)

		story := []string{"user_changed", "user_changed", "logged_out", "identity_unlinked", "email_changed", "logged_in", "login_failed", "registered"}
		own := auditOf(t, s, ada.Token, "/api/v1/users/me/audit?")
		wantAudit(t, own, story...)
		for i, by := range []*string{&root.User.ID, nil} {
			if got := own[i].ActorID; valueOf(got) != valueOf(by) {
				t.Errorf("changed by %v, want %v", valueOf(got), valueOf(by))
			}
		}
		if own[1].Detail["by"] != "authctl" || own[1].Detail["role"] != "admin" {
			t.Errorf("the operator's act is told as %v", own[1].Detail)
		}
		for _, e := range own[2:] {
			if valueOf(e.IP) != address || valueOf(e.UserAgent) != agent || valueOf(e.RequestID) == "null" {
				t.Errorf("told as %+v", e)
			}
		}
		var export struct {
			User       user
			Identities []struct{ ProviderID string }
			Audit      []auditEntry
		}
		s.as(t, agent, "GET", "/api/v1/users/me/export", ada.Token, "", 200, &export)
		if export.User.Email != "ada@lovelace.example" || len(export.Identities) != 1 || export.Identities[0].ProviderID != "subject-of-ada" {
			t.Errorf("exported %+v", export)
		}
		story = append([]string{"data_exported"}, story...)
		wantAudit(t, export.Audit, story...)

		s.as(t, agent, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"`+goodPassword+`"}`, 204, nil)
		left := auditOf(t, s, root.Token, "/api/v1/audit?userId="+ada.User.ID+"&")
		wantAudit(t, left, append([]string{"user_deleted"}, story...)...)
		for _, e := range left {
			if e.IP != nil || e.UserAgent != nil || len(e.Detail) > 0 {
				t.Errorf("after the deletion, %s tells %+v", e.Action, e)
			}
		}
		kept := contentsOf(t, openVault(t, env).db)
		inEvents := []string{"ada@", `"ada"`} // until they age out
		for _, personal := range append([]string{agent, address, "Lovelace", "subject-of-ada"}, inEvents...) {
			for table, rows := range kept {
				if strings.Contains(rows, personal) && (table != "outbox_events" || !slices.Contains(inEvents, personal)) {
					t.Errorf("%s is left in %s: %s", personal, table, rows)
				}
			}
		}
		if !strings.Contains(kept["audit_entries"], ada.User.ID) || !strings.Contains(kept["users"], "root@example.com") {
			t.Errorf("what was read of the database is %v", kept)
		}

		// The log is there after a restart, and cannot be emptied by hand.
		s.stop(t)
		s = start(t, env)
		db := openVault(t, env).db
		for _, statement := range []string{"DELETE FROM audit_entries", "UPDATE audit_entries SET action = 'logged_in'"} {
			if err := db.Write.WithContext(t.Context()).Exec(statement).Error; err == nil {
				t.Errorf("%s is done", statement)
			}
		}
		s.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":"root","password":%q}`, goodPassword), 200, &root)
		if n := len(auditOf(t, s, root.Token, "/api/v1/audit?userId="+ada.User.ID+"&")); n != len(left) {
			t.Errorf("%d entries after the restart, want %d", n, len(left))
		}
	})
}

func valueOf(p *string) string {
	if p == nil {
		return "null"
	}
	return *p
}

// contentsOf returns all rows of all tables as text, by table.
func contentsOf(t *testing.T, db *postgres.Database) map[string]string {
	t.Helper()
	read := db.Read.WithContext(t.Context())
	tables, err := read.Migrator().GetTables()
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, table := range tables {
		var rows []map[string]any
		if err := read.Table(table).Find(&rows).Error; err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		contents[table] = string(text)
	}
	return contents
}
