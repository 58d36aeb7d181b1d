package serviceimpl

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// This file is the rules of who logs in when a provider says who somebody is. A mistake here
// gives an account to a stranger.

// standing is how an identity stands to the accounts that there are.
type standing int

const (
	isNew       standing = iota // nobody's, and its e-mail address is nobody's
	isLinked                    // a user's
	isToBeAdded                 // nobody's; its verified address is the verified address of a user
	takesOver                   // nobody's; its verified address is the address that a user has not verified
)

// match is an identity's standing, with the user that it is about.
type match struct {
	standing standing
	user     models.User          // zero for isNew
	linked   models.OAuthProvider // for isLinked
	email    string               // the identity's, as accounts hold them, for isNew
}

// preview returns what speaks against a log-in, as resolve does.
func (o *OAuth) preview(ctx context.Context, identity models.ExternalIdentity) (match, error) {
	for range attempts {
		if m, err := o.resolve(ctx, identity); !errors.Is(err, errChanged) {
			return m, err
		}
	}
	return match{}, domain.ErrOverloaded.Because(errChanged)
}

// resolve finds out who an identity is, changing nothing. It returns domain.ErrAccountDisabled,
// domain.ErrAccountExists, both with the user, for a new identity without an e-mail address
// domain.ErrEmailRequired, or errChanged where it saw something before and something after a
// change.
func (o *OAuth) resolve(ctx context.Context, identity models.ExternalIdentity) (match, error) {
	linked, err := o.Identities.BySubject(ctx, identity.Provider, identity.Subject)
	if err == nil {
		user, err := o.Users.ByID(ctx, linked.UserID)
		if err != nil {
			return match{}, changedIfMissing(err)
		}
		if !user.IsActive {
			return match{user: user}, domain.ErrAccountDisabled
		}
		return match{standing: isLinked, user: user, linked: linked}, nil
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return match{}, err
	}
	if !isEmail(identity.Email) {
		return match{}, o.admitsNew(identity)
	}
	email := models.NormalizeEmail(identity.Email)
	user, err := o.Users.ByEmail(ctx, email)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return match{standing: isNew, email: email}, o.admitsNew(identity)
	case err != nil:
		return match{}, err
	}
	// The user may be there since the first look, made together with this very identity.
	_, err = o.Identities.BySubject(ctx, identity.Provider, identity.Subject)
	switch {
	case err == nil:
		return match{}, errChanged
	case !errors.Is(err, domain.ErrNotFound):
		return match{}, err
	case !identity.EmailVerified:
		return match{user: user}, domain.ErrAccountExists
	case !user.IsActive:
		return match{user: user}, domain.ErrAccountDisabled
	case !user.EmailVerified && user.Role == models.RoleAdmin:
		return match{user: user}, domain.ErrAccountExists // a mistyped address must not give away what an admin may do
	case !user.EmailVerified:
		return match{standing: takesOver, user: user}, nil
	}
	identities, err := o.Identities.OfUser(ctx, user.ID)
	if err != nil {
		return match{}, err
	}
	return match{standing: isToBeAdded, user: user}, roomFor(identity, identities)
}

// admitsNew returns nil where an identity without an account may make one at once. Else it returns
// domain.ErrRegistrationClosed or domain.ErrDomainNotAllowed, or domain.ErrEmailRequired where an
// address is missing, or is to be proved first.
func (o *OAuth) admitsNew(identity models.ExternalIdentity) error {
	switch {
	case o.Registration.IsClosed():
		return domain.ErrRegistrationClosed
	case !isEmail(identity.Email):
		return domain.ErrEmailRequired
	case !o.Registration.Allows(identity.Email):
		return domain.ErrDomainNotAllowed
	case o.Registration.IsVerified() && !identity.EmailVerified:
		return domain.ErrEmailRequired
	}
	return nil
}

// roomFor returns nil where a user with these identities may have this one beside them,
// errChanged where it is among them by now, and domain.ErrAccountExists where another one of its
// provider is.
func roomFor(identity models.ExternalIdentity, identities []models.OAuthProvider) error {
	for _, i := range identities {
		switch {
		case i.Provider != identity.Provider:
		case i.ProviderID == identity.Subject:
			return errChanged
		default:
			return domain.ErrAccountExists
		}
	}
	return nil
}

func hasProvider(identities []models.OAuthProvider, provider string) bool {
	return slices.ContainsFunc(identities, func(i models.OAuthProvider) bool { return i.Provider == provider })
}

// changedIfMissing returns errChanged for what has gone since it was found.
func changedIfMissing(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return errChanged
	}
	return err
}

// logIn begins a session of the given id for whoever the identity is, whom it makes, links or
// hands an account over to as the rules say. It returns what resolve does.
func (o *OAuth) logIn(ctx context.Context, identity models.ExternalIdentity, sessionID string, from models.Client) (services.OAuthGrant, error) {
	for range attempts {
		grant, err := o.tryLogIn(ctx, identity, sessionID, from)
		if !errors.Is(err, errChanged) {
			return grant, err
		}
	}
	return services.OAuthGrant{}, domain.ErrOverloaded.Because(errChanged)
}

func (o *OAuth) tryLogIn(ctx context.Context, identity models.ExternalIdentity, sessionID string, from models.Client) (services.OAuthGrant, error) {
	m, err := o.resolve(ctx, identity)
	if err != nil {
		return services.OAuthGrant{}, o.failed().note(ctx, m.user.ID, identity.Provider, err)
	}
	if m.standing == isNew {
		user := o.newUser(identity, m.email, generatedUsername(m.email))
		user.EmailVerified = identity.EmailVerified
		grant, err := o.create(ctx, user, identity, sessionID, from)
		for _, taken := range []error{domain.ErrEmailTaken, domain.ErrUsernameTaken, domain.ErrProviderLinked} {
			if errors.Is(err, taken) {
				err = errChanged
			}
		}
		return grant, err
	}
	session := o.Sessions.prepareAs(sessionID, m.user.ID, identity.Provider, from)
	var (
		user      models.User
		takenOver bool
	)
	err = o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) (err error) {
		if user, err = r.Users.ForUpdate(ctx, m.user.ID); err != nil {
			return changedIfMissing(err)
		}
		if !user.IsActive {
			return domain.ErrAccountDisabled
		}
		if takenOver, err = o.admit(ctx, r, m, &user, identity); err != nil {
			return err
		}
		if err := loggedIn(ctx, r, o.Mails, &user, from, o.Now()); err != nil {
			return err
		}
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		if err := appendEntries(ctx, r, o.entriesOf(ctx, m, identity)...); err != nil {
			return err
		}
		return r.Sessions.Create(ctx, session.session, session.stored)
	})
	if err != nil {
		return services.OAuthGrant{}, o.failed().note(ctx, m.user.ID, identity.Provider, err)
	}
	grant, err := o.Sessions.grant(user, session)
	return services.OAuthGrant{Grant: grant, TakenOver: takenOver}, err
}

// admit lets the identity in to the locked user, whom it may change, if its standing is still
// that of m; else it returns errChanged. It reports whether a stranger lost the account.
func (o *OAuth) admit(ctx context.Context, r repositories.Set, m match, user *models.User, identity models.ExternalIdentity) (takenOver bool, err error) {
	identities, err := r.Identities.OfUser(ctx, user.ID)
	if err != nil {
		return false, err
	}
	if m.standing == isLinked {
		i := slices.IndexFunc(identities, func(i models.OAuthProvider) bool { return i.ID == m.linked.ID })
		if i < 0 {
			return false, errChanged
		}
		return false, r.Identities.Save(ctx, o.refreshed(identities[i], identity))
	}
	if user.Email != m.user.Email || user.EmailVerified != m.user.EmailVerified || user.Role != m.user.Role {
		return false, errChanged
	}
	if m.standing == takesOver {
		// Every session began by a password or an identity, so the two tell of sessions, too.
		takenOver = user.HasPassword() || len(identities) > 0
		err = handOver(ctx, r, user, identity, o.Now())
	} else {
		err = roomFor(identity, identities)
	}
	if err != nil {
		return false, err
	}
	err = r.Identities.Create(ctx, o.newIdentity(user.ID, identity))
	switch {
	case errors.Is(err, domain.ErrProviderLinked):
		return false, errChanged
	case err != nil:
		return false, err
	}
	return takenOver, o.Mails.tell(ctx, r, models.MailIdentityLinked, *user, mailProvider(identity.Provider))
}

// handOver gives the locked user, whose e-mail address was never proved, to the identity that has
// just proved it. Everything by which a stranger could come back, or that shows the stranger to
// others, is removed.
func handOver(ctx context.Context, r repositories.Set, user *models.User, identity models.ExternalIdentity, now time.Time) error {
	user.PasswordHash, user.EmailVerified, user.PendingEmail, user.UpdatedAt = "", true, nil, now
	user.DisplayName, user.Avatar = displayNameOf(identity.Name), avatarOf(identity.Picture)
	if err := r.Sessions.DeleteOfUser(ctx, user.ID, ""); err != nil {
		return err
	}
	if err := r.Tokens.DeleteOfUser(ctx, user.ID); err != nil {
		return err
	}
	if err := r.Registrations.DeleteTo(ctx, user.Email); err != nil { // and with them the tickets that complete them
		return err
	}
	if err := r.Devices.DeleteOfUser(ctx, user.ID); err != nil {
		return err
	}
	return r.Identities.DeleteOfUser(ctx, user.ID)
}

// newUser returns a user who comes in through a provider. The address counts as unverified.
func (o *OAuth) newUser(identity models.ExternalIdentity, email, username string) models.User {
	now := o.Now()
	return models.User{
		ID: o.NewID(), Email: email, Username: username, DisplayName: displayNameOf(identity.Name),
		Role: models.RoleUser, IsActive: true,
		IsOAuthUser: true, OAuthProvider: &identity.Provider, OAuthID: &identity.Subject,
		LastLoginAt: &now, CreatedAt: now, UpdatedAt: now,
	}
}

// create stores a new user with the identity, a session and the event. It returns
// domain.ErrEmailTaken, domain.ErrUsernameTaken or domain.ErrProviderLinked.
func (o *OAuth) create(ctx context.Context, user models.User, identity models.ExternalIdentity, sessionID string, from models.Client) (services.OAuthGrant, error) {
	created := eventOf(ctx, &user, o.NewID(), models.ActionCreated, user.CreatedAt)
	session := o.Sessions.prepareAs(sessionID, user.ID, identity.Provider, from)
	// Before a mail is counted: a ticket survives a taken address, and must not use up the mails that
	// its owner may be sent.
	if err := checkFree(ctx, o.Users, user.Email, user.Username); err != nil {
		return services.OAuthGrant{}, err
	}
	room := !user.EmailVerified && o.Mails.hasRoom(ctx, user.Email)
	err := o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Users.Create(ctx, user); err != nil {
			return err
		}
		if err := r.Identities.Create(ctx, o.newIdentity(user.ID, identity)); err != nil {
			return err
		}
		if _, err := sawDevice(ctx, r, user.ID, from, user.CreatedAt); err != nil {
			return err
		}
		if err := r.Sessions.Create(ctx, session.session, session.stored); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, o.NewID(), models.AuditRegistered, user.ID, user.CreatedAt, methodOf(identity.Provider))); err != nil {
			return err
		}
		if err := r.Outbox.Append(ctx, created); err != nil {
			return err
		}
		if !room {
			return nil
		}
		return o.Mails.verify(ctx, r, user)
	})
	if err != nil {
		return services.OAuthGrant{}, err
	}
	grant, err := o.Sessions.grant(user, session)
	return services.OAuthGrant{Grant: grant, IsNewUser: true}, err
}

// Complete implements services.OAuth. The ticket is not taken before the account is made, so
// that it survives whatever goes wrong; that it works once, the identity sees to.
func (o *OAuth) Complete(ctx context.Context, in dto.CompleteOAuthRequest, from models.Client) (services.OAuthGrant, error) {
	if err := checkComplete(in); err != nil {
		return services.OAuthGrant{}, err
	}
	identity, _, err := o.tickets.get(ctx, in.Ticket)
	if err != nil {
		return services.OAuthGrant{}, missing(err, domain.ErrInvalidTicket)
	}
	if !o.isOn(identity.Provider) {
		return services.OAuthGrant{}, domain.ErrInvalidTicket.Because(errors.New("the provider is no longer configured"))
	}
	switch {
	case o.Registration.IsClosed():
		return services.OAuthGrant{Provider: identity.Provider}, domain.ErrRegistrationClosed
	case !o.Registration.Allows(in.Email):
		return services.OAuthGrant{Provider: identity.Provider}, domain.ErrDomainNotAllowed
	case o.Registration.IsVerified():
		return o.completeLater(ctx, in, identity)
	}
	grant, err := o.complete(ctx, in, identity, from)
	grant.Provider = identity.Provider
	if errors.Is(err, domain.ErrEmailTaken) || errors.Is(err, domain.ErrUsernameTaken) {
		// Who has used the ticket already must not hear that the account it made is in the way.
		if _, known := o.Identities.BySubject(ctx, identity.Provider, identity.Subject); known == nil {
			err = domain.ErrProviderLinked
		}
	}
	if errors.Is(err, domain.ErrProviderLinked) {
		return grant, domain.ErrInvalidTicket.Because(err)
	}
	if err != nil {
		return grant, err
	}
	_, _ = o.tickets.take(ctx, in.Ticket) // where the store is away it just stays until it is too old
	return grant, nil
}

// complete makes the account, under a name of its own choice where none is asked for.
func (o *OAuth) complete(ctx context.Context, in dto.CompleteOAuthRequest, identity models.ExternalIdentity, from models.Client) (grant services.OAuthGrant, err error) {
	for range attempts {
		username := generatedUsername(in.Email)
		if in.Username != nil {
			username = *in.Username
		}
		user := o.newUser(identity, models.NormalizeEmail(in.Email), username)
		grant, err = o.create(ctx, user, identity, o.NewID(), from)
		if in.Username != nil || !errors.Is(err, domain.ErrUsernameTaken) {
			break
		}
	}
	return grant, err
}

// newIdentity returns the identity as it is stored for a user.
func (o *OAuth) newIdentity(userID string, identity models.ExternalIdentity) models.OAuthProvider {
	return o.refreshed(models.OAuthProvider{
		ID: o.NewID(), UserID: userID, Provider: identity.Provider, ProviderID: identity.Subject, CreatedAt: o.Now(),
	}, identity)
}

// refreshed returns the stored identity with what its provider has just told.
func (o *OAuth) refreshed(stored models.OAuthProvider, identity models.ExternalIdentity) models.OAuthProvider {
	stored.AccessToken = o.sealed(identity.Tokens.Access, stored.AccessTokenContext())
	if identity.Tokens.Refresh != "" { // providers give one at the first log-in only
		stored.RefreshToken = o.sealed(identity.Tokens.Refresh, stored.RefreshTokenContext())
	}
	stored.TokenExpiresAt = identity.Tokens.ExpiresAt
	stored.ProfileData = profileOf(identity)
	stored.UpdatedAt = o.Now()
	return stored
}

func (o *OAuth) sealed(token, context string) string {
	if token == "" {
		return ""
	}
	return o.Sealer.Seal([]byte(token), context)
}

// profileOf returns what is kept of what a provider tells of a person.
func profileOf(identity models.ExternalIdentity) []byte {
	profile, _ := json.Marshal(struct { // strings and a bool: it cannot fail
		Email         string `json:"email,omitempty"`
		EmailVerified bool   `json:"emailVerified"`
		Name          string `json:"name,omitempty"`
		Picture       string `json:"picture,omitempty"`
	}{identity.Email, identity.EmailVerified, identity.Name, identity.Picture})
	return profile
}
