package serviceimpl

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/contextutil"
)

// MailPromises promises mails in the transactions that cause them. A nil one promises none:
// sending is off.
type MailPromises struct {
	now   func() time.Time
	newID func() string
}

// NewMailPromises returns MailPromises with the given clock and source of UUIDv7s.
func NewMailPromises(now func() time.Time, newID func() string) *MailPromises {
	return &MailPromises{now: now, newID: newID}
}

// promise lets a mail be sent once the transaction of r has committed, in the language of who
// made the request. userID is empty where it is not known whose the address is.
func (p *MailPromises) promise(ctx context.Context, r repositories.Set, kind models.MailKind, userID, address string) error {
	if p == nil {
		return nil
	}
	language := contextutil.CallerOf(ctx).Language
	if language == "" {
		language = "en"
	}
	return r.Mails.Append(ctx, models.Mail{
		ID: p.newID(), Kind: kind, UserID: userID, To: models.NormalizeEmail(address), Language: language,
		RequestID: contextutil.RequestID(ctx), CreatedAt: p.now(),
	})
}

// verify promises the mail by which the user proves the address, unless it is proved.
func (p *MailPromises) verify(ctx context.Context, r repositories.Set, u models.User) error {
	if u.EmailVerified {
		return nil
	}
	return p.promise(ctx, r, models.MailVerify, u.ID, u.Email)
}

// emailChanged promises the mails after a user has changed the address.
func (p *MailPromises) emailChanged(ctx context.Context, r repositories.Set, before, now models.User) error {
	if before.Email == now.Email {
		return nil
	}
	if err := p.promise(ctx, r, models.MailEmailChanged, now.ID, before.Email); err != nil {
		return err
	}
	return p.verify(ctx, r, now)
}
