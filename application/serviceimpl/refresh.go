package serviceimpl

import (
	"context"
	"errors"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// Refresh implements services.Authentication. Everything is decided while the session is locked:
// whoever ends it meanwhile comes before, and then there is nothing to refresh, or behind, and
// then what was made here ends with it.
func (a *Accounts) Refresh(ctx context.Context, in dto.RefreshRequest) (services.Grant, error) {
	if err := checkBody(in); err != nil {
		return services.Grant{}, err
	}
	came, hash := a.Now(), hashOf(in.RefreshToken) // waiting for its turn makes nobody late
	next := newSecret()
	var (
		user   models.User
		answer pendingSession
		reused bool
	)
	err := a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		reused = false
		known, err := r.Sessions.ByRefreshToken(ctx, hash)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrRefreshToken
		}
		if err != nil {
			return err
		}
		session := known.Principal.Session
		user = known.Principal.User
		now := a.Now()
		switch {
		case !session.IsLive(now):
			return domain.ErrRefreshToken.Because(errors.New("the session is too old"))
		case !user.IsActive:
			return domain.ErrRefreshToken.Because(errors.New("the user is not active"))
		case known.IsReuse(came):
			reused = true
			// It is not known whose hands the token is in: the entry names no actor.
			if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditRefreshReused, user.ID, now, nil)); err != nil {
				return err
			}
			return r.Sessions.Delete(ctx, session.ID)
		}
		answer = pendingSession{
			session: session, refreshToken: next,
			stored: models.RefreshToken{Hash: hashOf(next), SessionID: session.ID, Parent: hash, CreatedAt: now},
		}
		return r.Sessions.Rotate(ctx, session, answer.stored)
	})
	switch {
	case err != nil:
		return services.Grant{}, err
	case reused:
		return services.Grant{}, domain.ErrRefreshReused
	}
	return a.Sessions.grant(user, answer)
}
