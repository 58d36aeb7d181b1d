package repositorytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var workTests = map[string]func(t *testing.T, s store){
	"a unit commits all that it wrote": func(t *testing.T, s store) {
		ada := account("Ada")
		login, token := session(ada)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			return errors.Join(r.Users.Create(ctx, ada), r.Sessions.Create(ctx, login, token), r.Outbox.Append(ctx, event(ada, 1)))
		})
		principal, err := s.Sessions.WithUser(t.Context(), login.ID)
		noError(t, "WithUser()", err)
		wantSame(t, principal, models.Principal{User: ada, Session: login})
		wantPending(t, s, 1)
	},
	"a failed unit leaves neither row nor event": func(t *testing.T, s store) {
		boom, ada := errors.New("boom"), account("Ada")
		login, token := session(ada)
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return errors.Join(r.Users.Create(ctx, ada), r.Sessions.Create(ctx, login, token), r.Outbox.Append(ctx, event(ada, 1)), boom)
		})
		wantError(t, "Do()", err, boom)
		wantNothing(t, s, ada, login)
	},
	"a statement that fails undoes those before it": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada)
		twin := account("Ada")
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			if err := r.Users.Create(ctx, grace); err != nil {
				return err
			}
			return r.Users.Create(ctx, twin)
		})
		wantError(t, "Do()", err, domain.ErrEmailTaken)
		_, err = s.Users.ByID(t.Context(), grace.ID)
		wantError(t, "ByID()", err, domain.ErrNotFound)
	},
	"a unit that panics is undone and blocks nobody": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				noError(t, "Create()", r.Users.Create(ctx, ada))
				panic("boom")
			})
		}()
		s.create(t, grace)
		_, err := s.Users.ByID(t.Context(), ada.ID)
		wantError(t, "ByID()", err, domain.ErrNotFound)
	},
	"a unit whose caller has gone is undone": func(t *testing.T, s store) {
		ctx, cancel := context.WithCancel(t.Context())
		ada := account("Ada")
		login, token := session(ada)
		err := s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			err := errors.Join(r.Users.Create(ctx, ada), r.Sessions.Create(ctx, login, token), r.Outbox.Append(ctx, event(ada, 1)))
			cancel()
			return err
		})
		wantError(t, "Do()", err, context.Canceled)
		wantNothing(t, s, ada, login)
	},
	"nothing begins for a caller that has gone": func(t *testing.T, s store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Work.Do(ctx, func(context.Context, repositories.Set) error {
			t.Error("the unit ran")
			return nil
		})
		wantError(t, "Do()", err, context.Canceled)
		_, err = s.Users.ByID(ctx, newID())
		wantError(t, "ByID()", err, context.Canceled)
		_, err = s.Sessions.WithUser(ctx, newID())
		wantError(t, "WithUser()", err, context.Canceled)
	},
	"a caller's own deadline is an overload": func(t *testing.T, s store) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err := s.Users.ByID(ctx, newID())
		wantError(t, "ByID()", err, domain.ErrOverloaded)
		err = s.Work.Do(ctx, func(context.Context, repositories.Set) error { return nil })
		wantError(t, "Do()", err, domain.ErrOverloaded)
	},
	"others see a unit's work only when it has committed": func(t *testing.T, s store) {
		ada := account("Ada")
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			if err := r.Users.Create(ctx, ada); err != nil {
				return err
			}
			_, err := s.Users.ByID(ctx, ada.ID)
			wantError(t, "ByID() beside the unit", err, domain.ErrNotFound)
			inside, err := r.Users.ForUpdate(ctx, ada.ID)
			noError(t, "ForUpdate() within the unit", err)
			wantSame(t, inside, ada)
			return nil
		})
		_, err := s.Users.ByID(t.Context(), ada.ID)
		noError(t, "ByID() after the unit", err)
	},
}

func wantNothing(t *testing.T, s store, u models.User, login models.Session) {
	t.Helper()
	_, err := s.Users.ByID(t.Context(), u.ID)
	wantError(t, "ByID()", err, domain.ErrNotFound)
	_, err = s.Sessions.WithUser(t.Context(), login.ID)
	wantError(t, "WithUser()", err, domain.ErrNotFound)
	wantPending(t, s, 0)
}
