package simulator_test

import (
	"os"
	"testing"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(harness.Main(m, "gofiber-auth/cmd/api", "gofiber-auth/cmd/authctl"))
}

// onBothDatabases runs a test on the embedded database and on PostgreSQL.
func onBothDatabases(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, nil))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, map[string]string{"DATABASE_URL": pgtest.New(t)}))
	})
}
