package serviceimpl

import (
	"context"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// RecoveryDeps is all that Recovery needs. Every field but Mails is required.
type RecoveryDeps struct {
	Work    repositories.UnitOfWork
	Users   repositories.UserReader
	Tokens  repositories.MailTokenReader
	Hasher  services.PasswordHasher
	Limiter services.RateLimiter
	Mails   *MailPromises    // nil: no mail is sent
	Now     func() time.Time // UTC, in microseconds
	NewID   func() string    // a UUIDv7

	Breaches services.BreachChecker

	Accounts      *Accounts // whose log-in attempts count here, too
	OAuth         *OAuth    // whose tickets complete registrations
	Registrations repositories.RegistrationReader
	Registration  models.RegistrationPolicy
}

// Recovery is what goes through a person's mailbox: proving an address, and a new password for
// who has forgotten the old one. The tokens in the mails are made by MailSender.
type Recovery struct{ RecoveryDeps }

var _ services.Recovery = (*Recovery)(nil)

// NewRecovery returns Recovery on the given parts.
func NewRecovery(d RecoveryDeps) *Recovery { return &Recovery{d} }

// askLimit is how often a new password may be asked for by one address, known or not.
var askLimit = services.Limit{Name: "forgot", Burst: 5, Per: time.Hour}

// ForgotPassword implements services.Recovery. Whose the address is, the request does not ask:
// MailSender finds out.
func (s *Recovery) ForgotPassword(ctx context.Context, in dto.ForgotPasswordRequest) error {
	if err := checkBody(in); err != nil {
		return err
	}
	address := models.NormalizeEmail(in.Email)
	if err := askLimit.Exceeded(s.Limiter.Take(ctx, askLimit, address)); err != nil {
		return err
	}
	// That there is no room any more would tell that somebody with that address has had mail.
	if !s.Mails.hasRoom(ctx, address) {
		return nil
	}
	return s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		return s.Mails.promise(ctx, r, models.MailReset, models.User{}, in.Email)
	})
}

// ResetPassword implements services.Recovery. A token that is good for nothing costs no hash.
func (s *Recovery) ResetPassword(ctx context.Context, in dto.ResetPasswordRequest) error {
	if err := checkReset(in, models.User{}); err != nil {
		return err
	}
	user, err := s.bearer(ctx, in.Token, models.MailReset)
	if err != nil {
		return err
	}
	if err := checkReset(in, user); err != nil {
		return err
	}
	if err := checkBreached(ctx, s.Breaches, "password", in.Password); err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return err
	}
	err = s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := s.redeem(ctx, r, user.ID, in.Token, models.MailReset)
		if err != nil {
			return err
		}
		if !user.EmailVerified {
			// A stranger may have made the account, and must not come back by an identity that was
			// linked then, nor count as known.
			if err := r.Identities.DeleteOfUser(ctx, user.ID); err != nil {
				return err
			}
			if err := r.Devices.DeleteOfUser(ctx, user.ID); err != nil {
				return err
			}
		}
		user.PasswordHash, user.EmailVerified, user.PendingEmail, user.UpdatedAt = hash, true, nil, s.Now()
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, s.NewID(), models.AuditPasswordReset, user.ID, user.UpdatedAt, nil)); err != nil {
			return err
		}
		if err := r.Tokens.DeleteOfUser(ctx, user.ID); err != nil {
			return err
		}
		if err := r.Sessions.DeleteOfUser(ctx, user.ID, ""); err != nil {
			return err
		}
		return s.Mails.tell(ctx, r, models.MailPasswordChanged, user, nil)
	})
	if err == nil { // whoever guessed meanwhile guessed at another password
		s.Limiter.Forget(ctx, loginLimit, user.ID)
	}
	return err
}

// checkReset returns a domain.ErrValidation with all that is wrong, or nil. The zero user is one
// that is not known yet.
func checkReset(in dto.ResetPasswordRequest, u models.User) error {
	var f faults
	f.body(in)
	f.password("password", in.Password, u.Username, u.Email)
	return f.err()
}

// bearer returns whose the token is, before anything costly is done, or domain.ErrInvalidToken.
func (s *Recovery) bearer(ctx context.Context, token string, purpose models.MailKind) (models.User, error) {
	found, err := s.Tokens.MailToken(ctx, hashOf(token))
	if err != nil {
		return models.User{}, missing(err, domain.ErrInvalidToken)
	}
	user, err := s.Users.ByID(ctx, found.UserID)
	if err != nil {
		return models.User{}, missing(err, domain.ErrInvalidToken)
	}
	if !found.IsGoodFor(purpose, user, s.Now()) {
		return models.User{}, domain.ErrInvalidToken
	}
	return user, nil
}

// redeem locks the user and looks again: the token may have been used, or the address changed,
// since bearer did.
func (s *Recovery) redeem(ctx context.Context, r repositories.Set, userID, token string, purpose models.MailKind) (models.User, error) {
	user, err := r.Users.ForUpdate(ctx, userID)
	if err != nil {
		return user, missing(err, domain.ErrInvalidToken)
	}
	found, err := r.Tokens.ByHash(ctx, hashOf(token))
	if err != nil {
		return user, missing(err, domain.ErrInvalidToken)
	}
	if !found.IsGoodFor(purpose, user, s.Now()) {
		return user, domain.ErrInvalidToken
	}
	return user, nil
}
