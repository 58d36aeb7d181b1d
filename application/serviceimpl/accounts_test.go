package serviceimpl_test

import (
	"errors"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// Log-ins that meet while the stored hash is of another cost all succeed: the first replaces
// it, and the others verify what it put there.
func TestLoginsMeetOverAStaleHash(t *testing.T) {
	t.Parallel()
	old := newWorld(t)
	old.register(t, "ada")
	s := old.instance("new")
	s.hasher.beforeAnswer = func() {
		if err := s.instance("new").login(t, password); err != nil {
			t.Errorf("the first log-in: %v", err)
		}
	}
	if err := s.login(t, password); err != nil {
		t.Errorf("the log-in that another one met: %v", err)
	}
	if hash := s.store.AllUsers(t)[0].PasswordHash; hash != "new$"+password {
		t.Errorf("the stale hash was not replaced: %q", hash)
	}
}

// A log-in with the old password that crosses a change of the password fails.
func TestLoginCrossesAChangeOfPassword(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	ada := s.register(t, "ada")
	s.hasher.beforeAnswer = func() {
		s.changePassword(t, ada, password, "another good secret")
	}
	if err := s.login(t, password); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("Login() = %v, want ErrCredentials", err)
	}
	if n := len(s.store.SessionsOf(t, ada.User.ID)); n != 1 {
		t.Errorf("%d sessions, want that of the change alone", n)
	}
}

// What needs no password is not disturbed by a log-in that replaces the hash, and what needs
// one is proved again.
func TestChangesMeetALogin(t *testing.T) {
	t.Parallel()
	old := newWorld(t)
	ada := old.register(t, "ada")
	s := old.instance("new")
	login := func() {
		if err := s.instance("new").login(t, password); err != nil {
			t.Error(err)
		}
	}
	login() // the principal now knows a hash that is not the user's any more
	if _, err := s.accounts.Update(t.Context(), ada, dto.UpdateUserRequest{DisplayName: dto.Some("Ada")}); err != nil {
		t.Errorf("a change of the display name = %v", err)
	}
	_, err := s.accounts.Update(t.Context(), ada, dto.UpdateUserRequest{Email: dto.Some("new@example.com"), CurrentPassword: dto.Some(password)})
	if err != nil {
		t.Errorf("a change of the e-mail address = %v", err)
	}
	if err := s.accounts.Delete(t.Context(), ada, dto.DeleteUserRequest{CurrentPassword: password}); err != nil {
		t.Errorf("deletion = %v", err)
	}
}

// An address that is the user's own at first, and not any more when it is written, is a
// change that needs proof.
func TestChangingTheAddressBackNeedsProof(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	before := s.register(t, "ada")
	s.store.Change(t, before.User.ID, func(u *models.User) { u.SetEmail("new@example.com") })
	_, err := s.accounts.Update(t.Context(), before, dto.UpdateUserRequest{Email: dto.Some("ada@example.com")})
	if !errors.Is(err, domain.ErrWrongPassword) {
		t.Errorf("Update() = %v, want ErrWrongPassword", err)
	}
}
