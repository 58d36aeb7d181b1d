package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Mails is the mails within a transaction: what is promised commits with what promises it.
type Mails interface {
	// Append stores a mail that is to be sent.
	Append(ctx context.Context, m models.Mail) error
}

// MailQueue is the mails as who sends them sees them. Several instances may send: each mail is
// one's at a time.
type MailQueue interface {
	// Claim returns up to limit mails whose time has come and that are nobody's, and makes them
	// the caller's until the given time.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]models.Mail, error)
	// Sent removes a mail.
	Sent(ctx context.Context, id string) error
	// Failed notes a failed attempt and when the next is due.
	Failed(ctx context.Context, id string, attempts int, due time.Time) error
	// Waiting returns how many mails wait and when the oldest was made (the zero time where none).
	Waiting(ctx context.Context) (pending int64, oldest time.Time, err error)
}

// MailTokens is the tokens that were mailed, within a transaction.
type MailTokens interface {
	// Put stores a token in place of the user's one of the same purpose, or returns
	// domain.ErrNotFound where the user is gone.
	Put(ctx context.Context, t models.MailToken) error
	// ByHash returns a token, or domain.ErrNotFound.
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
