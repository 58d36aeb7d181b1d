package postgres_test

import (
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/repositorytest"
)

// TestMain gives the process a zone of its own: times that are not turned into UTC stand out.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("Bangkok", 7*60*60)
	os.Exit(m.Run())
}

func TestContract(t *testing.T) {
	t.Parallel()
	databases := make([]*postgres.Database, 4)
	for i := range databases {
		databases[i] = migrated(t)
	}
	repositorytest.Run(t, databases...)
}

// migrated returns a database of its own with the schema.
func migrated(t testing.TB) *postgres.Database {
	t.Helper()
	return open(t, pgtest.Migrated(t))
}

// open opens the database of dsn with a pool of eight.
func open(t testing.TB, dsn string) *postgres.Database {
	t.Helper()
	connection, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool := stdlib.OpenDB(*connection)
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
	db, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: pool}), &gorm.Config{
		SkipDefaultTransaction: true, DisableAutomaticPing: true, Logger: logger.Default.LogMode(logger.Silent),
	})
	if err != nil {
		t.Fatal(err)
	}
	opened := postgres.New(db)
	opened.Timeout = time.Minute // on a busy machine, too
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}
