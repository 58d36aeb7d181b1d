package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/postgres"
)

// The statistics of the planner are those of before the backlog grew, which is when a plan
// goes wrong: a join of what waits with itself then takes seconds.
func TestHeadsStayFastWhenABacklogGrows(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	fill := func(prefix, publishedAt string) {
		t.Helper()
		mustExec(t, db, `INSERT INTO outbox_events (id, user_id, version, action, email, username, occurred_at, published_at)
			SELECT ('`+prefix+`' || lpad(to_hex(i), 12, '0'))::uuid, ('`+prefix+`' || lpad(to_hex(i % 10000), 12, '0'))::uuid,
				1 + i / 10000, 'updated', 'a@example.com', 'a', now(), `+publishedAt+` FROM generate_series(0, 19999) i`)
	}
	mustExec(t, db, "ALTER TABLE outbox_events SET (autovacuum_enabled = off)")
	fill("01990000-0000-7000-8001-", "now()")
	mustExec(t, db, "VACUUM ANALYZE outbox_events")
	fill("01990000-0000-7000-8002-", "NULL")

	plan := explain(t, db, strings.Replace(postgres.HeadsQuery, "?", "$1", 1), 500)
	wantPlan(t, plan, "outbox_events_pending_idx", "outbox_events_pending_user_idx")
	for _, slow := range []string{"Join", "Sort", "Seq Scan", "loops=20000"} {
		if strings.Contains(plan, slow) {
			t.Errorf("%s in the plan:\n%s", slow, plan)
		}
	}
	heads, err := postgres.NewOutbox(db).Heads(t.Context(), 500)
	if err != nil || len(heads) != 500 {
		t.Fatalf("%d heads, %v", len(heads), err)
	}
}

func TestUsersAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	mustExec(t, db, `INSERT INTO users (id, email, username, role) SELECT gen_random_uuid(), 'user' || i || '@example.com', 'User' || i,
		CASE WHEN i % 1000 = 0 THEN 'admin' ELSE 'user' END FROM generate_series(1, 20000) i`)
	mustExec(t, db, "ANALYZE users")
	wantPlan(t, explain(t, db, "SELECT * FROM users WHERE lower(email) = $1", "user7@example.com"), "users_email_key")
	wantPlan(t, explain(t, db, "SELECT * FROM users WHERE lower(username) = $1", "user7"), "users_username_key")
	wantPlan(t, explain(t, db, `SELECT * FROM users WHERE (lower(email) LIKE $1 ESCAPE '\' OR lower(username) LIKE $1 ESCAPE '\') ORDER BY id LIMIT 20`, "user777%"),
		"users_email_key", "users_username_key")
	wantPlan(t, explain(t, db, "SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id FOR UPDATE"), "users_active_admins_idx")
}

func explain(t *testing.T, db *postgres.Database, query string, args ...any) string {
	t.Helper()
	rows, err := pool(t, db).QueryContext(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

func wantPlan(t *testing.T, plan string, indexes ...string) {
	t.Helper()
	for _, index := range indexes {
		if !strings.Contains(plan, index) {
			t.Errorf("%s is not in the plan:\n%s", index, plan)
		}
	}
}

func mustExec(t testing.TB, db *postgres.Database, statement string, args ...any) {
	t.Helper()
	if _, err := pool(t, db).ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
