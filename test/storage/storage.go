// Package storage gives tests the real repositories over an embedded database of their own.
package storage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sqlite"
)

// Storage is the repositories over one database.
type Storage struct {
	DB     *postgres.Database
	Work   repositories.UnitOfWork
	ByHTTP repositories.UnitOfWork // its events wait to be delivered by HTTP, too

	Users      *postgres.Users
	Sessions   *postgres.Sessions
	Identities *postgres.Identities
	Outbox     *postgres.Outbox
	Deliveries *postgres.Deliveries
	Leases     *postgres.Leases
	Audit      *postgres.Audit
	Mails      *postgres.Mails
	MailTokens *postgres.MailTokens

	Registrations *postgres.Registrations
}

// New returns the repositories over db.
func New(db *postgres.Database) *Storage {
	return &Storage{
		DB: db, Work: postgres.NewUnitOfWork(db, nil), ByHTTP: postgres.NewUnitOfWork(db, nil, postgres.ByHTTP),
		Users: postgres.NewUsers(db), Sessions: postgres.NewSessions(db), Identities: postgres.NewIdentities(db),
		Outbox: postgres.NewOutbox(db), Deliveries: postgres.NewDeliveries(db), Leases: postgres.NewLeases(db),
		Audit: postgres.NewAudit(db), Mails: postgres.NewMails(db), MailTokens: postgres.NewMailTokens(db),
		Registrations: postgres.NewRegistrations(db),
	}
}

// Open returns an empty embedded database with the schema. It works in a bubble of
// testing/synctest, too: no goroutine of the driver outlives the test.
func Open(t testing.TB) *Storage {
	t.Helper()
	schema, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseFile), schema, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	db.Timeout = time.Minute // on a busy machine, too
	s := New(db)
	s.exec(t, "PRAGMA synchronous = OFF") // the one connection that writes keeps it
	return s
}

const databaseFile = "auth.db"

// migrated returns the file of an empty database with the schema, made once a process.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "storage")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		return nil, err
	}
	_, err = postgres.Migrate(context.Background(), db)
	if err = errors.Join(err, db.Close()); err != nil { // the last to close moves the log into the file
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, databaseFile))
})

// FailWrites makes every write fail with domain.ErrUnavailable until it is called with false,
// as a file system that became read-only does. Reads go on.
func (s *Storage) FailWrites(t testing.TB, fail bool) {
	t.Helper()
	if fail {
		s.exec(t, "PRAGMA query_only = 1")
	} else {
		s.exec(t, "PRAGMA query_only = 0")
	}
}

func (s *Storage) exec(t testing.TB, statement string) {
	t.Helper()
	if err := s.DB.Write.Exec(statement).Error; err != nil {
		t.Fatal(err)
	}
}

// Do runs a unit of work that has to commit.
func (s *Storage) Do(t testing.TB, fn func(ctx context.Context, r repositories.Set) error) {
	t.Helper()
	if err := s.Work.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Change changes a user as change says.
func (s *Storage) Change(t testing.TB, userID string, change func(*models.User)) {
	t.Helper()
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		u, err := r.Users.ForUpdate(ctx, userID)
		if err != nil {
			return err
		}
		change(&u)
		return r.Users.Save(ctx, u)
	})
}

// User returns a user.
func (s *Storage) User(t testing.TB, userID string) models.User {
	t.Helper()
	u, err := s.Users.ByID(t.Context(), userID)
	return must(t, u, err)
}

// AllUsers returns all users, the oldest first.
func (s *Storage) AllUsers(t testing.TB) []models.User {
	t.Helper()
	users, err := s.Users.Page(t.Context(), repositories.UserQuery{Limit: most})
	return must(t, users, err)
}

// SessionsOf returns the sessions of the user, expired or not, the oldest first.
func (s *Storage) SessionsOf(t testing.TB, userID string) []models.Session {
	t.Helper()
	sessions, err := s.Sessions.LiveOf(t.Context(), userID, time.Time{})
	slices.Reverse(sessions)
	return must(t, sessions, err)
}

// IdentitiesOf returns the identities of the user as "provider subject", the oldest first.
func (s *Storage) IdentitiesOf(t testing.TB, userID string) (names []string) {
	t.Helper()
	identities, err := s.Identities.OfUser(t.Context(), userID)
	for _, i := range must(t, identities, err) {
		names = append(names, i.Provider+" "+i.ProviderID)
	}
	return names
}

// EventsOf returns the events of the user, published or not, the oldest first.
func (s *Storage) EventsOf(t testing.TB, userID string) []models.OutboxEvent {
	t.Helper()
	events, err := s.Outbox.EventsOf(t.Context(), userID, most)
	slices.Reverse(events)
	return must(t, events, err)
}

// AllEvents returns the events of all users, the oldest first.
func (s *Storage) AllEvents(t testing.TB) (events []models.OutboxEvent) {
	t.Helper()
	var users []string
	err := s.DB.Read.Raw("SELECT DISTINCT user_id FROM outbox_events").Scan(&users).Error
	for _, id := range must(t, users, err) {
		events = append(events, s.EventsOf(t, id)...)
	}
	slices.SortFunc(events, func(a, b models.OutboxEvent) int { return strings.Compare(a.ID, b.ID) })
	return events
}

// AuditOf returns the audit entries about the user, or all where userID is empty, the newest first.
func (s *Storage) AuditOf(t testing.TB, userID string) []models.AuditEntry {
	t.Helper()
	entries, err := s.Audit.Page(t.Context(), repositories.AuditQuery{UserID: userID, Limit: most})
	return must(t, entries, err)
}

// UnsentMails returns the mails that wait, the oldest first.
func (s *Storage) UnsentMails(t testing.TB) (mails []models.Mail) {
	t.Helper()
	const query = "SELECT id, kind, coalesce(user_id, '') AS user_id, recipient AS \"to\", language, request_id, attempts, refusals FROM mails ORDER BY id"
	rows, err := s.DB.Read.Raw(query).Rows()
	must(t, rows, err)
	for err == nil && rows.Next() {
		var m models.Mail
		err = rows.Scan(&m.ID, &m.Kind, &m.UserID, &m.To, &m.Language, &m.RequestID, &m.Attempts, &m.Refusals)
		mails = append(mails, m)
	}
	return must(t, mails, errors.Join(err, rows.Err(), rows.Close()))
}

// Count returns the number of rows of a table.
func (s *Storage) Count(t testing.TB, table string) (n int) {
	t.Helper()
	err := s.DB.Read.Raw("SELECT count(*) FROM " + table).Scan(&n).Error
	return must(t, n, err)
}

// most is above what any test stores.
const most = 1_000_000

func must[V any](t testing.TB, v V, err error) V {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
