package repositorytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/test/storage"
)

// RunSessionChanges tests that a unit of work over an empty database tells changed, once it has
// committed, what it did to sessions.
func RunSessionChanges(t *testing.T, open func(changed func(context.Context, []repositories.SessionChange)) repositories.UnitOfWork) {
	t.Helper()
	var told []repositories.SessionChange
	s := store{&storage.Storage{Work: open(func(_ context.Context, changes []repositories.SessionChange) {
		told = append(told, changes...)
		if len(changes) == 0 {
			t.Error("told of nothing")
		}
	})}}
	want := func(what string, changes ...repositories.SessionChange) {
		t.Helper()
		if g, w := inJSON(t, told), inJSON(t, changes); len(told) != len(changes) || g != w && len(changes) > 0 {
			t.Fatalf("%s: told %s, want %s", what, g, w)
		}
		told = nil
	}
	ended := func(of models.Session) repositories.SessionChange {
		return repositories.SessionChange{Session: models.Session{ID: of.ID, UserID: of.UserID}, Ended: true}
	}

	ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
	want("users")
	first, token := s.logInWith(t, ada)
	want("a log-in", repositories.SessionChange{Session: first})
	s.rotate(t, token, now.Add(time.Hour))
	used := first
	used.LastUsedAt = kept(now.Add(time.Hour))
	want("a refresh", repositories.SessionChange{Session: used})
	s.refresh(t, token.Hash)
	want("a look")

	second, third, other := s.logIn(t, ada), s.logIn(t, ada), s.logIn(t, grace)
	told = nil
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		return errors.Join(r.Sessions.Delete(ctx, newID()), r.Sessions.Delete(ctx, first.ID), r.Sessions.Delete(ctx, first.ID))
	})
	want("a log-out", ended(first))
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		return r.Sessions.DeleteOfUser(ctx, ada.ID, second.ID)
	})
	want("all but one", ended(third))

	boom := errors.New("boom")
	err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		return errors.Join(r.Sessions.Delete(ctx, second.ID), boom)
	})
	wantError(t, "Do()", err, boom)
	want("what is rolled back")

	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		return errors.Join(r.Users.Delete(ctx, ada.ID), r.Users.Delete(ctx, grace.ID))
	})
	want("deletions", ended(second), ended(other))
}
