package serviceimpl

import (
	"cmp"
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

// promise lets a mail be sent once the transaction of r has committed. The zero user is one that
// is not known.
func (p *MailPromises) promise(ctx context.Context, r repositories.Set, kind models.MailKind, u models.User, address string) error {
	if p == nil {
		return nil
	}
	return r.Mails.Append(ctx, p.mail(ctx, kind, u, address))
}

// mail returns a mail in the language of the request, else in the last one seen from the user.
func (p *MailPromises) mail(ctx context.Context, kind models.MailKind, u models.User, address string) models.Mail {
	return models.Mail{
		ID: p.newID(), Kind: kind, UserID: u.ID, To: models.NormalizeEmail(address),
		Language:  cmp.Or(contextutil.CallerOf(ctx).Language, u.Language, "en"),
		RequestID: contextutil.RequestID(ctx), CreatedAt: p.now(),
	}
}

// tell promises a notice to the address that u has: pass the user as it was before a change of
// address, and call tell after remove for a user that goes. A proved address gets it whatever its
// quota, so that a thief cannot use that up first; an unproved one gets it within the quota, which
// the sender charges. detail may be nil; see the keys of models.Mail.Detail.
func (p *MailPromises) tell(ctx context.Context, r repositories.Set, kind models.MailKind, u models.User, detail map[string]string) error {
	if p == nil {
		return nil
	}
	m := p.mail(ctx, kind, u, u.Email)
	m.Detail, m.Unproved = detail, !u.EmailVerified
	if kind == models.MailAccountDeleted || kind == models.MailDeletedByAdmin {
		m.UserID = "" // mails of a user go with it
	}
	return r.Mails.Append(ctx, m)
}

// verify promises the mail by which the user proves the address, unless it is proved.
func (p *MailPromises) verify(ctx context.Context, r repositories.Set, u models.User) error {
	if u.EmailVerified {
		return nil
	}
	return p.promise(ctx, r, models.MailVerify, u, u.Email)
}
