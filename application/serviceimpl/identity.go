package serviceimpl

import (
	"context"
	"errors"
	"slices"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/contextutil"
)

// What every way of making, changing and removing a user has in common, so that each makes
// exactly one right event or none.

// eventOf returns the user's next event, with the request that caused it.
func eventOf(ctx context.Context, u *models.User, id string, action models.Action, at time.Time) models.OutboxEvent {
	return u.Event(id, action, contextutil.RequestID(ctx), at)
}

// checkFree tells a taken e-mail address or username before a password is hashed for
// nothing. The database has the last word: two requests may both find a name free.
func checkFree(ctx context.Context, users repositories.UserReader, email, username string) error {
	if _, err := users.ByEmail(ctx, email); !errors.Is(err, domain.ErrNotFound) {
		return errOr(err, domain.ErrEmailTaken)
	}
	if _, err := users.ByUsername(ctx, username); !errors.Is(err, domain.ErrNotFound) {
		return errOr(err, domain.ErrUsernameTaken)
	}
	return nil
}

func errOr(err error, otherwise *domain.Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// identityChange is the fields that a user and an admin may both change.
type identityChange struct {
	email, username, displayName, avatar dto.Optional[string]
}

// changesEmail reports whether the change would give u another e-mail address.
func (c identityChange) changesEmail(u models.User) bool {
	return c.email.Present && models.NormalizeEmail(c.email.Value) != u.Email
}

// checkFree tells that the e-mail address or the username that u is to have is somebody else's.
func (c identityChange) checkFree(ctx context.Context, users repositories.UserReader, u models.User) error {
	for _, wanted := range []struct {
		field dto.Optional[string]
		find  func(context.Context, string) (models.User, error)
		taken *domain.Error
	}{{c.email, users.ByEmail, domain.ErrEmailTaken}, {c.username, users.ByUsername, domain.ErrUsernameTaken}} {
		if !wanted.field.Present {
			continue
		}
		switch other, err := wanted.find(ctx, wanted.field.Value); {
		case errors.Is(err, domain.ErrNotFound):
		case err != nil:
			return err
		case other.ID != u.ID:
			return wanted.taken
		}
	}
	return nil
}

// save applies the change to a locked user and writes it, with an event if the e-mail
// address or the username changed; otherChange says that the user differs in something else.
// Where nothing changes, nothing is written.
func (c identityChange) save(ctx context.Context, r repositories.Set, u *models.User, eventID string, now time.Time, otherChange bool) error {
	identity, email := false, u.Email
	if c.email.Present {
		identity = u.SetEmail(c.email.Value)
	}
	if c.username.Present {
		identity = u.SetUsername(c.username.Value) || identity
	}
	profile := otherChange
	if c.displayName.Present {
		profile = setField(&u.DisplayName, c.displayName.Pointer()) || profile
	}
	if c.avatar.Present {
		profile = setField(&u.Avatar, c.avatar.Pointer()) || profile
	}
	if !identity && !profile {
		return nil
	}
	u.UpdatedAt = now
	if !identity {
		return r.Users.Save(ctx, *u)
	}
	updated := eventOf(ctx, u, eventID, models.ActionUpdated, now)
	if err := r.Users.Save(ctx, *u); err != nil {
		return err
	}
	if u.Email != email { // what was mailed to the old address dies with it
		if err := r.Tokens.DeleteOfUser(ctx, u.ID); err != nil {
			return err
		}
	}
	return r.Outbox.Append(ctx, updated)
}

// emailAwaited tells of the address that now waits for its proof, or of none that does any more.
// room says whether the new address may be sent a mail.
func emailAwaited(ctx context.Context, r repositories.Set, mails *MailPromises, user models.User, room bool, newID func() string, now time.Time) error {
	if err := r.Tokens.Delete(ctx, user.ID, models.MailVerifyPending); err != nil {
		return err
	}
	if user.PendingEmail == nil {
		return nil
	}
	if err := r.Audit.Append(ctx, entryOf(ctx, newID(), models.AuditEmailAwaited, user.ID, now, nil)); err != nil {
		return err
	}
	if user.EmailVerified {
		if err := mails.tell(ctx, r, models.MailEmailChangeStarted, user, nil); err != nil {
			return err
		}
	}
	if !room {
		return nil
	}
	return mails.promise(ctx, r, models.MailVerifyPending, user, user.PendingEmail.Address)
}

// setField puts value into field and reports whether that is a change.
func setField(field **string, value *string) (changed bool) {
	same := sameText(*field, value)
	*field = value
	return !same
}

func sameText(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// remove deletes a locked user with the event that says so, and leaves nothing of the person in
// the audit log. activeAdmins are the ids that LockActiveAdmins returned.
func remove(ctx context.Context, r repositories.Set, u models.User, activeAdmins []string, newID func() string, now time.Time) error {
	if isLastAdmin(u, activeAdmins) {
		return domain.ErrLastAdmin
	}
	deleted := eventOf(ctx, &u, newID(), models.ActionDeleted, now)
	if err := r.Users.Delete(ctx, u.ID); err != nil {
		return err
	}
	if err := r.Audit.Forget(ctx, u.ID); err != nil {
		return err
	}
	if err := r.Audit.Append(ctx, entryOf(ctx, newID(), models.AuditUserDeleted, u.ID, now, nil)); err != nil {
		return err
	}
	if err := r.Mails.DeleteTo(ctx, u.Email); err != nil { // those that name the user go with it anyhow
		return err
	}
	return r.Outbox.Append(ctx, deleted)
}

func isLastAdmin(u models.User, activeAdmins []string) bool {
	return u.IsActiveAdmin() && !slices.ContainsFunc(activeAdmins, func(id string) bool { return id != u.ID })
}
