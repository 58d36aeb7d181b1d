package repositories

import (
	"context"

	"gofiber-auth/domain/models"
)

// UserReader finds users outside a transaction.
type UserReader interface {
	// ByID, ByEmail and ByUsername return domain.ErrNotFound where there is no such user.
	// The latter two compare without regard to case.
	ByID(ctx context.Context, id string) (models.User, error)
	ByEmail(ctx context.Context, email string) (models.User, error)
	ByUsername(ctx context.Context, username string) (models.User, error)
	// Page returns up to q.Limit users in the order of their ids, or domain.ErrNotFound where
	// q.After is no id.
	Page(ctx context.Context, q UserQuery) ([]models.User, error)
}

// UserQuery chooses a page of users.
type UserQuery struct {
	After  string // the id that the page begins after; empty is the beginning
	Prefix string // of the e-mail address or username, in any case; empty is all
	Limit  int
}

// Users is the users within a transaction.
type Users interface {
	// Create returns domain.ErrEmailTaken or domain.ErrUsernameTaken, and domain.ErrValidation
	// for text that no database holds.
	Create(ctx context.Context, u models.User) error
	// ForUpdate returns the user and locks it until the transaction ends, or domain.ErrNotFound.
	ForUpdate(ctx context.Context, id string) (models.User, error)
	// Save writes every field of a user that ForUpdate returned. It returns what Create does,
	// and domain.ErrNotFound.
	Save(ctx context.Context, u models.User) error
	// Delete removes a user and all that belongs to it, or returns domain.ErrNotFound.
	Delete(ctx context.Context, id string) error
	// LockActiveAdmins locks every active admin until the transaction ends and returns their
	// ids, so that of two transactions that would each remove one of the last two, the second
	// sees what the first did. Call it before ForUpdate.
	LockActiveAdmins(ctx context.Context) ([]string, error)
}
