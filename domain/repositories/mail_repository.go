package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Mails is the mails within a transaction: what is promised commits with what promises it.
type Mails interface {
	// Append stores a mail that is to be sent, and returns domain.ErrNotFound where its user is
	// gone. Mails of a user go with it.
	Append(ctx context.Context, m models.Mail) error
	// DeleteTo removes the mails to an address that wait, whoever's.
	DeleteTo(ctx context.Context, address string) error
}

// MailQueue is the mails as who sends them sees them. Several instances may send: each mail is
// one's at a time, and of the mails to one address the oldest comes first, since of the tokens
// in them the newest alone is good.
type MailQueue interface {
	// Claim returns up to limit mails whose time has come and that are nobody's, and makes them
	// the caller's for the given time, by the database's clock. Each counts as an attempt.
	Claim(ctx context.Context, hold time.Duration, limit int) ([]models.Mail, error)
	// Done removes a mail, sent or pointless.
	Done(ctx context.Context, id string) error
	// Retry gives up a claimed mail, with its refusals, until the given time has passed. Where somebody else has
	// claimed it meanwhile, nothing happens.
	Retry(ctx context.Context, m models.Mail, in time.Duration) error
	// Unsent returns how many mails wait and when the oldest was made (the zero time where none).
	Unsent(ctx context.Context) (pending int64, oldest time.Time, err error)
}

// MailTokenReader finds tokens outside a transaction.
type MailTokenReader interface {
	// MailToken returns a token, expired or not, or domain.ErrNotFound.
	MailToken(ctx context.Context, hash []byte) (models.MailToken, error)
}

// MailTokens is the tokens that were mailed, within a transaction. Who uses them has locked
// their user before.
type MailTokens interface {
	// Put stores a token in place of the user's one of the same purpose, or returns
	// domain.ErrNotFound where the user is gone.
	Put(ctx context.Context, t models.MailToken) error
	// ByHash returns a token, expired or not, or domain.ErrNotFound.
	ByHash(ctx context.Context, hash []byte) (models.MailToken, error)
	// DeleteOfUser removes the user's tokens of every purpose.
	DeleteOfUser(ctx context.Context, userID string) error
	// Delete removes the user's token of one purpose.
	Delete(ctx context.Context, userID string, purpose models.MailKind) error
}

// ExpiredMailTokens removes what has outlived itself.
type ExpiredMailTokens interface {
	// DeleteExpiredTokens removes up to limit tokens that expired before t and returns how many.
	DeleteExpiredTokens(ctx context.Context, t time.Time, limit int) (int64, error)
}
