package serviceimpl_test

import (
	"slices"
	"testing"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

func TestOperatorSetsPasswordsAndEndsSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	operation := serviceimpl.NewOperation(serviceimpl.OperationDeps{
		Administration: w.admin, Sessions: w.store.Sessions, Mails: serviceimpl.NewMailPromises(w.limiter, w.clock.Now, newID),
	})
	ada, grace := w.register(t, "ada"), w.register(t, "grace")

	_, err := operation.SetPassword(t.Context(), ada.User.ID, "password")
	want(t, "a common password", err, domain.ErrValidation)
	_, err = operation.SetPassword(t.Context(), newID(), "another horse battery")
	want(t, "an unknown user", err, domain.ErrNotFound)
	if !w.isLive(t, ada) {
		t.Fatal("a refused password ended the session")
	}
	_, err = operation.SetPassword(t.Context(), ada.User.ID, "another horse battery")
	want(t, "SetPassword()", err, nil)
	want(t, "the old password", w.login(t, password), domain.ErrCredentials)
	want(t, "the new password", w.login(t, "another horse battery"), nil)
	if w.isLive(t, ada) || !w.isLive(t, grace) {
		t.Error("not her sessions alone ended")
	}

	user, err := operation.VerifyEmail(t.Context(), ada.User.ID)
	if err != nil || !user.EmailVerified {
		t.Errorf("VerifyEmail() = %v, %v", user.EmailVerified, err)
	}
	if n, err := operation.EndAllSessions(t.Context()); err != nil || n != 2 || w.isLive(t, grace) {
		t.Errorf("EndAllSessions() = %d, %v", n, err)
	}
	var actions []models.AuditAction
	for _, e := range w.store.AuditOf(t, ada.User.ID) {
		actions = append(actions, e.Action)
	}
	for _, action := range []models.AuditAction{models.AuditPasswordChanged, models.AuditEmailVerified, models.AuditSessionsEnded} {
		if !slices.Contains(actions, action) {
			t.Errorf("the audit log has %v, not %s", actions, action)
		}
	}
}
