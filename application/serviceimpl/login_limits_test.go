package serviceimpl_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/domain/services"
)

// tally is a limiter that knows how often each limit was taken and forgets nothing else.
type tally struct {
	mu    sync.Mutex
	taken map[string]int
}

func (c *tally) Take(_ context.Context, l services.Limit, _ string) services.LimitState {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == nil {
		c.taken = map[string]int{}
	}
	c.taken[l.Name]++
	return services.LimitState{Allowed: c.taken[l.Name] <= l.Burst, RetryAfter: time.Second}
}

func (c *tally) Forget(_ context.Context, l services.Limit, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.taken, l.Name)
}

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
	s := newTeam(new(repositorytest.Memory), "a")
	s.register(t, "ada")
	asked := &lookups{SessionAddresses: s.store}
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
	s := newTeam(new(repositorytest.Memory), "a")
	ada := s.register(t, "ada")
	counts := new(tally)
	s.accounts.Limiter = counts
	s.hasher.meanwhile = func() {
		err := s.accounts.ChangePassword(t.Context(), ada, dto.ChangePasswordRequest{CurrentPassword: password, NewPassword: "another good secret"})
		if err != nil {
			t.Error(err)
		}
	}
	if err := s.login(t, password); !errors.Is(err, domain.ErrCredentials) {
		t.Errorf("Login() = %v, want ErrCredentials", err)
	}
	if counts.taken["login"] != 1 {
		t.Errorf("it was counted %d times", counts.taken["login"])
	}
}

// The right password of a disabled account is no guess.
func TestADisabledAccountIsNotRateLimited(t *testing.T) {
	t.Parallel()
	s := newTeam(new(repositorytest.Memory), "a")
	ada := s.register(t, "ada")
	s.accounts.Limiter = new(tally)
	err := s.store.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		u, err := r.Users.ForUpdate(ctx, ada.User.ID)
		if err != nil {
			return err
		}
		u.IsActive = false
		return r.Users.Save(ctx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		if err := s.login(t, password); !errors.Is(err, domain.ErrAccountDisabled) {
			t.Fatalf("Login() = %v, want ErrAccountDisabled", err)
		}
	}
}

// While the database is away nobody is told anything else.
func TestLogInsWithoutADatabase(t *testing.T) {
	t.Parallel()
	s := newTeam(new(repositorytest.Memory), "a")
	s.register(t, "ada")
	counts := new(tally)
	s.accounts.Limiter = counts
	s.accounts.Addresses = failing{}
	if err := s.login(t, password); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Login() = %v, want ErrUnavailable", err)
	}
	if len(counts.taken) != 0 {
		t.Error("it was counted")
	}
}

type failing struct{}

func (failing) AddressesOf(context.Context, string, time.Time, int) ([]string, error) {
	return nil, domain.ErrUnavailable
}
