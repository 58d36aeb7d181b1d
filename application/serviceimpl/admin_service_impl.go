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

// AdministrationDeps is all that Administration needs. Every field but Proof and Mails is required.
type AdministrationDeps struct {
	Work   repositories.UnitOfWork
	Users  repositories.UserReader
	Hasher services.PasswordHasher
	Proof  *Proof           // nil: operators alone use it
	Mails  *MailPromises    // nil: no mail is sent
	Now    func() time.Time // UTC, in microseconds
	NewID  func() string    // a UUIDv7

	Breaches services.BreachChecker
}

// Administration is what admins, and operators through authctl, do with everybody's accounts.
type Administration struct{ AdministrationDeps }

var _ services.Administration = (*Administration)(nil)

// NewAdministration returns Administration on the given parts.
func NewAdministration(d AdministrationDeps) *Administration { return &Administration{d} }

// List implements services.Administration.
func (a *Administration) List(ctx context.Context, prefix, after string, limit int) ([]models.User, bool, error) {
	return pageOf(ctx, a.Users, repositories.UserQuery{After: after, Prefix: prefix, Limit: limit})
}

// Create implements services.Administration. A user without a password can log in only
// through a provider.
func (a *Administration) Create(ctx context.Context, in dto.CreateUserRequest) (models.User, error) {
	if err := checkCreate(in); err != nil {
		return models.User{}, err
	}
	if err := checkFree(ctx, a.Users, in.Email, in.Username); err != nil {
		return models.User{}, err
	}
	now := a.Now()
	user := models.User{
		ID: a.NewID(), Email: models.NormalizeEmail(in.Email), Username: in.Username,
		DisplayName: in.DisplayName, Role: models.RoleUser, IsActive: true, CreatedAt: now, UpdatedAt: now,
	}
	if in.Role != nil {
		user.Role = models.Role(*in.Role)
	}
	if in.Password != nil {
		if err := checkBreached(ctx, a.Breaches, "password", *in.Password); err != nil {
			return models.User{}, err
		}
		hash, err := a.Hasher.Hash(ctx, *in.Password)
		if err != nil {
			return models.User{}, err
		}
		user.PasswordHash = hash
	}
	created := eventOf(ctx, &user, a.NewID(), models.ActionCreated, now)
	err := a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if err := r.Users.Create(ctx, user); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditUserCreated, user.ID, now, map[string]string{"role": string(user.Role)})); err != nil {
			return err
		}
		return r.Outbox.Append(ctx, created)
	})
	return user, err
}

// User implements services.Administration.
func (a *Administration) User(ctx context.Context, id string) (models.User, error) {
	return a.Users.ByID(ctx, id)
}

// UpdateUser implements services.Administration. Deactivating a user ends its sessions.
func (a *Administration) UpdateUser(ctx context.Context, p models.Principal, id string, in dto.AdminUpdateUserRequest) (models.User, error) {
	if err := checkAdminUpdate(in); err != nil {
		return models.User{}, err
	}
	change := identityChange{in.Email, in.Username, in.DisplayName, in.Avatar}
	var user models.User
	err := a.asActor(ctx, p, id, func(p models.Principal, own bool) error {
		prove := own && change.changesEmail(p.User)
		if prove {
			if err := a.Proof.check(ctx, p, in.CurrentPassword.Value); err != nil {
				return err
			}
			if err := change.checkFree(ctx, a.Users, p.User); err != nil { // before a mail is counted
				return err
			}
		}
		awaits := prove && a.Mails != nil // the own address waits for its proof, as by PATCH /users/me
		room := awaits && a.Mails.hasRoom(ctx, in.Email.Value)
		return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			var admins []string
			var err error
			if in.Role.Present || in.IsActive.Present {
				if admins, err = r.Users.LockActiveAdmins(ctx); err != nil {
					return err
				}
			}
			if user, err = lockFor(ctx, r, p, id, own, prove); err != nil {
				return err
			}
			if own && !prove && change.changesEmail(user) {
				return errChanged // this would change the address back, unproved
			}
			before := user
			if in.Role.Present {
				user.Role = models.Role(in.Role.Value)
			}
			if in.IsActive.Present {
				user.IsActive = in.IsActive.Value
			}
			if !user.IsActiveAdmin() && isLastAdmin(before, admins) {
				return domain.ErrLastAdmin
			}
			if before.IsActive && !user.IsActive {
				if err := r.Sessions.DeleteOfUser(ctx, user.ID, ""); err != nil {
					return err
				}
			}
			now, immediate, awaited := a.Now(), change, false
			if awaits {
				immediate.email = dto.Optional[string]{}
				awaited = user.AwaitEmail(in.Email.Value, now.Add(pendingLifetime))
			} else if change.changesEmail(user) {
				user.PendingEmail = nil
			}
			standing := user.Role != before.Role || user.IsActive != before.IsActive || awaited
			if err := immediate.save(ctx, r, &user, a.NewID(), now, standing); err != nil {
				return err
			}
			if err := appendEntries(ctx, r, adminChanges(ctx, a.NewID, before, user, now)...); err != nil {
				return err
			}
			if awaited {
				if err := emailAwaited(ctx, r, a.Mails, user, room, a.NewID, now); err != nil {
					return err
				}
			}
			return a.tellChanges(ctx, r, before, user, own)
		})
	})
	return user, err
}

// tellChanges tells the user, at the address that was the account's, what was changed for it.
func (a *Administration) tellChanges(ctx context.Context, r repositories.Set, before, now models.User, own bool) error {
	if before.Email != now.Email {
		kind := models.MailAdminChangedEmail
		if own {
			kind = models.MailEmailChanged
		}
		if err := a.Mails.tell(ctx, r, kind, before, nil); err != nil {
			return err
		}
	}
	if before.Role != now.Role {
		return a.Mails.tell(ctx, r, models.MailAdminChangedRole, before, map[string]string{models.MailRole: string(now.Role)})
	}
	return nil
}

// DeleteUser implements services.Administration.
func (a *Administration) DeleteUser(ctx context.Context, p models.Principal, id string, in dto.DeleteUserRequest) error {
	return a.asActor(ctx, p, id, func(p models.Principal, own bool) error {
		if own {
			if err := a.Proof.check(ctx, p, in.CurrentPassword); err != nil {
				return err
			}
		}
		return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
			admins, err := r.Users.LockActiveAdmins(ctx)
			if err != nil {
				return err
			}
			user, err := lockFor(ctx, r, p, id, own, own)
			if err != nil {
				return err
			}
			if err := remove(ctx, r, user, admins, a.NewID, a.Now()); err != nil {
				return err
			}
			kind := models.MailDeletedByAdmin
			if own {
				kind = models.MailAccountDeleted
			}
			return a.Mails.tell(ctx, r, kind, user, nil)
		})
	})
}

// asActor runs try with the principal that acts and with whether the id is of its own account, and
// again where that account has changed. An id has several spellings, so the database compares.
func (a *Administration) asActor(ctx context.Context, p models.Principal, id string, try func(p models.Principal, own bool) error) error {
	user, err := a.Users.ByID(ctx, id)
	if err != nil {
		return err
	}
	if user.ID != p.User.ID {
		return try(p, false)
	}
	return a.Proof.startingOver(ctx, p, func(p models.Principal) error { return try(p, true) })
}

// lockFor returns the user of the id for changing; for the own account of p it does what lock does.
func lockFor(ctx context.Context, r repositories.Set, p models.Principal, id string, own, proved bool) (models.User, error) {
	if own {
		return lock(ctx, r, p, proved)
	}
	return r.Users.ForUpdate(ctx, id)
}
