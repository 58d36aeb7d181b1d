package sqlite_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

// The log is not rewritten by hand either, whatever SQLite's own ways to do so are.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := migrated(t, t.TempDir())
	const user, first = "01990000-0000-7000-8001-000000000001", "01990000-0000-7000-8002-000000000001"
	exec := func(statement string) error { return db.Write.WithContext(t.Context()).Exec(statement).Error }
	if err := exec("INSERT INTO users (id, email, username) VALUES ('" + user + "', 'ada@example.com', 'ada')"); err != nil {
		t.Fatal(err)
	}
	err := postgres.NewUnitOfWork(db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		return r.Audit.Append(ctx, models.AuditEntry{
			ID: first, Action: models.AuditLoggedIn, UserID: user, ActorID: user, IP: "203.0.113.7", UserAgent: "curl/8.5.0",
			At: time.Now(), Detail: map[string]string{"method": "password"},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if err := exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	refused(
		"UPDATE audit_entries SET action = 'logged_out'",
		"UPDATE audit_entries SET user_id = NULL",
		"UPDATE audit_entries SET actor_id = NULL",
		"UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000+00:00'",
		"UPDATE audit_entries SET request_id = 'x'",
		"UPDATE audit_entries SET id = 'x'",
		"UPDATE OR REPLACE audit_entries SET ip = '198.51.100.1'",
		"UPDATE audit_entries SET ip = '', user_agent = '', detail = '{}'", // she is there
		"INSERT OR REPLACE INTO audit_entries (id, action, at) VALUES ('"+first+"', 'logged_out', '2020-01-01 00:00:00.000000+00:00')",
		"REPLACE INTO audit_entries (id, action, at) VALUES ('"+first+"', 'logged_out', '2020-01-01 00:00:00.000000+00:00')",
		"DELETE FROM audit_entries",
	)
	if err := exec("DELETE FROM users"); err != nil {
		t.Fatal(err)
	}
	refused(
		"UPDATE audit_entries SET ip = '198.51.100.1'",
		"UPDATE audit_entries SET ip = '', action = 'logged_out'",
		"DELETE FROM audit_entries",
	)
	if err := exec("UPDATE audit_entries SET ip = '', user_agent = '', detail = '{}'"); err != nil {
		t.Error(err)
	}
	if n, err := postgres.NewAudit(db).DeleteAuditBefore(t.Context(), time.Now().Add(time.Hour), 10); err == nil {
		t.Errorf("%d entries of today were removed", n)
	}
	left, err := postgres.NewAudit(db).Page(t.Context(), repositories.AuditQuery{Limit: 10})
	if err != nil || len(left) != 1 || left[0].Action != models.AuditLoggedIn || left[0].UserID != user || left[0].IP != "" {
		t.Errorf("left: %+v, %v", left, err)
	}
}

func TestAuditEntriesAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t, t.TempDir())
	for query, index := range map[string]string{
		"SELECT * FROM audit_entries WHERE user_id = 'x' ORDER BY id DESC LIMIT 20":                                 "USING INDEX audit_entries_user_idx",
		"SELECT * FROM audit_entries WHERE id < 'y' AND user_id = 'x' ORDER BY id DESC LIMIT 20":                    "USING INDEX audit_entries_user_idx",
		"SELECT * FROM audit_entries WHERE action = 'x' ORDER BY id DESC LIMIT 20":                                  "USING INDEX audit_entries_action_idx",
		"SELECT * FROM audit_entries WHERE id < 'y' ORDER BY id DESC LIMIT 20":                                      "USING PRIMARY KEY",
		"DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < 'x' ORDER BY at LIMIT 500)": "audit_entries_at_idx",
		"UPDATE audit_entries SET ip = '' WHERE actor_id = 'x' AND actor_id <> user_id":                             "audit_entries_actor_idx",
	} {
		var steps []struct{ Detail string }
		if err := db.Write.WithContext(t.Context()).Raw("EXPLAIN QUERY PLAN " + query).Scan(&steps).Error; err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for _, s := range steps {
			plan.WriteString(s.Detail + "\n")
		}
		if !strings.Contains(plan.String(), index) || strings.Contains(plan.String(), "TEMP B-TREE") {
			t.Errorf("%s:\n%s", query, plan.String())
		}
	}
}
