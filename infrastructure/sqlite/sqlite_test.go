package sqlite_test

import (
	"testing"
	"time"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sqlite"
	"gofiber-auth/test/repositorytest"
	"gofiber-auth/test/storage"
)

func TestContract(t *testing.T) {
	t.Parallel()
	databases := make([]*postgres.Database, 4)
	for i := range databases {
		databases[i] = storage.Open(t).DB
	}
	repositorytest.Run(t, databases...)
}

func migrated(t testing.TB, dir string) *postgres.Database {
	t.Helper()
	db := open(t, dir)
	if _, err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func open(t testing.TB, dir string) *postgres.Database {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	db.Timeout = time.Minute // on a busy machine, too
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
