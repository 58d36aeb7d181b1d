package serviceimpl

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

// MailPromises promises mails in the transactions that cause them. A nil one promises none:
// sending is off.
type MailPromises struct {
	limiter services.RateLimiter
	now     func() time.Time
	newID   func() string
}

// NewMailPromises returns MailPromises with the given clock and source of UUIDv7s.
func NewMailPromises(limiter services.RateLimiter, now func() time.Time, newID func() string) *MailPromises {
	return &MailPromises{limiter: limiter, now: now, newID: newID}
}

// mailLimit is how many mails go to one address: nobody can have somebody else's mailbox filled.
var mailLimit = services.Limit{Name: "mail", Burst: 5, Per: time.Hour}

// count counts a mail to the address. It returns domain.ErrRateLimited if there were too many. It
// may ask another server, so it comes before a transaction.
func (p *MailPromises) count(ctx context.Context, address string) error {
	if p == nil {
		return nil
	}
	return mailLimit.Exceeded(p.limiter.Take(ctx, mailLimit, models.NormalizeEmail(address)))
}

// hasRoom is count for a mail that nobody asked for by itself: what causes it goes on without.
func (p *MailPromises) hasRoom(ctx context.Context, address string) bool {
	return p != nil && p.count(ctx, address) == nil
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

// mailRoom says which mails of a change of address may be sent.
type mailRoom struct{ before, now bool }

// roomToChange counts the mails of a change of address. Who has proved the old address hears of
// the change in any case: else a thief would have its mailbox filled first.
func (p *MailPromises) roomToChange(ctx context.Context, before models.User, address string) mailRoom {
	return mailRoom{before: before.EmailVerified || p.hasRoom(ctx, before.Email), now: p.hasRoom(ctx, address)}
}

// emailChanged promises the mails after a user has changed the address.
func (p *MailPromises) emailChanged(ctx context.Context, r repositories.Set, before, now models.User, room mailRoom) error {
	if before.Email == now.Email {
		return nil
	}
	if room.before {
		if err := p.promise(ctx, r, models.MailEmailChanged, now.ID, before.Email); err != nil {
			return err
		}
	}
	if !room.now {
		return nil
	}
	return p.verify(ctx, r, now)
}
