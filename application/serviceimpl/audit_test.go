package serviceimpl_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/pkg/contextutil"
)

// told returns the entries about a user, the newest first.
func told(t *testing.T, store *repositorytest.Memory, userID string) []models.AuditEntry {
	t.Helper()
	entries, err := repositorytest.AuditLog{Memory: store}.Page(t.Context(), repositories.AuditQuery{UserID: userID, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// An attempt to log in that cannot be written down is none: whoever guesses learns nothing.
func TestAFailedLogInThatNobodyWouldHearOf(t *testing.T) {
	t.Parallel()
	s := newTeam(new(repositorytest.Memory), "a")
	ada := s.register(t, "ada")
	s.hasher.meanwhile = func() { s.store.Fail(domain.ErrUnavailable) }
	if err := s.login(t, "wrong wrong wrong"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Login() = %v, want ErrUnavailable", err)
	}
	s.store.Fail(nil)
	if entries := told(t, s.store, ada.User.ID); len(entries) != 1 {
		t.Errorf("the log tells %+v", entries)
	}
}

// What began before its account was deleted and ends behind it leaves ids alone.
func TestALogInThatCrossesADeletion(t *testing.T) {
	t.Parallel()
	s := newTeam(new(repositorytest.Memory), "a")
	ada := s.register(t, "ada")
	s.hasher.meanwhile = func() {
		if err := s.accounts.Delete(t.Context(), ada, dto.DeleteUserRequest{CurrentPassword: password}); err != nil {
			t.Error(err)
		}
	}
	ctx := contextutil.WithCaller(t.Context(), contextutil.Caller{IP: "203.0.113.7", UserAgent: "curl"})
	_, err := s.accounts.Login(ctx, dto.LoginRequest{Username: "ada", Password: password}, models.Client{})
	if !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("Login() = %v, want ErrCredentials", err)
	}
	entries := told(t, s.store, ada.User.ID)
	if len(entries) != 3 || entries[0].Action != models.AuditLogInFailed || entries[1].Action != models.AuditUserDeleted {
		t.Fatalf("the log tells %+v", entries)
	}
	for _, e := range entries {
		if e.IP != "" || e.UserAgent != "" {
			t.Errorf("left of who is gone: %+v", e)
		}
	}
}

// The operator is nobody of whom there is an account, and is told by the tool.
func TestTheOperatorIsTold(t *testing.T) {
	t.Parallel()
	store := new(repositorytest.Memory)
	admin := serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{Work: store, Users: store, Hasher: &stages{cost: "a"}, Now: now, NewID: newID})
	ctx := contextutil.WithCaller(t.Context(), contextutil.Caller{Tool: "authctl"})
	ada, err := admin.Create(ctx, dto.CreateUserRequest{Email: "ada@example.com", Username: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.UpdateUser(ctx, ada.ID, dto.AdminUpdateUserRequest{IsActive: dto.Some(false)}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]string{{"by": "authctl", "fields": "isActive", "isActive": "false"}, {"by": "authctl", "role": "user"}} {
		e := told(t, store, ada.ID)[i]
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

func TestAnExportHasAnEnd(t *testing.T) {
	t.Parallel()
	for entries, truncated := range map[int]bool{1_999: false, 9_999: false, 10_000: true} {
		s := newTeam(new(repositorytest.Memory), "a")
		ada := s.register(t, "ada") // an entry, and the export is another
		err := s.store.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			for range entries - 1 {
				if err := r.Audit.Append(ctx, models.AuditEntry{ID: newID(), Action: models.AuditLogInFailed, UserID: ada.User.ID, At: now()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		exports := serviceimpl.NewExports(serviceimpl.ExportsDeps{
			Work: s.store, Identities: s.store, Sessions: s.store, Audit: repositorytest.AuditLog{Memory: s.store}, Events: s.store, Now: now, NewID: newID,
		})
		got, err := exports.Export(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(10_000, entries+1); len(got.Audit) != want || got.AuditTruncated != truncated || got.Audit[0].Action != "data_exported" {
			t.Errorf("%d of %d entries are exported, truncated: %t", len(got.Audit), entries+1, got.AuditTruncated)
		}
	}
}

func TestJanitorRemovesOldAuditEntries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(repositorytest.Memory)
		note := func() {
			err := store.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				return r.Audit.Append(ctx, models.AuditEntry{ID: newID(), Action: models.AuditLogInFailed, At: now()})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 1200 { // more than go at once
			note()
		}
		pass(time.Hour)
		note()
		janitor := serviceimpl.NewJanitor(serviceimpl.JanitorDeps{
			Sessions: store, Tokens: store, Events: store, Audit: repositorytest.AuditLog{Memory: store}, AuditAge: 24 * time.Hour, Now: now, Log: slog.New(slog.DiscardHandler),
		})
		pass(23*time.Hour - time.Minute)
		janitor.Sweep(t.Context())
		if n := len(told(t, store, "")); n != 1000 { // a page of them
			t.Errorf("%d entries a minute before their time, want all", n)
		}
		pass(2 * time.Minute)
		janitor.Sweep(t.Context())
		if n := len(told(t, store, "")); n != 1 {
			t.Errorf("%d entries are left, want the one that is younger", n)
		}
	})
}
