package sqlite_test

import (
	"errors"
	"testing"

	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sqlite"
)

func TestContract(t *testing.T) {
	t.Parallel()
	databases := make([]*postgres.Database, 4)
	for i := range databases {
		databases[i] = migrated(t, t.TempDir())
	}
	repositorytest.Run(t, repositorytest.Reuse(databases, store, empty))
}

// empty deletes all rows; sessions, tokens and identities go with their users. Audit entries
// can go because those of the tests are years old.
func empty(db *postgres.Database) error {
	var errs []error
	for _, table := range []string{"users", "mails", "http_deliveries", "outbox_events", "relay_leases", "audit_entries"} {
		errs = append(errs, db.Write.Exec("DELETE FROM "+table).Error)
	}
	return errors.Join(errs...)
}

func store(db *postgres.Database) repositorytest.Store {
	sessions, outbox, identities := postgres.NewSessions(db), postgres.NewOutbox(db), postgres.NewIdentities(db)
	return repositorytest.Store{
		Work: postgres.NewUnitOfWork(db, nil), Users: postgres.NewUsers(db), Sessions: sessions, Live: sessions, Pages: sessions, Expired: sessions,
		Outbox: outbox, Backlog: outbox, Published: outbox, Replays: outbox, Leases: postgres.NewLeases(db),
		Deliveries: postgres.NewDeliveries(db), ByHTTP: postgres.NewUnitOfWork(db, nil, postgres.ByHTTP),
		Identities: identities, Tokens: identities,
		Addresses: sessions,
		Audit:     postgres.NewAudit(db), OldAudit: postgres.NewAudit(db), History: outbox,
		Mails: postgres.NewMails(db), MailTokens: postgres.NewMailTokens(db), ExpiredTokens: postgres.NewMailTokens(db),
	}
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
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
