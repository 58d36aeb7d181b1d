package repositorytest

import (
	"context"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"testing"
	"time"
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
			wantGot(t, want)(s.Users.ByID(t.Context(), want.ID))
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
			wantGot(t, ada)(s.Users.ByEmail(t.Context(), email))
		}
		for _, username := range []string{"Ada.Lovelace", "ada.lovelace", "ADA.LOVELACE"} {
			wantGot(t, ada)(s.Users.ByUsername(t.Context(), username))
		}
	},
	"who is not there is not found": func(t *testing.T, s store) {
		s.create(t, account("kelvin"))
		wantError(t, "ByID()", errOf(s.Users.ByID(t.Context(), newID())), domain.ErrNotFound)
		for _, text := range []string{"", "nobody", "%", "k_lvin", "\u212Aelvin", "a\x00b", "a\xffb", "\x00", "kelvin\x00"} {
			wantError(t, "ByEmail()", errOf(s.Users.ByEmail(t.Context(), text+"@example.com")), domain.ErrNotFound)
			wantError(t, "ByUsername()", errOf(s.Users.ByUsername(t.Context(), text)), domain.ErrNotFound)
		}
	},
	"what is no id is not found": func(t *testing.T, s store) {
		for _, id := range noIDs {
			wantError(t, "ByID()", errOf(s.Users.ByID(t.Context(), id)), domain.ErrNotFound)
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				wantError(t, "ForUpdate()", errOf(r.Users.ForUpdate(ctx, id)), domain.ErrNotFound)
				wantError(t, "Delete()", r.Users.Delete(ctx, id), domain.ErrNotFound)
				return nil
			})
		}
	},
	"an e-mail or username is taken in any case": func(t *testing.T, s store) {
		s.user(t, "Ada")
		sameEmail, sameUsername := account("Grace"), account("aDA")
		sameEmail.Email = "ADA@Example.com" // an adapter need not trust that it was lowered
		sameUsername.Email = "other@example.com"
		for want, u := range map[error]models.User{domain.ErrEmailTaken: sameEmail, domain.ErrUsernameTaken: sameUsername} {
			s.wantRefused(t, want, func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, u) })
		}
	},
	"where both are taken it is the e-mail that is": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		s.wantRefused(t, domain.ErrEmailTaken, func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, account("Ada")) })
		s.wantRefused(t, domain.ErrEmailTaken, change(grace.ID, func(u *models.User) { u.Email, u.Username = ada.Email, ada.Username }))
	},
	"a change to a taken e-mail or username fails": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		s.wantRefused(t, domain.ErrEmailTaken, change(grace.ID, func(u *models.User) { u.Email = ada.Email }))
		s.wantRefused(t, domain.ErrUsernameTaken, change(grace.ID, func(u *models.User) { u.Username = "ADA" }))
		wantGot(t, grace)(s.Users.ByID(t.Context(), grace.ID))
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
		wantGot(t, saved)(s.Users.ByID(t.Context(), ada.ID))
	},
	"text that PostgreSQL does not take is a fault of the request": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		for _, text := range unstorable {
			s.wantRefused(t, domain.ErrValidation, change(ada.ID, func(u *models.User) { u.DisplayName = &text }))
			grace := account("Grace" + text)
			s.wantRefused(t, domain.ErrValidation, func(ctx context.Context, r repositories.Set) error { return r.Users.Create(ctx, grace) })
		}
	},
	"a deleted user takes its sessions along and frees its names": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		gone, stays := s.logIn(t, ada), s.logIn(t, grace)
		s.append(t, event(ada, 1))
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, ada.ID) })

		wantError(t, "ByID()", errOf(s.Users.ByID(t.Context(), ada.ID)), domain.ErrNotFound)
		wantError(t, "WithUser() of the deleted user", errOf(s.Sessions.WithUser(t.Context(), gone.ID)), domain.ErrNotFound)
		noError(t, "WithUser() of another user", errOf(s.Sessions.WithUser(t.Context(), stays.ID)))
		wantPending(t, s, 1)
		s.create(t, account("ADA"))
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
