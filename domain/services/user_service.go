package services

import (
	"context"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// Grant is a session with new tokens that stand for it.
type Grant struct {
	User             models.User
	AccessToken      string
	ExpiresIn        int64 // seconds
	RefreshToken     string
	RefreshExpiresIn int64 // seconds; what is left of the session

	// Pending says that the registration waits for the proof of its address: there is no user yet,
	// and no session.
	Pending bool
}

// Authentication is how sessions begin and end.
type Authentication interface {
	// Register returns domain.ErrValidation, domain.ErrUsernameTaken, domain.ErrRegistrationClosed,
	// domain.ErrDomainNotAllowed, or domain.ErrEmailTaken, which it never does where addresses are
	// to be proved first: then a free and a taken one are Pending alike.
	Register(ctx context.Context, in dto.RegisterRequest, from models.Client) (Grant, error)
	// Login returns domain.ErrCredentials for an unknown user, a wrong password and a user
	// without one alike, domain.ErrAccountDisabled only after the right password, and
	// domain.ErrValidation for a log-in that names nobody. After too many that failed for the
	// account it returns domain.ErrRateLimited, for accounts that are not there as well.
	Login(ctx context.Context, in dto.LoginRequest, from models.Client) (Grant, error)
	// Refresh returns new tokens of the session of a refresh token. It returns
	// domain.ErrRefreshToken for one that is unknown or whose session has ended,
	// domain.ErrRefreshReused where it ended the session because the token was used before, and
	// domain.ErrValidation.
	Refresh(ctx context.Context, in dto.RefreshRequest) (Grant, error)
	// Logout ends the session of p.
	Logout(ctx context.Context, p models.Principal) error
}

// Accounts is what users do with their own accounts. Changing the e-mail address or the
// password and deletion need the current password, or domain.ErrWrongPassword; a user
// without one needs a recent session, or domain.ErrReauthenticate. After too many wrong ones it is
// domain.ErrRateLimited.
type Accounts interface {
	// Update returns domain.ErrValidation, domain.ErrEmailTaken or domain.ErrUsernameTaken.
	Update(ctx context.Context, p models.Principal, in dto.UpdateUserRequest) (models.User, error)
	// ChangePassword ends every session of the user and returns a new one. It returns
	// domain.ErrValidation.
	ChangePassword(ctx context.Context, p models.Principal, in dto.ChangePasswordRequest, from models.Client) (Grant, error)
	// Delete returns domain.ErrLastAdmin for the last active admin.
	Delete(ctx context.Context, p models.Principal, in dto.DeleteUserRequest) error
}

// Administration is what admins do with everybody's accounts. A user that is not there is
// domain.ErrNotFound; what would leave no active admin is domain.ErrLastAdmin. Create and
// UpdateUser return domain.ErrValidation, domain.ErrEmailTaken or domain.ErrUsernameTaken, too.
type Administration interface {
	// List returns a page of users and whether there are more behind it.
	List(ctx context.Context, prefix, after string, limit int) (users []models.User, more bool, err error)
	Create(ctx context.Context, in dto.CreateUserRequest) (models.User, error)
	User(ctx context.Context, id string) (models.User, error)
	// UpdateUser and DeleteUser are done by p; the zero value is an operator. For the e-mail address
	// and the deletion of the account of p itself they need the proof that Accounts needs.
	UpdateUser(ctx context.Context, p models.Principal, id string, in dto.AdminUpdateUserRequest) (models.User, error)
	DeleteUser(ctx context.Context, p models.Principal, id string, in dto.DeleteUserRequest) error
}
