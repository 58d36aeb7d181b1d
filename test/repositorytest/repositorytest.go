// Package repositorytest holds what every implementation of the ports in
// domain/repositories must do (Run), and one in memory for the tests of use cases (Memory).
package repositorytest

import (
	"testing"

	"gofiber-auth/domain/repositories"
)

// Store is one implementation of the ports over one database.
type Store struct {
	Work      repositories.UnitOfWork
	Users     repositories.UserReader
	Sessions  repositories.SessionReader
	Live      repositories.SessionLister
	Pages     repositories.SessionPages
	Expired   repositories.ExpiredSessions
	Outbox    repositories.OutboxQueue
	Backlog   repositories.Backlog
	Published repositories.PublishedEvents
	Replays   repositories.Replays
	Leases    repositories.Leases

	Deliveries repositories.Deliveries
	ByHTTP     repositories.UnitOfWork // whose events wait to be delivered by HTTP, too
	Identities repositories.IdentityReader
	Tokens     repositories.ProviderTokens
	Addresses  repositories.SessionAddresses
	Audit      repositories.AuditReader
	OldAudit   repositories.ExpiredAudit
	History    repositories.EventHistory

	Mails         repositories.MailQueue
	MailTokens    repositories.MailTokenReader
	ExpiredTokens repositories.ExpiredMailTokens
}

// Run tests the behaviour of an implementation. open returns an empty store, which must take
// 20 units of work at once.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for _, group := range []struct {
		name  string
		tests map[string]func(t *testing.T, s Store)
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
		{"races", raceTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, open(t))
				})
			}
		})
	}
}

// Reuse returns an open for Run over a few databases, each of which serves one test after the
// other: for databases that take long to make. empty removes all rows.
func Reuse[D any](databases []D, store func(D) Store, empty func(D) error) func(t *testing.T) Store {
	free := make(chan D, len(databases))
	for _, db := range databases {
		free <- db
	}
	return func(t *testing.T) Store {
		t.Helper()
		db := <-free
		t.Cleanup(func() {
			if err := empty(db); err != nil {
				t.Error(err)
			}
			free <- db
		})
		return store(db)
	}
}
