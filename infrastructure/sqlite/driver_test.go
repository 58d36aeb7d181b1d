package sqlite_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"gofiber-auth/infrastructure/postgres"
)

func TestTimesAreTextOfOneWidthInUTC(t *testing.T) {
	t.Parallel()
	pool := pools(t, migrated(t, t.TempDir()))["write"]
	mustExec(t, pool, `CREATE TABLE times (at TIMESTAMP, pointer TIMESTAMP, "null" TIMESTAMP)`)
	at := time.Date(2026, 1, 2, 3, 4, 5, 600_000_999, time.FixedZone("Bangkok", 7*60*60))
	var none *time.Time
	mustExec(t, pool, "INSERT INTO times VALUES (?, ?, ?)", at, &at, none)

	var text string
	row := pool.QueryRowContext(t.Context(), "SELECT at || ' ' || (at = pointer) FROM times")
	if err := row.Scan(&text); err != nil {
		t.Fatal(err)
	}
	if want := "2026-01-01 20:04:05.600000+00:00 1"; text != want {
		t.Errorf("stored as %q, want %q", text, want)
	}
	var (
		back time.Time
		null *time.Time
	)
	if err := pool.QueryRowContext(t.Context(), `SELECT pointer, "null" FROM times`).Scan(&back, &null); err != nil {
		t.Fatal(err)
	}
	if want := at.UTC().Truncate(time.Microsecond); !back.Equal(want) || null != nil {
		t.Errorf("came back as %v and %v, want %v and nil", back, null, want)
	}
}

// The texts of these times differ in the length of their fractions and in their zones if they
// are written as Go or the driver would.
func TestTimesCompareAsTheyFollowOneAnother(t *testing.T) {
	t.Parallel()
	pool := pools(t, migrated(t, t.TempDir()))["write"]
	mustExec(t, pool, "CREATE TABLE times (place INTEGER, at TIMESTAMP)")
	second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	micros := []int{0, 1, 9, 10, 99, 100, 90_000, 100_000, 100_001, 500_000, 999_999}
	zones := []*time.Location{time.UTC, time.FixedZone("west", -9*60*60), time.FixedZone("east", 13*60*60)}
	for i, f := range micros {
		mustExec(t, pool, "INSERT INTO times VALUES (?, ?)", i, second.Add(time.Duration(f)*time.Microsecond).In(zones[i%len(zones)]))
	}
	for i, f := range micros {
		for _, zone := range zones {
			var before int
			row := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM times WHERE at < ?", second.Add(time.Duration(f)*time.Microsecond).In(zone))
			if err := row.Scan(&before); err != nil {
				t.Fatal(err)
			}
			if before != i {
				t.Errorf("%d times are before +%dµs in %v, want %d", before, f, zone, i)
			}
		}
	}
}

func TestAFailedCommitLeavesNoTransactionOpen(t *testing.T) {
	t.Parallel()
	pool := pools(t, migrated(t, t.TempDir()))["write"]
	for range 2 { // over the same connection: there is one
		tx, err := pool.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatalf("begin: %v", err)
		}
		for _, statement := range []string{
			"PRAGMA defer_foreign_keys = 1",
			`INSERT INTO sessions (id, user_id, user_agent, ip, created_at, last_used_at, expires_at) VALUES ('1', 'nobody', '', '', '', '', '')`,
		} {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
			t.Fatalf("commit = %v, want a violated foreign key", err)
		}
	}
}

func pools(t testing.TB, db *postgres.Database) map[string]*sql.DB {
	t.Helper()
	pools, err := db.Pools()
	if err != nil {
		t.Fatal(err)
	}
	return pools
}

func mustExec(t testing.TB, pool *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := pool.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
