package serviceimpl_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/pkg/contextutil"
	"gofiber-auth/test/storage"
)

// An attempt to log in that cannot be written down is none: whoever guesses learns nothing.
func TestAFailedLogInThatNobodyWouldHearOf(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	ada := s.register(t, "ada")
	s.hasher.beforeAnswer = func() { s.store.FailWrites(t, true) }
	if err := s.login(t, "wrong wrong wrong"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Login() = %v, want ErrUnavailable", err)
	}
	s.store.FailWrites(t, false)
	if entries := s.store.AuditOf(t, ada.User.ID); len(entries) != 1 {
		t.Errorf("the log tells %+v", entries)
	}
}

// The operator is nobody of whom there is an account, and is told by the tool.
func TestTheOperatorIsTold(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	ctx := contextutil.WithCaller(t.Context(), contextutil.Caller{Tool: "authctl"})
	ada, err := s.admin.Create(ctx, dto.CreateUserRequest{Email: "ada@example.com", Username: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.UpdateUser(ctx, models.Principal{}, ada.ID, dto.AdminUpdateUserRequest{IsActive: dto.Some(false)}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]string{{"by": "authctl", "fields": "isActive", "isActive": "false"}, {"by": "authctl", "role": "user"}} {
		e := s.store.AuditOf(t, ada.ID)[i]
		if e.ActorID != "" || len(e.Detail) != len(want) {
			t.Errorf("told as %+v", e)
		}
		for key, value := range want {
			if e.Detail[key] != value {
				t.Errorf("%s is %q, want %q", key, e.Detail[key], value)
			}
		}
	}
}

// addEntries adds n audit entries about a user, of now, that are older than all others by their ids.
func addEntries(t *testing.T, store *storage.Storage, userID string, n int) {
	t.Helper()
	err := store.DB.Write.Exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
		INSERT INTO audit_entries (id, action, user_id, at)
		SELECT substr(?, 1, 24) || printf('%012x', n), 'log_in_failed', ?, ? FROM numbers`, n, "00000000"+userID[8:], userID, now()).Error
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnExportHasAnEnd(t *testing.T) {
	t.Parallel()
	for entries, truncated := range map[int]bool{1_999: false, 9_999: false, 10_000: true} {
		s := newWorld(t)
		ada := s.register(t, "ada") // an entry, and the export is another
		addEntries(t, s.store, ada.User.ID, entries-1)
		got, err := s.exports.Export(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(10_000, entries+1); len(got.Audit) != want || got.AuditTruncated != truncated || got.Audit[0].Action != "data_exported" {
			t.Errorf("%d of %d entries are exported, truncated: %t", len(got.Audit), entries+1, got.AuditTruncated)
		}
	}
}

func TestJanitorRemovesOldAuditEntries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store := storage.Open(t)
		addEntries(t, store, newID(), 1200) // more than go at once
		pass(time.Hour)
		addEntries(t, store, newID(), 1)
		janitor := serviceimpl.NewJanitor(serviceimpl.JanitorDeps{
			Sessions: store.Sessions, Tokens: store.MailTokens, Waiting: store.Registrations, Events: store.Outbox, Audit: store.Audit, AuditAge: 24 * time.Hour, Now: now, Log: slog.New(slog.DiscardHandler),
		})
		pass(23*time.Hour - time.Minute)
		janitor.Sweep(t.Context())
		if n := len(store.AuditOf(t, "")); n != 1201 {
			t.Errorf("%d entries a minute before their time, want all", n)
		}
		pass(2 * time.Minute)
		janitor.Sweep(t.Context())
		if n := len(store.AuditOf(t, "")); n != 1 {
			t.Errorf("%d entries are left, want the one that is younger", n)
		}
	})
}
