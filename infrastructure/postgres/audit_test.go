package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

// The log is not rewritten by hand either: not by whoever has found a way to run SQL, and not by
// an operator's mistake.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada := create(t, db, "ada")
	fresh := models.AuditEntry{
		ID: newID(), Action: models.AuditLoggedIn, UserID: ada.ID, ActorID: ada.ID, IP: "203.0.113.7", UserAgent: "curl/8.5.0",
		RequestID: "request-1", At: time.Now().UTC().Truncate(time.Microsecond), Detail: map[string]string{"method": "password"},
	}
	note(t, db, fresh)
	for _, statement := range []string{
		"UPDATE audit_entries SET action = 'logged_out'",
		"UPDATE audit_entries SET user_id = NULL",
		"UPDATE audit_entries SET actor_id = gen_random_uuid()",
		"UPDATE audit_entries SET at = at - interval '1 day'",
		"UPDATE audit_entries SET request_id = ''",
		"UPDATE audit_entries SET id = gen_random_uuid()",
		"UPDATE audit_entries SET ip = '198.51.100.1'",
		"UPDATE audit_entries SET ip = '', user_agent = '', detail = '{}'", // she is there
		"INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (id) DO UPDATE SET ip = ''",
		"DELETE FROM audit_entries",
		"TRUNCATE audit_entries",
		"TRUNCATE users, audit_entries CASCADE",
	} {
		if _, err := pool(t, db).ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	wantAudit(t, db, fresh)

	mustExec(t, db, "DELETE FROM users")
	for _, statement := range []string{
		"UPDATE audit_entries SET ip = '198.51.100.1'",
		"UPDATE audit_entries SET ip = '', action = 'logged_out'",
		"UPDATE audit_entries SET detail = '{\"method\": \"line\"}'",
		"DELETE FROM audit_entries",
	} {
		if _, err := pool(t, db).ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("with nobody there, %s: %v", statement, err)
		}
	}
	mustExec(t, db, "UPDATE audit_entries SET ip = '', user_agent = '', detail = '{}'")
	fresh.IP, fresh.UserAgent, fresh.Detail = "", "", map[string]string{}
	wantAudit(t, db, fresh)
	if n, err := postgres.NewAudit(db).DeleteAuditBefore(t.Context(), time.Now().Add(time.Hour), 10); err == nil {
		t.Errorf("%d entries of today were removed", n)
	}
}

// What an admin did to somebody keeps its detail when the admin goes.
func TestWhatSomebodyDidToOthersIsStillTold(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada, root := create(t, db, "ada"), create(t, db, "root")
	note(t, db, models.AuditEntry{
		ID: newID(), Action: models.AuditUserChanged, UserID: ada.ID, ActorID: root.ID, IP: "203.0.113.7", At: time.Now(),
		Detail: map[string]string{"role": "admin"},
	})
	mustExec(t, db, "DELETE FROM users WHERE username = 'root'")
	if _, err := pool(t, db).ExecContext(t.Context(), "UPDATE audit_entries SET detail = '{}'"); err == nil {
		t.Error("what root did to ada can be hidden")
	}
	mustExec(t, db, "UPDATE audit_entries SET ip = ''")
}

// Entries are found by indexes in every way in which they are looked for.
func TestAuditEntriesAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	mustExec(t, db, `INSERT INTO audit_entries (id, action, user_id, actor_id, at)
		SELECT ('01990000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid, CASE WHEN i % 500 = 0 THEN 'user_changed' ELSE 'logged_in' END,
			('01990000-0000-7000-8002-' || lpad(to_hex(i % 200), 12, '0'))::uuid,
			('01990000-0000-7000-8002-' || lpad(to_hex(CASE WHEN i % 500 = 0 THEN 7 ELSE i % 200 END), 12, '0'))::uuid,
			now() - make_interval(mins => 50000 - i) FROM generate_series(1, 50000) i`)
	mustExec(t, db, "ANALYZE audit_entries")
	const user = "01990000-0000-7000-8002-000000000007"
	for _, tt := range []struct {
		index, query string
		args         []any
	}{
		{"audit_entries_pkey", "SELECT * FROM audit_entries ORDER BY id DESC LIMIT 20", nil},
		{"audit_entries_pkey", "SELECT * FROM audit_entries WHERE id < $1 ORDER BY id DESC LIMIT 20", []any{"01990000-0000-7000-8001-00000000b000"}},
		{"audit_entries_user_idx", "SELECT * FROM audit_entries WHERE user_id = $1 ORDER BY id DESC LIMIT 20", []any{user}},
		{"audit_entries_user_idx", "SELECT * FROM audit_entries WHERE id < $2 AND user_id = $1 ORDER BY id DESC LIMIT 20", []any{user, "01990000-0000-7000-8001-00000000b000"}},
		{"audit_entries_action_idx", "SELECT * FROM audit_entries WHERE action = $1 ORDER BY id DESC LIMIT 20", []any{"user_changed"}},
		{"audit_entries_at_idx", "DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < $1 ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)", []any{time.Now().AddDate(0, 0, -30)}},
		{"audit_entries_user_idx", "UPDATE audit_entries SET ip = '' WHERE user_id = $1", []any{user}},
		{"audit_entries_actor_idx", "UPDATE audit_entries SET ip = '' WHERE actor_id = $1 AND actor_id <> user_id", []any{user}},
	} {
		plan := explain(t, db, tt.query, tt.args...)
		wantPlan(t, plan, tt.index)
		for _, slow := range []string{"Seq Scan", "rows=50000"} {
			if strings.Contains(plan, slow) {
				t.Errorf("%s in the plan:\n%s", slow, plan)
			}
		}
		if strings.HasPrefix(tt.query, "SELECT") && strings.Contains(plan, "Sort") {
			t.Errorf("a page is sorted:\n%s", plan)
		}
	}
}

func note(t *testing.T, db *postgres.Database, e models.AuditEntry) {
	t.Helper()
	err := postgres.NewUnitOfWork(db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Audit.Append(ctx, e) })
	if err != nil {
		t.Fatal(err)
	}
}

// wantAudit fails the test unless the log is exactly one entry.
func wantAudit(t *testing.T, db *postgres.Database, want models.AuditEntry) {
	t.Helper()
	got, err := postgres.NewAudit(db).Page(t.Context(), repositories.AuditQuery{Limit: 10})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("the entry (-want +got):\n%s", diff)
	}
}
