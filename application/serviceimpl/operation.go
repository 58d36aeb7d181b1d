package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// OperationDeps is all that Operation needs. Every field but Mails is required.
type OperationDeps struct {
	Administration *Administration
	Sessions       repositories.SessionPages
	Mails          *MailPromises // nil: no mail is sent
}

// Operation is what operators do through authctl and nobody does over HTTP.
type Operation struct{ OperationDeps }

// NewOperation returns an Operation on the given parts.
func NewOperation(d OperationDeps) *Operation { return &Operation{d} }

// SetPassword gives the user of the id a password and ends its sessions. It returns
// domain.ErrValidation and domain.ErrNotFound.
func (o *Operation) SetPassword(ctx context.Context, id, password string) (models.User, error) {
	a := o.Administration
	user, err := a.Users.ByID(ctx, id)
	if err != nil {
		return user, err
	}
	var f faults
	f.required("password", password)
	f.password("password", password, user.Username, user.Email)
	if err := f.err(); err != nil {
		return user, err
	}
	if err := checkBreached(ctx, a.Breaches, "password", password); err != nil {
		return user, err
	}
	hash, err := a.Hasher.Hash(ctx, password)
	if err != nil {
		return user, err
	}
	err = a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) (err error) {
		if user, err = r.Users.ForUpdate(ctx, id); err != nil {
			return err
		}
		user.PasswordHash, user.UpdatedAt = hash, a.Now()
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditPasswordChanged, user.ID, user.UpdatedAt, nil)); err != nil {
			return err
		}
		if err := r.Tokens.Delete(ctx, user.ID, models.MailReset); err != nil {
			return err
		}
		if err := r.Sessions.DeleteOfUser(ctx, user.ID, ""); err != nil {
			return err
		}
		return o.Mails.tell(ctx, r, models.MailPasswordChanged, user, nil)
	})
	return user, err
}

// VerifyEmail counts the e-mail address of the user of the id as verified. It returns
// domain.ErrNotFound.
func (o *Operation) VerifyEmail(ctx context.Context, id string) (user models.User, err error) {
	a := o.Administration
	err = a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if user, err = r.Users.ForUpdate(ctx, id); err != nil || user.EmailVerified {
			return err
		}
		user.EmailVerified, user.UpdatedAt = true, a.Now()
		if err := r.Users.Save(ctx, user); err != nil {
			return err
		}
		return r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditEmailVerified, user.ID, user.UpdatedAt, nil))
	})
	return user, err
}

// EndSessions ends every session of the user of the id. It returns domain.ErrNotFound.
func (o *Operation) EndSessions(ctx context.Context, id string) error {
	return o.Administration.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := r.Users.ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		return o.endOf(ctx, r, user.ID, o.Administration.Now())
	})
}

func (o *Operation) endOf(ctx context.Context, r repositories.Set, userID string, now time.Time) error {
	ended := entryOf(ctx, o.Administration.NewID(), models.AuditSessionsEnded, userID, now, nil)
	if err := r.Audit.Append(ctx, ended); err != nil {
		return err
	}
	return r.Sessions.DeleteOfUser(ctx, userID, "")
}

// endedAtOnce is how many sessions one look of EndAllSessions takes.
const endedAtOnce = 200

// EndAllSessions ends the sessions of all users and returns how many users had any. A session that
// begins after the call may stay.
func (o *Operation) EndAllSessions(ctx context.Context) (users int, err error) {
	now, after := o.Administration.Now(), ""
	for {
		live, err := o.Sessions.LiveAfter(ctx, after, now, endedAtOnce)
		if err != nil || len(live) == 0 {
			return users, err
		}
		after = live[len(live)-1].ID
		done := map[string]bool{}
		for _, s := range live {
			if done[s.UserID] {
				continue
			}
			done[s.UserID] = true
			err := o.EndSessions(ctx, s.UserID)
			if errors.Is(err, domain.ErrNotFound) { // deleted since, and its sessions with it
				continue
			}
			if err != nil {
				return users, err
			}
			users++
		}
	}
}
