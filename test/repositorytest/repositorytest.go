// Package repositorytest holds what both databases must do, and every store of one-time values.
package repositorytest

import (
	"errors"
	"testing"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/storage"
)

// store is the repositories over the database of one test.
type store struct{ *storage.Storage }

// Run tests the repositories over databases with the schema, each of which serves one test after
// the other. A database must take 20 units of work at once.
func Run(t *testing.T, databases ...*postgres.Database) {
	t.Helper()
	free := make(chan *postgres.Database, len(databases))
	for _, db := range databases {
		free <- db
	}
	for _, group := range []struct {
		name  string
		tests map[string]func(t *testing.T, s store)
	}{
		{"unit of work", workTests},
		{"users", userTests},
		{"page", pageTests},
		{"sessions", sessionTests},
		{"refreshes", refreshTests},
		{"addresses of sessions", addressTests},
		{"identities", identityTests},
		{"provider tokens", providerTokenTests},
		{"outbox", outboxTests},
		{"lost events", lossTests},
		{"replays", replayTests},
		{"leases", leaseTests},
		{"deliveries", deliveryTests},
		{"audit", auditTests},
		{"mails", mailTests},
		{"mail tokens", mailTokenTests},
		{"registrations", registrationTests},
		{"devices", deviceTests},
		{"races", raceTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					db := <-free
					t.Cleanup(func() {
						if err := empty(db); err != nil {
							t.Error(err)
						}
						free <- db
					})
					test(t, store{storage.New(db)})
				})
			}
		})
	}
}

// empty deletes all rows; sessions, tokens and identities go with their users. Audit entries
// can go because those of the tests are years old.
func empty(db *postgres.Database) error {
	var errs []error
	for _, table := range []string{"users", "mails", "pending_registrations", "http_deliveries", "outbox_events", "relay_leases", "audit_entries"} {
		errs = append(errs, db.Write.Exec("DELETE FROM "+table).Error)
	}
	return errors.Join(errs...)
}
