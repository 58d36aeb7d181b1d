package serviceimpl_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/domain/services"
)

const password = "correct horse battery"

// stages is a hasher whose hashes tell their cost: those of another cost are stale. Before it
// answers it runs what a test wants to happen meanwhile.
type stages struct {
	cost      string
	meanwhile func()
}

func (h *stages) Hash(_ context.Context, password string) (string, error) {
	return h.cost + "$" + password, nil
}

func (h *stages) Verify(_ context.Context, hash, password string) (ok, stale bool, err error) {
	if do := h.meanwhile; do != nil {
		h.meanwhile = nil
		do()
	}
	cost, hashed, _ := strings.Cut(hash, "$")
	return hashed == password && hash != "", cost != h.cost, nil
}

// team is the use cases over one database in memory, as two instances with hashers of their own have them.
type team struct {
	store    *repositorytest.Memory
	hasher   *stages
	accounts *serviceimpl.Accounts
	sessions *serviceimpl.Sessions
}

func newTeam(store *repositorytest.Memory, cost string) team {
	hasher := &stages{cost: cost}
	sessions := serviceimpl.NewSessions(serviceimpl.SessionsDeps{Reader: store, Tokens: newTokens(), Lifetime: time.Hour, Now: now, NewID: newID})
	return team{store: store, hasher: hasher, sessions: sessions, accounts: serviceimpl.NewAccounts(serviceimpl.AccountsDeps{
		Work: store, Users: store, Hasher: hasher, Sessions: sessions, Now: now, NewID: newID,
		Limiter: services.Unlimited{}, Addresses: store, Breaches: services.NoBreachCheck{},
	})}
}

func (s team) register(t *testing.T, name string) models.Principal {
	t.Helper()
	grant, err := s.accounts.Register(t.Context(), dto.RegisterRequest{Email: name + "@example.com", Username: name, Password: password}, models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.sessions.Authenticate(t.Context(), grant.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s team) login(t *testing.T, password string) error {
	t.Helper()
	_, err := s.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, models.Client{})
	return err
}

// Log-ins that meet while the stored hash is of another cost all succeed: the first replaces
// it, and the others verify what it put there.
func TestLoginsMeetOverAStaleHash(t *testing.T) {
	t.Parallel()
	store := new(repositorytest.Memory)
	newTeam(store, "old").register(t, "ada")
	s := newTeam(store, "new")
	s.hasher.meanwhile = func() {
		if err := newTeam(store, "new").login(t, password); err != nil {
			t.Errorf("the first log-in: %v", err)
		}
	}
	if err := s.login(t, password); err != nil {
		t.Errorf("the log-in that another one met: %v", err)
	}
	if user, err := store.ByUsername(t.Context(), "ada"); err != nil || user.PasswordHash != "new$"+password {
		t.Errorf("the stale hash was not replaced: %v", err)
	}
}

// A log-in with the old password that crosses a change of the password fails.
func TestLoginCrossesAChangeOfPassword(t *testing.T) {
	t.Parallel()
	s := newTeam(new(repositorytest.Memory), "a")
	ada := s.register(t, "ada")
	s.hasher.meanwhile = func() {
		err := s.accounts.ChangePassword(t.Context(), ada, dto.ChangePasswordRequest{CurrentPassword: password, NewPassword: "another good secret"})
		if err != nil {
			t.Error(err)
		}
	}
	if err := s.login(t, password); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("Login() = %v, want ErrCredentials", err)
	}
	if n := len(s.store.SessionsOf(ada.User.ID)); n != 1 {
		t.Errorf("%d sessions, want that of the change alone", n)
	}
}

// What needs no password is not disturbed by a log-in that replaces the hash, and what needs
// one is proved again.
func TestChangesMeetALogin(t *testing.T) {
	t.Parallel()
	store := new(repositorytest.Memory)
	ada := newTeam(store, "old").register(t, "ada")
	s := newTeam(store, "new")
	login := func() {
		if err := newTeam(store, "new").login(t, password); err != nil {
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
	s := newTeam(new(repositorytest.Memory), "a")
	before := s.register(t, "ada")
	_, err := s.accounts.Update(t.Context(), before, dto.UpdateUserRequest{Email: dto.Some("new@example.com"), CurrentPassword: dto.Some(password)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.accounts.Update(t.Context(), before, dto.UpdateUserRequest{Email: dto.Some("ada@example.com")})
	if !errors.Is(err, domain.ErrWrongPassword) {
		t.Errorf("Update() = %v, want ErrWrongPassword", err)
	}
}

// Two admins who delete themselves at once: one stays.
func TestTwoLastAdmins(t *testing.T) {
	t.Parallel()
	store := new(repositorytest.Memory)
	s := newTeam(store, "a")
	admins := serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{Work: store, Users: store, Hasher: s.hasher, Now: now, NewID: newID, Breaches: services.NoBreachCheck{}})
	var principals []models.Principal
	for _, name := range []string{"ada", "grace"} {
		p := s.register(t, name)
		user, err := admins.UpdateUser(t.Context(), p.User.ID, dto.AdminUpdateUserRequest{Role: dto.Some("admin")})
		if err != nil {
			t.Fatal(err)
		}
		p.User = user
		principals = append(principals, p)
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, p := range principals {
		wg.Go(func() {
			errs[i] = newTeam(store, "a").accounts.Delete(t.Context(), p, dto.DeleteUserRequest{CurrentPassword: password})
		})
	}
	wg.Wait()
	if errs[0] != nil {
		slices.Reverse(errs)
	}
	if errs[0] != nil || !errors.Is(errs[1], domain.ErrLastAdmin) {
		t.Errorf("Delete() = %v, want one success and one ErrLastAdmin", errs)
	}
}
