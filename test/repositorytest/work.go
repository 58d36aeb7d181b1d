package repositorytest

import (
	"context"
	"errors"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"testing"
	"time"
)

var workTests = map[string]func(t *testing.T, s store){
	"a unit commits all that it wrote": func(t *testing.T, s store) {
		ada := account("Ada")
		login, token := session(ada)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			return errors.Join(r.Users.Create(ctx, ada), r.Sessions.Create(ctx, login, token), r.Outbox.Append(ctx, event(ada, 1)))
		})
		wantGot(t, models.Principal{User: ada, Session: login})(s.Sessions.WithUser(t.Context(), login.ID))
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
		wantError(t, "ByID()", errOf(s.Users.ByID(t.Context(), ada.ID)), domain.ErrNotFound)
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
		wantError(t, "ByID()", errOf(s.Users.ByID(ctx, newID())), context.Canceled)
		wantError(t, "WithUser()", errOf(s.Sessions.WithUser(ctx, newID())), context.Canceled)
	},
	"a caller's own deadline is an overload": func(t *testing.T, s store) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		wantError(t, "ByID()", errOf(s.Users.ByID(ctx, newID())), domain.ErrOverloaded)
		wantError(t, "Do()", s.Work.Do(ctx, func(context.Context, repositories.Set) error { return nil }), domain.ErrOverloaded)
	},
	"others see a unit's work only when it has committed": func(t *testing.T, s store) {
		ada := account("Ada")
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			if err := r.Users.Create(ctx, ada); err != nil {
				return err
			}
			wantError(t, "ByID() beside the unit", errOf(s.Users.ByID(ctx, ada.ID)), domain.ErrNotFound)
			wantGot(t, ada)(r.Users.ForUpdate(ctx, ada.ID))
			return nil
		})
		noError(t, "ByID() after the unit", errOf(s.Users.ByID(t.Context(), ada.ID)))
	},
}

func wantNothing(t *testing.T, s store, u models.User, login models.Session) {
	t.Helper()
	wantError(t, "ByID()", errOf(s.Users.ByID(t.Context(), u.ID)), domain.ErrNotFound)
	wantError(t, "WithUser()", errOf(s.Sessions.WithUser(t.Context(), login.ID)), domain.ErrNotFound)
	wantPending(t, s, 0)
}
