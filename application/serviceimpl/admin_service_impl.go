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

// AdministrationDeps is all that Administration needs. Every field is required.
type AdministrationDeps struct {
	Work   repositories.UnitOfWork
	Users  repositories.UserReader
	Hasher services.PasswordHasher
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
func (a *Administration) UpdateUser(ctx context.Context, id string, in dto.AdminUpdateUserRequest) (models.User, error) {
	if err := checkAdminUpdate(in); err != nil {
		return models.User{}, err
	}
	change := identityChange{in.Email, in.Username, in.DisplayName, in.Avatar}
	var user models.User
	err := a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		var admins []string
		var err error
		if in.Role.Present || in.IsActive.Present {
			if admins, err = r.Users.LockActiveAdmins(ctx); err != nil {
				return err
			}
		}
		if user, err = r.Users.ForUpdate(ctx, id); err != nil {
			return err
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
			if err := r.Sessions.DeleteOfUser(ctx, id, ""); err != nil {
				return err
			}
		}
		standing := user.Role != before.Role || user.IsActive != before.IsActive
		now := a.Now()
		if err := change.save(ctx, r, &user, a.NewID(), now, standing); err != nil {
			return err
		}
		return appendEntries(ctx, r, adminChanges(ctx, a.NewID, before, user, now)...)
	})
	return user, err
}

// DeleteUser implements services.Administration.
func (a *Administration) DeleteUser(ctx context.Context, id string) error {
	return a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		admins, err := r.Users.LockActiveAdmins(ctx)
		if err != nil {
			return err
		}
		user, err := r.Users.ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		return remove(ctx, r, user, admins, a.NewID, a.Now())
	})
}
