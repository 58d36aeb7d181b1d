package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Registrations is the pending registrations within a transaction.
type Registrations interface {
	// Create stores a registration and removes all but the newest keep of its address. Their mails
	// go with them.
	Create(ctx context.Context, g models.Registration, keep int) error
	// SetToken stores the hash of the token that proves the address, in place of an older one. It
	// returns domain.ErrNotFound where the registration is gone or has expired at that time.
	SetToken(ctx context.Context, id string, hash []byte, now time.Time) error
	// Take removes a registration, or returns domain.ErrNotFound: of many at once one takes it.
	Take(ctx context.Context, id string) error
	// DeleteTo removes all registrations of an address.
	DeleteTo(ctx context.Context, email string) error
}

// RegistrationReader finds pending registrations outside a transaction.
type RegistrationReader interface {
	// RegistrationByToken returns a registration, expired or not, or domain.ErrNotFound.
	RegistrationByToken(ctx context.Context, hash []byte) (models.Registration, error)
}

// ExpiredRegistrations removes registrations that were not completed.
type ExpiredRegistrations interface {
	// DeleteExpiredRegistrations removes up to limit that expired before t and returns how many.
	DeleteExpiredRegistrations(ctx context.Context, t time.Time, limit int) (int64, error)
}
