// Package examiner holds the service to its contract from the outside: the real program, its
// HTTP answers, the mails that it sends, what it leaves in logs, metrics and the database. The
// tests know the contract and nothing of how the service is made.
package examiner

import (
	"os"
	"testing"

	"gofiber-auth/test/harness"
)

func TestMain(m *testing.M) {
	os.Exit(harness.Main(m, "gofiber-auth/cmd/api", "gofiber-auth/cmd/authctl"))
}

// onBothDatabases runs a test on the embedded database and on PostgreSQL.
func onBothDatabases(t *testing.T, p plan, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, postgres := range []bool{false, true} {
		name := map[bool]string{false: "embedded", true: "postgres"}[postgres]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := p
			p.postgres = postgres
			test(t, newWorld(t, p))
		})
	}
}
