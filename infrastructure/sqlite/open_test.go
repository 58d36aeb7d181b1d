package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

func TestConnectionsAreSetAsTheyMustBe(t *testing.T) {
	t.Parallel()
	for name, pool := range pools(t, open(t, t.TempDir())) {
		want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0"}
		if name == "read" {
			want["query_only"] = "1"
		}
		for pragma, value := range want {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != value {
				t.Errorf("%s pool: %s = %s, want %s", name, pragma, got, value)
			}
		}
	}
}

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b%20?#é")
	db := migrated(t, dir)
	create(t, db, "ada")
	files, err := filepath.Glob(filepath.Join(dir, "auth.db*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("files: %v, %v; want the database, its log and its index", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has permissions %v", filepath.Base(file), info.Mode())
		}
	}
}

func TestWhatWasCommittedIsThereWhenOpenedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := migrated(t, dir)
	ada := create(t, db, "ada")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.NewUsers(migrated(t, dir)).ByID(t.Context(), ada.ID); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralMigrateAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	if _, err := postgres.Status(t.Context(), first); err != nil { // makes the table of versions, so that they meet at the migrations
		t.Fatal(err)
	}
	databases := make(chan *postgres.Database, 4)
	for range cap(databases) {
		databases <- open(t, dir)
	}
	atOnce(t, cap(databases), func() error {
		_, err := postgres.Migrate(t.Context(), <-databases)
		return err
	})
	create(t, first, "ada")
}

func atOnce(t *testing.T, n int, fn func() error) {
	t.Helper()
	start, errs := make(chan struct{}), make(chan error)
	for range n {
		go func() {
			<-start
			errs <- fn()
		}()
	}
	close(start)
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestReadersDoNotWaitForTheWriterAndWritersNotForEver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, tool := migrated(t, dir), open(t, dir)
	ada := create(t, service, "ada")
	tool.Timeout = 200 * time.Millisecond
	err := postgres.NewUnitOfWork(service, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		if _, err := r.Users.ForUpdate(ctx, ada.ID); err != nil {
			return err
		}
		if _, err := postgres.NewUsers(tool).ByID(ctx, ada.ID); err != nil {
			t.Errorf("ByID() beside a unit of work = %v", err)
		}
		if err := insert(ctx, tool, account("grace")); !errors.Is(err, domain.ErrOverloaded) {
			t.Errorf("a write beside a unit of work of another process = %v, want %v", err, domain.ErrOverloaded)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	create(t, tool, "grace")
}

func TestWhatWaitsIsFoundByIndexes(t *testing.T) {
	t.Parallel()
	pool := pools(t, migrated(t, t.TempDir()))["read"]
	for query, indexes := range map[string][]string{
		postgres.HeadsQuery:                                                         {"outbox_events_pending_idx", "outbox_events_pending_user_idx"},
		"SELECT * FROM users WHERE lower(email) = ?":                                {"users_email_key"},
		"SELECT * FROM users WHERE lower(username) = ?":                             {"users_username_key"},
		"SELECT * FROM oauth_providers WHERE provider = ? AND provider_id = 'x'":    {"sqlite_autoindex_oauth_providers_2"}, // SQLite names it so
		"SELECT * FROM oauth_providers WHERE user_id = ?":                           {"oauth_providers_user_key"},
		"SELECT id FROM outbox_events WHERE published_at < ? ORDER BY published_at": {"outbox_events_published_idx"},
	} {
		rows, err := pool.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, "x")
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(detail + "\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		for _, index := range indexes {
			if !strings.Contains(plan.String(), index) || strings.Contains(plan.String(), "TEMP B-TREE") {
				t.Errorf("%s goes by\n%s, want %s and no sort", query, plan.String(), index)
			}
		}
	}
}

func account(name string) models.User {
	now := time.Now()
	return models.User{
		ID: uuid.Must(uuid.NewV7()).String(), Email: name + "@example.com", Username: name,
		Role: models.RoleUser, IsActive: true, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

func insert(ctx context.Context, db *postgres.Database, u models.User) error {
	return postgres.NewUnitOfWork(db, nil).Do(ctx, func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, u) })
}

func create(t testing.TB, db *postgres.Database, name string) models.User {
	t.Helper()
	u := account(name)
	if err := insert(t.Context(), db, u); err != nil {
		t.Fatal(err)
	}
	return u
}
