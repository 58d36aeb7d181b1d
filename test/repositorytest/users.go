package repositorytest

import (
	"context"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// unstorable is text that PostgreSQL does not take.
var unstorable = map[string]string{"NUL": "a\x00b", "broken UTF-8": "a\xffb"}

// noIDs is what is no UUID, or another spelling of one.
var noIDs = []string{"", "7", "ada", "0199", "' OR 1=1", "{01990000-0000-7000-8000-000000000000}", "01990000000070008000000000000000",
	"01990000-0000-7000-8000-00000000000g", "a\x00b"}

var userTests = map[string]func(t *testing.T, s store){
	"every field comes back": func(t *testing.T, s store) {
		bare, full := account("Bare"), account("Full")
		bare.PasswordHash = ""
		full.DisplayName, full.Avatar = new("สมชาย ใจดี 🌱"), new("https://example.com/a.png")
		full.Role, full.IsActive, full.IsOAuthUser, full.EmailVerified = models.RoleAdmin, false, true, true
		full.OAuthProvider, full.OAuthID, full.LastLoginAt = new("google"), new("108"), new(kept(now.Add(time.Hour)))
		full.Version = 7
		s.create(t, bare, full)
		for _, want := range []models.User{bare, full} {
			got, err := s.Users.ByID(t.Context(), want.ID)
			noError(t, "ByID()", err)
			wantSame(t, got, want)
		}
	},
	"times come back in UTC with microseconds": func(t *testing.T, s store) {
		ada := account("Ada")
		ada.CreatedAt, ada.UpdatedAt, ada.LastLoginAt = now, now.Add(time.Nanosecond), new(now)
		s.create(t, ada)
		got, err := s.Users.ByID(t.Context(), ada.ID)
		noError(t, "ByID()", err)
		wantSame(t, []time.Time{got.CreatedAt, got.UpdatedAt, *got.LastLoginAt}, []time.Time{kept(now), kept(now), kept(now)})
	},
	"e-mail and username are found in any case": func(t *testing.T, s store) {
		ada := account("Ada.Lovelace")
		s.create(t, ada)
		for _, email := range []string{"ada.lovelace@example.com", "ADA.Lovelace@EXAMPLE.com"} {
			got, err := s.Users.ByEmail(t.Context(), email)
			noError(t, "ByEmail()", err)
			wantSame(t, got, ada)
		}
		for _, username := range []string{"Ada.Lovelace", "ada.lovelace", "ADA.LOVELACE"} {
			got, err := s.Users.ByUsername(t.Context(), username)
			noError(t, "ByUsername()", err)
			wantSame(t, got, ada)
		}
	},
	"an id is found in any case": func(t *testing.T, s store) {
		ada := account("Ada")
		ada.ID = "01990000-0000-7000-8000-00000000abcd"
		s.create(t, ada)
		got, err := s.Users.ByID(t.Context(), "01990000-0000-7000-8000-00000000ABCD")
		noError(t, "ByID()", err)
		wantSame(t, got, ada)
	},
	"who is not there is not found": func(t *testing.T, s store) {
		s.create(t, account("kelvin"))
		_, err := s.Users.ByID(t.Context(), newID())
		wantError(t, "ByID()", err, domain.ErrNotFound)
		for _, text := range []string{"", "nobody", "%", "k_lvin", "\u212Aelvin", "a\x00b", "a\xffb", "\x00", "kelvin\x00"} {
			_, err := s.Users.ByEmail(t.Context(), text+"@example.com")
			wantError(t, "ByEmail()", err, domain.ErrNotFound)
			_, err = s.Users.ByUsername(t.Context(), text)
			wantError(t, "ByUsername()", err, domain.ErrNotFound)
		}
	},
	"what is no id is not found": func(t *testing.T, s store) {
		for _, id := range noIDs {
			_, err := s.Users.ByID(t.Context(), id)
			wantError(t, "ByID()", err, domain.ErrNotFound)
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				_, err := r.Users.ForUpdate(ctx, id)
				wantError(t, "ForUpdate()", err, domain.ErrNotFound)
				wantError(t, "Delete()", r.Users.Delete(ctx, id), domain.ErrNotFound)
				return nil
			})
		}
	},
	"an e-mail or username is taken in any case": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		sameEmail, sameUsername := account("Grace"), account("aDA")
		sameEmail.Email = "ADA@Example.com" // an adapter need not trust that it was lowered
		sameUsername.Email = "other@example.com"
		for want, u := range map[error]models.User{domain.ErrEmailTaken: sameEmail, domain.ErrUsernameTaken: sameUsername} {
			err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, u) })
			wantError(t, "Create()", err, want)
		}
	},
	"where both are taken it is the e-mail that is": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, account("Ada")) })
		wantError(t, "Create()", err, domain.ErrEmailTaken)
		err = s.Work.Do(t.Context(), change(grace.ID, func(u *models.User) { u.Email, u.Username = ada.Email, ada.Username }))
		wantError(t, "Save()", err, domain.ErrEmailTaken)
	},
	"a change to a taken e-mail or username fails": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		err := s.Work.Do(t.Context(), change(grace.ID, func(u *models.User) { u.Email = ada.Email }))
		wantError(t, "Save()", err, domain.ErrEmailTaken)
		err = s.Work.Do(t.Context(), change(grace.ID, func(u *models.User) { u.Username = "ADA" }))
		wantError(t, "Save()", err, domain.ErrUsernameTaken)
		got, err := s.Users.ByID(t.Context(), grace.ID)
		noError(t, "ByID()", err)
		wantSame(t, got, grace)
	},
	"one's own username may change its case": func(t *testing.T, s store) {
		ada := account("ada")
		s.create(t, ada)
		s.Do(t, change(ada.ID, func(u *models.User) { u.Username = "ADA" }))
		got, err := s.Users.ByUsername(t.Context(), "ada")
		noError(t, "ByUsername()", err)
		wantSame(t, got.Username, "ADA")
	},
	"save writes every field": func(t *testing.T, s store) {
		ada := account("Ada")
		ada.DisplayName, ada.Avatar, ada.LastLoginAt = new("Ada"), new("https://example.com/a.png"), new(kept(now))
		ada.OAuthProvider, ada.OAuthID = new("line"), new("U1")
		ada.EmailVerified, ada.IsOAuthUser = true, true
		s.create(t, ada)
		saved := models.User{
			ID: ada.ID, Email: "lovelace@example.com", Username: "Lovelace", Role: models.RoleAdmin, Version: 2,
			CreatedAt: ada.CreatedAt, UpdatedAt: kept(now.Add(time.Hour)),
		}
		s.Do(t, change(ada.ID, func(u *models.User) { *u = saved }))
		got, err := s.Users.ByID(t.Context(), ada.ID)
		noError(t, "ByID()", err)
		wantSame(t, got, saved)
	},
	"save touches nobody else and makes nobody": func(t *testing.T, s store) {
		ada, ghost := account("Ada"), account("Ghost")
		s.create(t, ada)
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Users.Save(ctx, ghost) })
		wantError(t, "Save()", err, domain.ErrNotFound)
		got, err := s.Users.ByID(t.Context(), ada.ID)
		noError(t, "ByID()", err)
		wantSame(t, got, ada)
	},
	"text that PostgreSQL does not take is a fault of the request": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		for name, text := range unstorable {
			err := s.Work.Do(t.Context(), change(ada.ID, func(u *models.User) { u.DisplayName = &text }))
			wantError(t, "Save() with "+name, err, domain.ErrValidation)
			grace := account("Grace" + text)
			err = s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, grace) })
			wantError(t, "Create() with "+name, err, domain.ErrValidation)
		}
	},
	"a deleted user takes its sessions along and frees its names": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		gone, stays := s.logIn(t, ada), s.logIn(t, grace)
		s.append(t, event(ada, 1))
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, ada.ID) })

		_, err := s.Users.ByID(t.Context(), ada.ID)
		wantError(t, "ByID()", err, domain.ErrNotFound)
		_, err = s.Sessions.WithUser(t.Context(), gone.ID)
		wantError(t, "WithUser() of the deleted user", err, domain.ErrNotFound)
		_, err = s.Sessions.WithUser(t.Context(), stays.ID)
		noError(t, "WithUser() of another user", err)
		wantPending(t, s, 1)
		s.create(t, account("ADA"))
	},
	"who is not there cannot be deleted": func(t *testing.T, s store) {
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, newID()) })
		wantError(t, "Delete()", err, domain.ErrNotFound)
	},
	"active admins alone are the active admins": func(t *testing.T, s store) {
		first, second, disabled, user := account("First"), account("Second"), account("Disabled"), account("User")
		first.Role, second.Role, disabled.Role = models.RoleAdmin, models.RoleAdmin, models.RoleAdmin
		disabled.IsActive = false
		s.create(t, second, disabled, user, first)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			admins, err := r.Users.LockActiveAdmins(ctx)
			wantSame(t, admins, []string{first.ID, second.ID})
			return err
		})
	},
}
