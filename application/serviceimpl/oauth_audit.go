package serviceimpl

import (
	"context"
	"errors"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// failed writes down who was not let in.
func (o *OAuth) failed() failedLogIns { return failedLogIns{o.Work, o.Now, o.NewID} }

// entriesOf returns what the audit log gets to know of a log-in to an account that was there.
func (o *OAuth) entriesOf(ctx context.Context, m match, identity models.ExternalIdentity) (entries []models.AuditEntry) {
	tell := func(action models.AuditAction, detail map[string]string) {
		entries = append(entries, oneselfOf(ctx, o.NewID(), action, m.user.ID, o.Now(), detail))
	}
	if m.standing == takesOver {
		tell(models.AuditHandedOver, providerOf(identity.Provider))
	}
	if m.standing != isLinked {
		tell(models.AuditLinked, providerOf(identity.Provider))
	}
	tell(models.AuditLoggedIn, methodOf(identity.Provider))
	return entries
}

// endReplayed ends the session that a code made which has come again. The audit log tells it of
// the account that the code let somebody into: nobody's, where the first who brought it has not
// got in.
func (o *OAuth) endReplayed(ctx context.Context, code oauthCode) error {
	linked, err := o.Identities.BySubject(ctx, code.Identity.Provider, code.Identity.Subject)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	return o.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		reused := entryOf(ctx, o.NewID(), models.AuditCodeReused, linked.UserID, o.Now(), providerOf(code.Identity.Provider))
		if err := r.Audit.Append(ctx, reused); err != nil {
			return err
		}
		return r.Sessions.Delete(ctx, code.SessionID)
	})
}
