package serviceimpl_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// lookups counts how often somebody is looked for.
type lookups struct {
	repositories.SessionAddresses
	n int
}

func (l *lookups) AddressesOf(ctx context.Context, userID string, t time.Time, limit int) ([]string, error) {
	l.n++
	return l.SessionAddresses.AddressesOf(ctx, userID, t, limit)
}

// What is asked of the database does not tell whether an account is there.
func TestUnknownAccountsAreLookedForAsKnownOnes(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	s.register(t, "ada")
	asked := &lookups{SessionAddresses: s.store.Sessions}
	s.accounts.Addresses = asked
	for i, in := range []dto.LoginRequest{{Username: "ada"}, {Username: "nobody"}, {Email: "ada@example.com"}, {Email: "nobody@example.com"}} {
		in.Password = "wrong"
		if _, err := s.accounts.Login(t.Context(), in, models.Client{IP: "192.0.2.1"}); !errors.Is(err, domain.ErrCredentials) {
			t.Errorf("Login() = %v", err)
		}
		if asked.n != i+1 {
			t.Errorf("%d lookups after %d log-ins", asked.n, i+1)
		}
	}
}

// A log-in that starts over is one guess.
func TestALogInThatStartsOverIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	ada := s.register(t, "ada")
	s.hasher.beforeAnswer = func() {
		_, err := s.accounts.ChangePassword(t.Context(), ada, dto.ChangePasswordRequest{CurrentPassword: password, NewPassword: "another good secret"}, models.Client{})
		if err != nil {
			t.Error(err)
		}
	}
	if err := s.login(t, password); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("Login() = %v, want ErrCredentials", err)
	}
	if n := s.limiter.sum("login"); n != 1 {
		t.Errorf("it was counted %d times", n)
	}
}

// The right password of a disabled account is no guess.
func TestADisabledAccountIsNotRateLimited(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	ada := s.register(t, "ada")
	s.limiter.allow = func(l services.Limit) int { return l.Burst }
	s.store.Change(t, ada.User.ID, func(u *models.User) { u.IsActive = false })
	for range 12 {
		if err := s.login(t, password); !errors.Is(err, domain.ErrAccountDisabled) {
			t.Fatalf("Login() = %v, want ErrAccountDisabled", err)
		}
	}
}

// While the database is away nobody is told anything else.
func TestLogInsWithoutADatabase(t *testing.T) {
	t.Parallel()
	s := newWorld(t)
	s.register(t, "ada")
	s.accounts.Addresses = failing{}
	if err := s.login(t, password); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Login() = %v, want ErrUnavailable", err)
	}
	if n := s.limiter.sum("login"); n != 0 {
		t.Errorf("it was counted %d times", n)
	}
}

type failing struct{}

func (failing) AddressesOf(context.Context, string, time.Time, int) ([]string, error) {
	return nil, domain.ErrUnavailable
}
