package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// SessionListDeps is all that SessionList needs. Every field is required.
type SessionListDeps struct {
	Work  repositories.UnitOfWork
	Live  repositories.SessionLister
	Now   func() time.Time
	NewID func() string
}

// SessionList is what users do with their own sessions.
type SessionList struct{ SessionListDeps }

var _ services.SessionList = (*SessionList)(nil)

// NewSessionList returns a SessionList on the given parts.
func NewSessionList(d SessionListDeps) *SessionList { return &SessionList{d} }

// Sessions implements services.SessionList.
func (l *SessionList) Sessions(ctx context.Context, p models.Principal) ([]models.Session, error) {
	return l.Live.LiveOf(ctx, p.User.ID, l.Now())
}

// EndSession implements services.SessionList. The bearer's own session may be the one.
func (l *SessionList) EndSession(ctx context.Context, p models.Principal, sessionID string) error {
	return l.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if _, err := lock(ctx, r, p, false); err != nil {
			return err
		}
		session, err := r.Sessions.ByID(ctx, sessionID)
		switch {
		case err != nil:
			return err
		case session.UserID != p.User.ID:
			return domain.ErrNotFound.Because(errors.New("the session is somebody else's"))
		case !session.IsLive(l.Now()):
			return domain.ErrNotFound.Because(errors.New("the session is too old"))
		}
		if err := r.Audit.Append(ctx, entryOf(ctx, l.NewID(), models.AuditSessionEnded, p.User.ID, l.Now(), nil)); err != nil {
			return err
		}
		return r.Sessions.Delete(ctx, session.ID)
	})
}

// EndOtherSessions implements services.SessionList. Of two sessions that end each other, the one
// that comes first stays.
func (l *SessionList) EndOtherSessions(ctx context.Context, p models.Principal) error {
	return l.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		if _, err := lock(ctx, r, p, false); err != nil {
			return err
		}
		if err := r.Audit.Append(ctx, entryOf(ctx, l.NewID(), models.AuditSessionsEnded, p.User.ID, l.Now(), nil)); err != nil {
			return err
		}
		return r.Sessions.DeleteOfUser(ctx, p.User.ID, p.Session.ID)
	})
}
