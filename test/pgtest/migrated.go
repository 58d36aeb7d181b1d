package pgtest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/migrations"
)

// Migrated makes an empty database with the schema, as New does one without. It is a copy of a
// template that the first test makes of all packages that run side by side, and that stays.
func Migrated(t testing.TB) string {
	t.Helper()
	return create(t, template(t))
}

// template returns the name of a database with the schema, which nothing is connected to.
func template(t testing.TB) string {
	t.Helper()
	ctx, server := t.Context(), os.Getenv(variable)
	if server == "" {
		t.Fatal(missing)
	}
	name := "migrated_" + version(t)
	conn := connect(ctx, t, server)
	defer conn.Close(ctx) //nolint:errcheck // the lock goes with it
	const key = 7346001   // of this lock alone
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		return name
	}
	unfinished := create(t, "template0")
	migrate(t, unfinished)
	made, err := pgx.ParseConfig(unfinished)
	if err != nil {
		t.Fatal(err)
	}
	// By its name the template is whole: a process that is killed before leaves none.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+made.Database+" RENAME TO "+name); err != nil {
		t.Fatal(err)
	}
	return name
}

// version returns a hash of the migrations.
func version(t testing.TB) string {
	t.Helper()
	hash := sha256.New()
	err := fs.WalkDir(migrations.Postgres(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrations.Postgres(), path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8])
}

func migrate(t testing.TB, dsn string) {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool := stdlib.OpenDB(*config)
	db, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: pool}), new(gorm.Config))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), postgres.New(db)); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}
