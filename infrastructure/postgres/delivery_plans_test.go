package postgres_test

import (
	"strings"
	"testing"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

// 20,000 users wait, most of them for their time to come, which the planner's statistics do
// not know of yet: what is due is found by the indexes, as many entries as are asked for.
func TestDueDeliveriesStayCheapWhenABacklogGrows(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	mustExec(t, db, "ALTER TABLE http_deliveries SET (autovacuum_enabled = off)")
	mustExec(t, db, "ALTER TABLE outbox_events SET (autovacuum_enabled = off)")
	mustExec(t, db, "VACUUM ANALYZE http_deliveries, outbox_events")
	mustExec(t, db, `INSERT INTO outbox_events (id, user_id, version, action, email, username, occurred_at)
		SELECT ('01990000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid, ('01990000-0000-7000-8002-' || lpad(to_hex(i % 20000), 12, '0'))::uuid,
			1 + i / 20000, 'updated', 'a@example.com', 'a', now() FROM generate_series(0, 39999) i`)
	mustExec(t, db, `INSERT INTO http_deliveries (user_id, event_id, version, last_version, failures, next_attempt_at)
		SELECT user_id, id, 1, 2, CASE WHEN substr(id::text, 36) IN ('0', '1') THEN 0 ELSE 5 END, now() + interval '1 hour'
		FROM outbox_events WHERE version = 1`)
	mustExec(t, db, `UPDATE http_deliveries SET next_attempt_at = now() WHERE substr(event_id::text, 35) = '07'`)

	query := strings.NewReplacer("@fresh", "$1", "@failed", "$2", "@until", "now()").Replace(postgres.DueQuery)
	plan := explain(t, db, query, 12, 4)
	wantPlan(t, plan, "http_deliveries_fresh_idx", "http_deliveries_failed_idx", "outbox_events_pkey")
	for _, slow := range []string{"Hash Join", "Merge Join", "Seq Scan", "rows=20000"} {
		if strings.Contains(plan, slow) {
			t.Errorf("%s in the plan:\n%s", slow, plan)
		}
	}
	deliveries := postgres.NewDeliveries(db)
	due, err := deliveries.Due(t.Context(), repositories.DeliveryQuery{Fresh: 12, Failed: 4})
	if err != nil || len(due) != 16 {
		t.Fatalf("%d are due, %v", len(due), err)
	}
	pending, _, err := deliveries.Undelivered(t.Context())
	if err != nil || pending != 40_000 {
		t.Fatalf("%d wait, %v", pending, err)
	}
	// All of them at once, as when the receiver is back, within the time that a statement has.
	for n := int64(1000); n == 1000; {
		if n, err = deliveries.Hasten(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		due, err = deliveries.Due(t.Context(), repositories.DeliveryQuery{Failed: 100})
		if err != nil || len(due) != 100 {
			t.Fatalf("%d are due, %v", len(due), err)
		}
		var results []repositories.DeliveryResult
		for _, d := range due {
			results = append(results, repositories.DeliveryResult{EventID: d.Event.ID})
		}
		if err := deliveries.Settle(t.Context(), results); err != nil {
			t.Fatal(err)
		}
	}
	if pending, _, err = deliveries.Undelivered(t.Context()); err != nil || pending != 39_000 {
		t.Fatalf("%d wait, %v", pending, err)
	}
}
