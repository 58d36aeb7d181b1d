package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

// AccountsDeps is all that Accounts needs. Every field but Mails is required.
type AccountsDeps struct {
	Work     repositories.UnitOfWork
	Users    repositories.UserReader
	Hasher   services.PasswordHasher
	Sessions *Sessions
	Proof    *Proof
	Mails    *MailPromises    // nil: no mail is sent
	Now      func() time.Time // UTC, in microseconds
	NewID    func() string    // a UUIDv7

	Limiter   services.RateLimiter
	Addresses repositories.SessionAddresses
	Breaches  services.BreachChecker

	RefreshKey   []byte        // of RefreshKey
	RefreshGrace time.Duration // how long a used refresh token still gets its unused successor

	Registration models.RegistrationPolicy
}

// Accounts is what people do with their own accounts: registering, logging in and out,
// changing and deleting them.
type Accounts struct{ AccountsDeps }

var (
	_ services.Authentication = (*Accounts)(nil)
	_ services.Accounts       = (*Accounts)(nil)
)

// NewAccounts returns Accounts on the given parts.
func NewAccounts(d AccountsDeps) *Accounts { return &Accounts{d} }

// Register implements services.Authentication.
func (a *Accounts) Register(ctx context.Context, in dto.RegisterRequest, from models.Client) (services.Grant, error) {
	if a.Registration.IsClosed() {
		return services.Grant{}, domain.ErrRegistrationClosed
	}
	if err := checkRegister(in); err != nil {
		return services.Grant{}, err
	}
	if !a.Registration.Allows(in.Email) {
		return services.Grant{}, domain.ErrDomainNotAllowed
	}
	if a.Registration.IsVerified() { // whether the address is free is nothing to be told
		if err := checkUsernameFree(ctx, a.Users, in.Username); err != nil {
			return services.Grant{}, err
		}
	} else if err := checkFree(ctx, a.Users, in.Email, in.Username); err != nil {
		return services.Grant{}, err
	}
	if err := checkBreached(ctx, a.Breaches, "password", in.Password); err != nil {
		return services.Grant{}, err
	}
	hash, err := a.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return services.Grant{}, err
	}
	now := a.Now()
	if a.Registration.IsVerified() {
		g := newRegistration(ctx, a.NewID(), in.Email, in.Username, now)
		g.PasswordHash, g.DisplayName = hash, in.DisplayName
		return services.Grant{Pending: true}, a.Mails.await(ctx, a.Work, g)
	}
	user := models.User{
		ID: a.NewID(), Email: models.NormalizeEmail(in.Email), Username: in.Username, PasswordHash: hash,
		DisplayName: in.DisplayName, Role: models.RoleUser, IsActive: true, Language: contextutil.CallerOf(ctx).Language,
		LastLoginAt: &now, CreatedAt: now, UpdatedAt: now,
	}
	created := eventOf(ctx, &user, a.NewID(), models.ActionCreated, now)
	session := a.Sessions.prepare(user.ID, models.MethodPassword, from)
	room := a.Mails.hasRoom(ctx, user.Email)
	err = a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Users.Create(ctx, user); err != nil {
			return err
		}
		if _, err := sawDevice(ctx, r, user.ID, from, now); err != nil {
			return err
		}
		if err := r.Sessions.Create(ctx, session.session, session.stored); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, a.NewID(), models.AuditRegistered, user.ID, now, methodOf(models.MethodPassword))); err != nil {
			return err
		}
		if err := r.Outbox.Append(ctx, created); err != nil {
			return err
		}
		if !room {
			return nil
		}
		return a.Mails.verify(ctx, r, user)
	})
	if err != nil {
		return services.Grant{}, err
	}
	return a.Sessions.grant(user, session)
}

// attempts is how often a request starts over because the account changed under it. Log-ins
// replace stale hashes, so two at once may meet; more hardly ever do.
const attempts = 4

// errChanged says that the account is not any more what was looked at before the transaction.
// The same password may well match the hash that it has now.
var errChanged = errors.New("the account changed meanwhile")

// Login implements services.Authentication. It hashes once whether or not the user is known,
// so that its time does not tell.
func (a *Accounts) Login(ctx context.Context, in dto.LoginRequest, from models.Client) (services.Grant, error) {
	if err := checkBody(in); err != nil {
		return services.Grant{}, err
	}
	guess := guess{accounts: a}
	for range attempts {
		grant, err := a.login(ctx, in, from, &guess)
		if !errors.Is(err, errChanged) {
			guess.end(ctx, err)
			return grant, err
		}
	}
	return services.Grant{}, domain.ErrOverloaded.Because(errChanged)
}

func (a *Accounts) login(ctx context.Context, in dto.LoginRequest, from models.Client, guess *guess) (services.Grant, error) {
	known, err := a.find(ctx, in)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return services.Grant{}, err
	}
	if err := guess.begin(ctx, in, known, from); err != nil {
		return services.Grant{}, err
	}
	ok, stale, err := a.Hasher.Verify(ctx, known.PasswordHash, in.Password)
	if err != nil {
		return services.Grant{}, err
	}
	if !ok {
		return services.Grant{}, a.failed().note(ctx, known.ID, models.MethodPassword, domain.ErrCredentials)
	}
	if !known.IsActive {
		return services.Grant{}, a.failed().note(ctx, known.ID, models.MethodPassword, domain.ErrAccountDisabled)
	}
	replacement := ""
	if stale {
		// An overloaded pool leaves the old hash for the next log-in.
		replacement, _ = a.Hasher.Hash(ctx, in.Password)
	}
	now := a.Now()
	session := a.Sessions.prepare(known.ID, models.MethodPassword, from)
	var user models.User
	err = a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) (err error) {
		// The account may have changed while its password was hashed.
		user, err = r.Users.ForUpdate(ctx, known.ID)
		switch {
		case errors.Is(err, domain.ErrNotFound):
			return domain.ErrCredentials
		case err != nil:
			return err
		case user.PasswordHash != known.PasswordHash:
			return errChanged
		case !user.IsActive:
			return domain.ErrAccountDisabled
		}
		if err := loggedIn(ctx, r, a.Mails, &user, from, now); err != nil {
			return err
		}
		if replacement != "" {
			user.PasswordHash = replacement
		}
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, oneselfOf(ctx, a.NewID(), models.AuditLoggedIn, user.ID, now, methodOf(models.MethodPassword))); err != nil {
			return err
		}
		return r.Sessions.Create(ctx, session.session, session.stored)
	})
	if err != nil {
		return services.Grant{}, a.failed().note(ctx, known.ID, models.MethodPassword, err)
	}
	return a.Sessions.grant(user, session)
}

// find returns the user that a log-in names.
func (a *Accounts) find(ctx context.Context, in dto.LoginRequest) (models.User, error) {
	if in.Email != "" {
		return a.Users.ByEmail(ctx, in.Email)
	}
	return a.Users.ByUsername(ctx, in.Username)
}

// failed writes down who was not let in.
func (a *Accounts) failed() failedLogIns { return failedLogIns{a.Work, a.Now, a.NewID} }

// Logout implements services.Authentication.
func (a *Accounts) Logout(ctx context.Context, p models.Principal) error {
	return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditLoggedOut, p.User.ID, a.Now(), nil)); err != nil {
			return err
		}
		return r.Sessions.Delete(ctx, p.Session.ID)
	})
}

// Update implements services.Accounts.
func (a *Accounts) Update(ctx context.Context, p models.Principal, in dto.UpdateUserRequest) (models.User, error) {
	if err := checkUpdate(in, p.User); err != nil {
		return models.User{}, err
	}
	change := identityChange{in.Email, in.Username, in.DisplayName, in.Avatar}
	var user models.User
	err := a.Proof.startingOver(ctx, p, func(p models.Principal) error {
		prove := change.changesEmail(p.User)
		if prove {
			if err := a.Proof.check(ctx, p, in.CurrentPassword.Value); err != nil {
				return err
			}
		}
		if prove {
			if err := checkDomain(a.Registration, p.User, in.Email.Value); err != nil {
				return err
			}
			// Before a mail is counted: repeated requests for a taken address must not use up the mails
			// that its owner may be sent.
			free := change
			if a.Registration.IsVerified() { // the owner is told instead
				free.email = dto.Optional[string]{}
			}
			if err := free.checkFree(ctx, a.Users, p.User); err != nil {
				return err
			}
		}
		room := prove && a.Mails.hasRoom(ctx, in.Email.Value)
		return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) (err error) {
			if user, err = lock(ctx, r, p, prove); err != nil {
				return err
			}
			if !prove && change.changesEmail(user) {
				return errChanged // this would change the address back, unproved
			}
			before, now := user, a.Now()
			immediate, awaited := change, false
			if change.email.Present && a.Mails != nil {
				immediate.email = dto.Optional[string]{}
				awaited = user.AwaitEmail(change.email.Value, now.Add(pendingLifetime))
			}
			if err := immediate.save(ctx, r, &user, a.NewID(), now, awaited); err != nil {
				return err
			}
			if err := appendEntries(ctx, r, ownChanges(ctx, a.NewID, before, user, now)...); err != nil {
				return err
			}
			if !awaited {
				return nil
			}
			return emailAwaited(ctx, r, a.Mails, user, room, a.NewID, now)
		})
	})
	return user, err
}

// ChangePassword implements services.Accounts. A session that a stranger holds ends with all
// others, and the bearer goes on in a new one.
func (a *Accounts) ChangePassword(ctx context.Context, p models.Principal, in dto.ChangePasswordRequest, from models.Client) (services.Grant, error) {
	if err := checkChangePassword(in, p.User); err != nil {
		return services.Grant{}, err
	}
	if err := checkBreached(ctx, a.Breaches, "newPassword", in.NewPassword); err != nil {
		return services.Grant{}, err
	}
	var (
		user    models.User
		session pendingSession
	)
	err := a.Proof.startingOver(ctx, p, func(p models.Principal) error {
		if err := a.Proof.check(ctx, p, in.CurrentPassword); err != nil {
			return err
		}
		hash, err := a.Hasher.Hash(ctx, in.NewPassword)
		if err != nil {
			return err
		}
		session = a.Sessions.prepare(p.User.ID, models.MethodPassword, from)
		return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) (err error) {
			if user, err = lock(ctx, r, p, true); err != nil {
				return err
			}
			user.PasswordHash, user.UpdatedAt = hash, a.Now()
			if err := r.Users.Save(ctx, user); err != nil {
				return err
			}
			if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditPasswordChanged, user.ID, user.UpdatedAt, nil)); err != nil {
				return err
			}
			if err := r.Sessions.DeleteOfUser(ctx, user.ID, ""); err != nil {
				return err
			}
			// A link to a new password is needless now, and may be in other hands.
			if err := r.Tokens.Delete(ctx, user.ID, models.MailReset); err != nil {
				return err
			}
			if err := r.Sessions.Create(ctx, session.session, session.stored); err != nil {
				return err
			}
			return a.Mails.tell(ctx, r, models.MailPasswordChanged, user, nil)
		})
	})
	if err != nil {
		return services.Grant{}, err
	}
	return a.Sessions.grant(user, session)
}

// Delete implements services.Accounts.
func (a *Accounts) Delete(ctx context.Context, p models.Principal, in dto.DeleteUserRequest) error {
	return a.Proof.startingOver(ctx, p, func(p models.Principal) error {
		if err := a.Proof.check(ctx, p, in.CurrentPassword); err != nil {
			return err
		}
		return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			admins, err := r.Users.LockActiveAdmins(ctx)
			if err != nil {
				return err
			}
			user, err := lock(ctx, r, p, true)
			if err != nil {
				return err
			}
			if err := remove(ctx, r, user, admins, a.NewID, a.Now()); err != nil {
				return err
			}
			return a.Mails.tell(ctx, r, models.MailAccountDeleted, user, nil)
		})
	})
}

// lock returns the user of p for changing. It returns errChanged if p was proved to be the
// owner by a password that is not the user's any more.
func lock(ctx context.Context, r repositories.Set, p models.Principal, proved bool) (models.User, error) {
	user, err := r.Users.ForUpdate(ctx, p.User.ID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return user, domain.ErrUnauthorized.Because(err)
	case err != nil:
		return user, err
	case !user.IsActive:
		return user, domain.ErrUnauthorized
	case proved && user.PasswordHash != p.User.PasswordHash:
		return user, errChanged
	}
	// While this waited for the lock, the session may have been ended: by the owner of the e-mail
	// address, say, who has just taken the account over.
	_, err = r.Sessions.ByID(ctx, p.Session.ID)
	if errors.Is(err, domain.ErrNotFound) {
		return user, domain.ErrUnauthorized.Because(err)
	}
	return user, err
}
