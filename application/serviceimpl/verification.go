package serviceimpl

import (
	"context"
	"errors"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// This file is the proof of addresses. A click proves the mailbox alone: a scanner clicks, too, and
// so does the owner of an address that a stranger gave. So the account is to be proved as well.

// VerifyEmail implements services.Recovery.
func (s *Recovery) VerifyEmail(ctx context.Context, in dto.VerifyEmailRequest, p *models.Principal, from models.Client) error {
	var f faults
	f.body(in)
	if in.Username != nil {
		f.reserved("username", *in.Username)
	}
	if err := f.err(); err != nil {
		return err
	}
	attempt := guess{accounts: s.Accounts}
	for range attempts {
		err := s.verify(ctx, in, p, from, &attempt)
		if !errors.Is(err, errChanged) {
			return err
		}
	}
	return domain.ErrOverloaded.Because(errChanged)
}

func (s *Recovery) verify(ctx context.Context, in dto.VerifyEmailRequest, p *models.Principal, from models.Client, attempt *guess) error {
	token, err := s.Tokens.MailToken(ctx, hashOf(in.Token))
	if errors.Is(err, domain.ErrNotFound) {
		return s.completeRegistration(ctx, in)
	}
	if err != nil {
		return err
	}
	if token.Purpose != models.MailVerify && token.Purpose != models.MailVerifyPending {
		return domain.ErrInvalidToken
	}
	known, err := s.bearer(ctx, in.Token, token.Purpose)
	if err != nil {
		return err
	}
	if token.Purpose == models.MailVerifyPending {
		if err := checkDomain(s.Registration, known, token.Email); err != nil {
			return err
		}
	}
	byBearer := p != nil && p.User.ID == known.ID
	if !byBearer {
		if err := s.provePassword(ctx, known, in.Password, from, attempt); err != nil {
			return err
		}
	}
	return s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := s.redeem(ctx, r, known.ID, in.Token, token.Purpose)
		if err != nil {
			return err
		}
		if byBearer {
			if _, err := r.Sessions.ByID(ctx, p.Session.ID); err != nil {
				return missing(err, domain.ErrUnauthorized)
			}
		} else if user.PasswordHash != known.PasswordHash {
			return errChanged
		}
		if token.Purpose == models.MailVerifyPending {
			return s.replaceEmail(ctx, r, user, token.Email)
		}
		user.EmailVerified, user.UpdatedAt = true, s.Now()
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, s.NewID(), models.AuditEmailVerified, user.ID, user.UpdatedAt, nil)); err != nil {
			return err
		}
		return r.Tokens.Delete(ctx, user.ID, models.MailVerify)
	})
}

// provePassword checks the password as a log-in does: limited and recorded. The account has been
// named by a token that was mailed.
func (s *Recovery) provePassword(ctx context.Context, u models.User, password string, from models.Client, attempt *guess) error {
	if err := attempt.begin(ctx, dto.LoginRequest{Email: u.Email}, u, from); err != nil {
		return err
	}
	ok := false
	if password != "" {
		var err error
		if ok, _, err = s.Hasher.Verify(ctx, u.PasswordHash, password); err != nil {
			return err
		}
	}
	if !ok {
		return s.failed().note(ctx, u.ID, models.MethodPassword, domain.ErrLoginRequired)
	}
	attempt.end(ctx, nil)
	return nil
}

// failed records log-ins that were refused.
func (s *Recovery) failed() failedLogIns { return failedLogIns{s.Work, s.Now, s.NewID} }

// replaceEmail makes the proved address that of the locked user. What was mailed to the old one dies
// with it.
func (s *Recovery) replaceEmail(ctx context.Context, r repositories.Set, user models.User, email string) error {
	before, now := user, s.Now()
	user.SetEmail(email)
	user.EmailVerified, user.UpdatedAt = true, now
	updated := eventOf(ctx, &user, s.NewID(), models.ActionUpdated, now)
	if err := r.Users.Save(ctx, user); err != nil {
		return err
	}
	if err := r.Tokens.DeleteOfUser(ctx, user.ID); err != nil {
		return err
	}
	if err := r.Audit.Append(ctx, oneselfOf(ctx, s.NewID(), models.AuditEmailChanged, user.ID, now, nil)); err != nil {
		return err
	}
	if before.EmailVerified {
		if err := s.Mails.tell(ctx, r, models.MailEmailChanged, before, nil); err != nil {
			return err
		}
	}
	return r.Outbox.Append(ctx, updated)
}

// checkDomain returns domain.ErrDomainNotAllowed where the user may not have the address. Admins may
// have any.
func checkDomain(p models.RegistrationPolicy, u models.User, email string) error {
	if u.Role != models.RoleAdmin && !p.Allows(email) {
		return domain.ErrDomainNotAllowed
	}
	return nil
}

// ResendVerification implements services.Recovery. For a pending address the user is limited rather
// than the address, whose quota would tell whether its owner has had mail.
func (s *Recovery) ResendVerification(ctx context.Context, p models.Principal) error {
	kind, address := models.MailVerify, p.User.Email
	switch pending := p.User.Pending(s.Now()); {
	case pending != "":
		if err := mailLimit.Exceeded(s.Limiter.Take(ctx, mailLimit, "resend\x00"+p.User.ID)); err != nil {
			return err
		}
		if !s.Mails.hasRoom(ctx, pending) {
			return nil
		}
		kind, address = models.MailVerifyPending, pending
	case p.User.EmailVerified:
		return domain.ErrAlreadyVerified
	default:
		if err := s.Mails.count(ctx, address); err != nil {
			return err
		}
	}
	err := s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		return s.Mails.promise(ctx, r, kind, p.User, address)
	})
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrUnauthorized.Because(err) // deleted since
	}
	return err
}
