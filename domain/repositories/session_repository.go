package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// SessionReader finds sessions outside a transaction.
type SessionReader interface {
	// WithUser returns the session and its user in one query, or domain.ErrNotFound.
	WithUser(ctx context.Context, sessionID string) (models.Principal, error)
}

// SessionLister lists sessions outside a transaction.
type SessionLister interface {
	// LiveOf returns the sessions of the user that have not expired at t, the newest first.
	LiveOf(ctx context.Context, userID string, t time.Time) ([]models.Session, error)
}

// SessionChange is what a unit of work has done to a session.
type SessionChange struct {
	Session models.Session // of one that has ended, only ID and UserID
	Ended   bool           // else it has begun or been refreshed
}

// SessionPages reads the sessions of all users, for whoever keeps a copy of them.
type SessionPages interface {
	// LiveAfter returns up to limit sessions that have not expired at t, in the order of their ids,
	// behind the id after, which may be empty.
	LiveAfter(ctx context.Context, after string, t time.Time, limit int) ([]models.Session, error)
	// LiveAmong returns which of the ids are of sessions that have not expired at t.
	LiveAmong(ctx context.Context, ids []string, t time.Time) ([]string, error)
}

// Sessions is the sessions within a transaction.
type Sessions interface {
	// Create stores a session with its first refresh token. It returns domain.ErrNotFound where
	// the user is gone.
	Create(ctx context.Context, s models.Session, t models.RefreshToken) error
	// ByID returns a session that has not ended, or domain.ErrNotFound.
	ByID(ctx context.Context, sessionID string) (models.Session, error)
	// ByRefreshToken returns what the token with the hash stands for, or domain.ErrNotFound. Of the
	// successor it returns Hash and UsedAt. The session is locked until the transaction ends.
	ByRefreshToken(ctx context.Context, hash []byte) (models.Refresh, error)
	// Rotate stores the successor of an unused token in the session, which ByRefreshToken has
	// locked. The token and the session count as used from then on, and the token keeps the salt.
	Rotate(ctx context.Context, s models.Session, salt []byte, successor models.RefreshToken) error
	// Delete ends one session; one that is not there has ended already.
	Delete(ctx context.Context, sessionID string) error
	// DeleteOfUser ends every session of the user but the one with the id keep, which may be empty.
	DeleteOfUser(ctx context.Context, userID, keep string) error
	// DeleteByMethod ends the sessions of the user that began by the method, and those of which
	// the method was not recorded.
	DeleteByMethod(ctx context.Context, userID, method string) error
}

// ExpiredSessions removes what has outlived itself.
type ExpiredSessions interface {
	// DeleteExpired removes up to limit sessions that expired before t and returns how many.
	DeleteExpired(ctx context.Context, t time.Time, limit int) (int64, error)
}
