package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// ProofDeps is all that Proof needs. Every field is required.
type ProofDeps struct {
	Work     repositories.UnitOfWork
	Sessions repositories.SessionReader
	Hasher   services.PasswordHasher
	Limiter  services.RateLimiter
	Now      func() time.Time
	NewID    func() string
}

// Proof checks that the bearer of a session is the owner of the account. A stolen access token
// alone must not change how the account is logged in to.
type Proof struct{ ProofDeps }

// NewProof returns a Proof on the given parts.
func NewProof(d ProofDeps) *Proof { return &Proof{d} }

// check takes the current password or, where the user has none, a session that has only just
// begun. It returns domain.ErrWrongPassword, domain.ErrReauthenticate, domain.ErrRateLimited or
// domain.ErrOverloaded. Lock the user with lock(..., true) afterwards: the password may change
// between the two.
func (c *Proof) check(ctx context.Context, p models.Principal, password string) error {
	if !p.User.HasPassword() {
		if !p.Session.IsRecent(c.Now()) {
			return domain.ErrReauthenticate
		}
		return nil
	}
	if password == "" {
		return domain.ErrWrongPassword
	}
	// A stolen session must not serve to find the password.
	if err := proofLimit.Exceeded(c.Limiter.Take(ctx, proofLimit, p.User.ID)); err != nil {
		return err
	}
	ok, _, err := c.Hasher.Verify(ctx, p.User.PasswordHash, password)
	switch {
	case err != nil:
		return err
	case !ok:
		return failedLogIns{c.Work, c.Now, c.NewID}.note(ctx, p.User.ID, models.MethodPassword, domain.ErrWrongPassword)
	}
	c.Limiter.Forget(ctx, proofLimit, p.User.ID)
	return nil
}

// startingOver runs try with the bearer of the request, and again with the bearer as the database
// has it now for as long as try returns errChanged.
func (c *Proof) startingOver(ctx context.Context, p models.Principal, try func(models.Principal) error) error {
	for range attempts {
		err := try(p)
		if !errors.Is(err, errChanged) {
			return err
		}
		p, err = c.Sessions.WithUser(ctx, p.Session.ID)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrUnauthorized.Because(err)
		}
		if err != nil {
			return err
		}
	}
	return domain.ErrOverloaded.Because(errChanged)
}
