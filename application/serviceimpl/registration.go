package serviceimpl

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

// This file is registrations that wait for the proof of their address. Taking one in asks nothing
// about users with that address, so neither the answer nor its time tells whether there is one.

const (
	pendingLifetime      = 24 * time.Hour // of a registration, and of an address that is to replace another
	pendingRegistrations = 5              // of one address
)

// await stores a pending registration with its mail, if the address may be sent one now.
func (p *MailPromises) await(ctx context.Context, work repositories.UnitOfWork, g models.Registration) error {
	if !p.hasRoom(ctx, g.Email) {
		return nil // it could not be completed
	}
	mail := p.mail(ctx, models.MailVerifyRegistration, models.User{}, g.Email)
	mail.RegistrationID = g.ID
	return work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Registrations.Create(ctx, g, pendingRegistrations); err != nil {
			return err
		}
		return r.Mails.Append(ctx, mail)
	})
}

// newRegistration returns a pending registration that begins now.
func newRegistration(ctx context.Context, id, email, username string, now time.Time) models.Registration {
	return models.Registration{
		ID: id, Email: models.NormalizeEmail(email), Username: username, Language: contextutil.CallerOf(ctx).Language,
		CreatedAt: now, ExpiresAt: now.Add(pendingLifetime),
	}
}

// completeRegistration makes the user of the pending registration whose token in.Token is.
func (s *Recovery) completeRegistration(ctx context.Context, in dto.VerifyEmailRequest) error {
	g, err := s.Registrations.RegistrationByToken(ctx, hashOf(in.Token))
	switch {
	case err != nil:
		return missing(err, domain.ErrInvalidToken)
	case !s.Now().Before(g.ExpiresAt):
		return domain.ErrInvalidToken
	case s.Registration.IsClosed():
		return domain.ErrRegistrationClosed
	case !s.Registration.Allows(g.Email):
		return domain.ErrDomainNotAllowed
	}
	username := g.Username
	if in.Username != nil {
		username = *in.Username
	}
	identity, err := s.proveRegistration(ctx, g, in)
	if err != nil {
		return err
	}
	if g.PasswordHash != "" {
		var f faults
		f.password("password", in.Password, username, g.Email)
		if err := f.err(); err != nil {
			return err
		}
	}
	now, method := s.Now(), models.MethodPassword
	user := models.User{
		ID: s.NewID(), Email: g.Email, Username: username, PasswordHash: g.PasswordHash, DisplayName: g.DisplayName,
		Role: models.RoleUser, IsActive: true, CreatedAt: now, UpdatedAt: now,
	}
	if identity != nil {
		method = identity.Provider
		user = s.OAuth.newUser(*identity, g.Email, username)
		user.LastLoginAt = nil
	}
	user.EmailVerified = true
	user.Language = cmp.Or(contextutil.CallerOf(ctx).Language, g.Language)
	created := eventOf(ctx, &user, s.NewID(), models.ActionCreated, now)
	err = s.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Registrations.Take(ctx, g.ID); err != nil {
			return missing(err, domain.ErrInvalidToken)
		}
		if err := r.Users.Create(ctx, user); err != nil {
			return err
		}
		if identity != nil {
			if err := r.Identities.Create(ctx, s.OAuth.newIdentity(user.ID, *identity)); err != nil {
				return err
			}
		}
		if err := r.Registrations.DeleteTo(ctx, g.Email); err != nil { // the others: the first one proved wins
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, s.NewID(), models.AuditRegistered, user.ID, now, methodOf(method))); err != nil {
			return err
		}
		return r.Outbox.Append(ctx, created)
	})
	if errors.Is(err, domain.ErrProviderLinked) {
		return domain.ErrInvalidToken.Because(err) // the identity has an account by now
	}
	if err == nil && identity != nil {
		s.OAuth.forgetTicket(ctx, in.Ticket)
	}
	return err
}

// proveRegistration checks the password of a pending registration, or its ticket, for which it
// returns the identity. What fails counts as a failed log-in of no account.
func (s *Recovery) proveRegistration(ctx context.Context, g models.Registration, in dto.VerifyEmailRequest) (*models.ExternalIdentity, error) {
	key := "registration:" + g.ID
	if err := loginLimit.Exceeded(s.Limiter.Take(ctx, loginLimit, key)); err != nil {
		return nil, err
	}
	var (
		identity *models.ExternalIdentity
		ok       bool
		err      error
	)
	switch {
	case g.PasswordHash != "" && in.Password != "":
		ok, _, err = s.Hasher.Verify(ctx, g.PasswordHash, in.Password)
	case g.TicketHash != nil && subtle.ConstantTimeCompare(hashOf(in.Ticket), g.TicketHash) == 1:
		identity, err = s.OAuth.heldBy(ctx, in.Ticket)
		ok = err == nil
		err = ignore(err, domain.ErrInvalidTicket)
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.failed().note(ctx, "", models.MethodPassword, domain.ErrLoginRequired)
	}
	s.Limiter.Forget(ctx, loginLimit, key)
	return identity, nil
}

// ignore returns nil for an error of that kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// heldBy returns the identity of a ticket, or domain.ErrInvalidTicket.
func (o *OAuth) heldBy(ctx context.Context, ticket string) (*models.ExternalIdentity, error) {
	identity, _, err := o.tickets.get(ctx, ticket)
	if err != nil {
		return nil, missing(err, domain.ErrInvalidTicket)
	}
	if !o.isOn(identity.Provider) {
		return nil, domain.ErrInvalidTicket.Because(errors.New("the provider is no longer configured"))
	}
	return &identity, nil
}

// forgetTicket makes a used ticket worthless. Where the store is away it lasts until it expires; its
// identity is linked by then.
func (o *OAuth) forgetTicket(ctx context.Context, ticket string) { _, _ = o.tickets.take(ctx, ticket) }

// completeLater is Complete where the address is to be proved first. The ticket lives as long as the
// registration then.
func (o *OAuth) completeLater(ctx context.Context, in dto.CompleteOAuthRequest, identity models.ExternalIdentity) (services.OAuthGrant, error) {
	grant := services.OAuthGrant{Provider: identity.Provider}
	_, err := o.Identities.BySubject(ctx, identity.Provider, identity.Subject)
	if err == nil {
		return grant, domain.ErrInvalidTicket.Because(domain.ErrProviderLinked)
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return grant, err
	}
	username := generatedUsername(in.Email)
	if in.Username != nil {
		username = *in.Username
	}
	if err := checkUsernameFree(ctx, o.Users, username); err != nil {
		return grant, err
	}
	if err := o.tickets.put(ctx, in.Ticket, identity, pendingLifetime); err != nil {
		return grant, err
	}
	g := newRegistration(ctx, o.NewID(), in.Email, username, o.Now())
	g.TicketHash, g.DisplayName = hashOf(in.Ticket), displayNameOf(identity.Name)
	grant.Pending = true
	return grant, o.Mails.await(ctx, o.Work, g)
}

// checkUsernameFree tells a taken username before a password is hashed for nothing.
func checkUsernameFree(ctx context.Context, users repositories.UserReader, username string) error {
	if _, err := users.ByUsername(ctx, username); !errors.Is(err, domain.ErrNotFound) {
		return errOr(err, domain.ErrUsernameTaken)
	}
	return nil
}
