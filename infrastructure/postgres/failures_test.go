package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/storage"
)

func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil { // nobody listens there now
		t.Fatal(err)
	}
	wantEverywhere(t, open(t, "postgres://nobody:hunter2@"+address+"/none?sslmode=disable"), domain.ErrUnavailable)
}

// A listener that never answers is what a firewall or a stopped machine looks like.
func TestADatabaseThatDoesNotAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	db := open(t, "postgres://nobody@"+listener.Addr().String()+"/none?sslmode=disable&connect_timeout=1")
	if err := db.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Ping() = %v, want %v", err, domain.ErrUnavailable)
	}
}

func TestAnExhaustedPoolIsAnOverload(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	pool := pool(t, db)
	for range pool.Stats().MaxOpenConnections {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // the test is over
	}
	db.Timeout = 100 * time.Millisecond
	wantEverywhere(t, db, domain.ErrOverloaded)
}

func TestALockThatNobodyReleasesIsAnOverload(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada := create(t, db, "ada")
	impatient := *db
	impatient.Timeout = 100 * time.Millisecond
	err := postgres.NewUnitOfWork(db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		if _, err := r.Users.ForUpdate(ctx, ada.ID); err != nil {
			return err
		}
		err := postgres.NewUnitOfWork(&impatient, nil).Do(ctx, func(ctx context.Context, r repositories.Set) error {
			_, err := r.Users.ForUpdate(context.WithoutCancel(ctx), ada.ID) // whatever context it brings
			return err
		})
		if !errors.Is(err, domain.ErrOverloaded) {
			t.Errorf("Do() = %v, want %v", err, domain.ErrOverloaded)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionThatIsCutMakesTheUnitUnavailableAndNothingAfterIt(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	kill := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	ada := account("ada")
	err := postgres.NewUnitOfWork(db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		if err := r.Users.Create(ctx, ada); err != nil {
			return err
		}
		if err := db.Write.WithContext(ctx).Exec(kill).Error; err != nil {
			t.Fatal(err)
		}
		return r.Users.Create(ctx, account("grace"))
	})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("Do() = %v, want %v", err, domain.ErrUnavailable)
	}
	if err := insert(t.Context(), db, ada); err != nil {
		t.Fatalf("the next unit: %v", err)
	}
}

func TestDeadlocksAreTriedAgain(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	one, two := create(t, db, "one"), create(t, db, "two")
	work := postgres.NewUnitOfWork(db, nil)
	var (
		tries = make(chan struct{}, 100)
		meet  = make(chan struct{})
		errs  = make(chan error)
	)
	lockBoth := func(first, second string, gate func()) {
		tried := false
		errs <- work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			tries <- struct{}{}
			if _, err := r.Users.ForUpdate(ctx, first); err != nil {
				return err
			}
			if !tried { // both hold their first lock before either asks for its second
				tried = true
				gate()
			}
			_, err := r.Users.ForUpdate(ctx, second)
			return err
		})
	}
	go lockBoth(one.ID, two.ID, func() { meet <- struct{}{} })
	go lockBoth(two.ID, one.ID, func() { <-meet })
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if len(tries) < 3 {
		t.Errorf("%d tries, so nothing was tried again", len(tries))
	}
}

func TestErrorsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	create(t, db, "ada")
	long := account(strings.Repeat("ada", 100))
	for name, u := range map[string]models.User{"taken": account("ada"), "too long": long} {
		err := insert(t.Context(), db, u)
		if err == nil || strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), u.ID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := insert(t.Context(), db, long); !errors.Is(err, domain.ErrValidation) {
		t.Errorf("what is too long for its column = %v, want %v", err, domain.ErrValidation)
	}
}

// wantEverywhere calls every port once.
func wantEverywhere(t *testing.T, db *postgres.Database, want error) {
	t.Helper()
	s := storage.New(db)
	ctx, id := t.Context(), uuid.Must(uuid.NewV7()).String()
	calls := map[string]func() error{
		"Ping":            func() error { return db.Ping(ctx) },
		"Migrate":         func() error { _, err := postgres.Migrate(ctx, db); return err },
		"Do":              func() error { return insert(ctx, db, account("ada")) },
		"ByID":            func() error { _, err := s.Users.ByID(ctx, id); return err },
		"ByEmail":         func() error { _, err := s.Users.ByEmail(ctx, "ada@example.com"); return err },
		"Page":            func() error { _, err := s.Users.Page(ctx, repositories.UserQuery{Limit: 1}); return err },
		"WithUser":        func() error { _, err := s.Sessions.WithUser(ctx, id); return err },
		"DeleteExpired":   func() error { _, err := s.Sessions.DeleteExpired(ctx, time.Now(), 1); return err },
		"BySubject":       func() error { _, err := s.Identities.BySubject(ctx, models.ProviderLINE, "U1"); return err },
		"OfUser":          func() error { _, err := s.Identities.OfUser(ctx, id); return err },
		"Page of tokens":  func() error { _, err := s.Identities.Page(ctx, "", 1); return err },
		"Page of audit":   func() error { _, err := s.Audit.Page(ctx, repositories.AuditQuery{Limit: 1}); return err },
		"DeleteAudit":     func() error { _, err := s.Audit.DeleteAuditBefore(ctx, time.Now(), 1); return err },
		"EventsOf":        func() error { _, err := s.Outbox.EventsOf(ctx, id, 1); return err },
		"Heads":           func() error { _, err := s.Outbox.Heads(ctx, 1); return err },
		"Backlog":         func() error { _, _, err := s.Outbox.Backlog(ctx); return err },
		"DeletePublished": func() error { _, err := s.Outbox.DeletePublished(ctx, time.Now(), 1); return err },
		"Due":             func() error { _, err := s.Deliveries.Due(ctx, repositories.DeliveryQuery{Fresh: 1}); return err },
		"Settle":          func() error { return s.Deliveries.Settle(ctx, []repositories.DeliveryResult{{EventID: id}}) },
		"Hasten":          func() error { _, err := s.Deliveries.Hasten(ctx, 1); return err },
		"Undelivered":     func() error { _, _, err := s.Deliveries.Undelivered(ctx); return err },
		"MarkPublished": func() error {
			return s.Outbox.MarkPublished(ctx, repositories.Lease{}, []repositories.Published{{EventID: id}}, time.Now())
		},
		"Replace": func() error {
			_, err := s.Identities.Replace(ctx, models.OAuthProvider{ID: id}, models.OAuthProvider{ID: id})
			return err
		},
		"Acquire": func() error { _, err := s.Leases.Acquire(ctx, "relay", "one", time.Minute); return err },
		"Release": func() error { return s.Leases.Release(ctx, "relay", "one") },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, want) {
			t.Errorf("%s = %v, want %v", name, err, want)
		} else if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s tells the password", name)
		}
	}
}
