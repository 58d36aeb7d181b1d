package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/storage"
)

func TestInstancesThatStartAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t)
	type result struct {
		applied int
		err     error
	}
	const instances = 4
	// The table of versions is there, so that they meet at the migrations.
	if _, err := postgres.Status(t.Context(), open(t, dsn)); err != nil {
		t.Fatal(err)
	}
	results, start := make(chan result), make(chan struct{})
	for range instances {
		db := open(t, dsn)
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() {
			<-start
			applied, err := postgres.Migrate(t.Context(), db)
			results <- result{len(applied), err}
		}()
	}
	close(start)
	applied := 0
	for range instances {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
		}
		applied += r.applied
	}
	status, err := postgres.Status(t.Context(), open(t, dsn))
	if err != nil || applied != len(status) {
		t.Fatalf("%d migrations were applied of %v, %v", applied, status, err)
	}
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.New(t))
	up := func() {
		t.Helper()
		applied, err := postgres.Migrate(t.Context(), db)
		if err != nil || len(applied) == 0 || applied[0].Name != "00001_users.sql" || applied[0].Version != 1 {
			t.Fatalf("Migrate() = %v, %v", applied, err)
		}
	}
	up()
	if again, err := postgres.Migrate(t.Context(), db); err != nil || len(again) != 0 {
		t.Fatalf("Migrate() of what is up to date = %v, %v", again, err)
	}
	status, err := postgres.Status(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(status) - 1; i >= 0; i-- {
		if age := time.Since(status[i].AppliedAt); age < -time.Minute || age > time.Minute {
			t.Errorf("%s was applied at %v", status[i].Name, status[i].AppliedAt)
		}
		undone, err := postgres.Rollback(t.Context(), db)
		if err != nil || undone.Version != status[i].Version {
			t.Fatalf("Rollback() = %v, %v, want %s", undone, err, status[i].Name)
		}
	}
	if _, err := postgres.Rollback(t.Context(), db); !errors.Is(err, domain.ErrNotFound) {
		t.Fatalf("Rollback() of nothing = %v, want %v", err, domain.ErrNotFound)
	}
	var left int
	if err := pool(t, db).QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables and indexes are left, %v", left, err)
	}
	status, err = postgres.Status(t.Context(), db)
	if err != nil || !status[0].AppliedAt.IsZero() {
		t.Fatalf("Status() = %v, %v", status, err)
	}
	up()
}

// The columns are those of the architecture document, with TIMESTAMPTZ for TIMESTAMP, and
// those of a user's version, language and pending address.
func TestTheDocumentsColumnsAreThere(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	want := map[string]map[string]string{
		"users": {
			"id": "uuid", "email": "character varying(255)", "username": "character varying(100)",
			"password": "character varying(255)", "display_name": "character varying(100)", "avatar": "text",
			"role": "character varying(50)", "is_active": "boolean", "is_oauth_user": "boolean",
			"oauth_provider": "character varying(50)", "oauth_id": "character varying(255)", "email_verified": "boolean",
			"last_login_at": "timestamp with time zone", "created_at": "timestamp with time zone",
			"updated_at": "timestamp with time zone", "version": "bigint", "language": "character varying(8)",
			"pending_email": "character varying(255)", "pending_email_expires_at": "timestamp with time zone",
		},
		"oauth_providers": {
			"id": "uuid", "user_id": "uuid", "provider": "character varying(50)", "provider_id": "character varying(255)",
			"access_token": "text", "refresh_token": "text", "token_expires_at": "timestamp with time zone",
			"profile_data": "jsonb", "created_at": "timestamp with time zone", "updated_at": "timestamp with time zone",
		},
	}
	for table, columns := range want {
		if diff := cmp.Diff(columns, columnsOf(t, pool(t, db), table)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
	// What the document leaves to the database, the database fills.
	if _, err := pool(t, db).ExecContext(t.Context(), "INSERT INTO users (id, email, username) VALUES ($1, 'a@example.com', 'a')", newID()); err != nil {
		t.Error(err)
	}
}

func columnsOf(t *testing.T, pool *sql.DB, table string) map[string]string {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`, table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		columns[name] = kind
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns
}

func pool(t testing.TB, db *postgres.Database) *sql.DB {
	t.Helper()
	pools, err := db.Pools()
	if err != nil {
		t.Fatal(err)
	}
	return pools["main"]
}

// While one instance after the other is replaced, the old ones run on the new schema.
func TestNewColumnsDoNotDisturbWhoDoesNotKnowThem(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada := create(t, db, "ada")
	s := storage.New(db)
	read := func() {
		t.Helper()
		_, err := s.Users.ByID(t.Context(), ada.ID)
		_, pageErr := s.Users.Page(t.Context(), repositories.UserQuery{Limit: 1})
		_, headsErr := s.Outbox.Heads(t.Context(), 1)
		change := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			u, err := r.Users.ForUpdate(ctx, ada.ID)
			return errors.Join(err, r.Users.Save(ctx, u))
		})
		if err := errors.Join(err, pageErr, headsErr, change); err != nil {
			t.Fatal(err)
		}
	}
	read() // PostgreSQL plans the queries
	for _, table := range []string{"users", "sessions", "outbox_events"} {
		mustExec(t, db, "ALTER TABLE "+table+" ADD COLUMN later TEXT")
	}
	read()
}
