package postgres_test

import (
	"strings"
	"testing"

	"gofiber-auth/infrastructure/postgres"
)

// A mail server that has been away for long leaves many mails; the next one is still found at once.
func TestMailsAreClaimedByIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	mustExec(t, db, "ALTER TABLE mails SET (autovacuum_enabled = off)")
	mustExec(t, db, "VACUUM ANALYZE mails")
	mustExec(t, db, `INSERT INTO mails (id, kind, recipient, language, request_id, created_at, due_at)
		SELECT gen_random_uuid(), 'reset_password', 'user' || i % 15000 || '@example.com', 'en', '', now(), now() + make_interval(secs => i - 10000) FROM generate_series(1, 20000) i`)
	query := strings.NewReplacer("LIMIT ?", "LIMIT 4", "?", "now()").Replace(postgres.ClaimMailsQuery)
	plan := explain(t, db, query+"FOR UPDATE SKIP LOCKED")
	wantPlan(t, plan, "mails_due_idx", "mails_recipient_idx")
	if strings.Contains(plan, "Seq Scan") {
		t.Errorf("the plan is\n%s", plan)
	}
}
