package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Sessions finds sessions outside a transaction and removes those that have expired.
type Sessions struct {
	db       *Database
	gatherer gatherer[models.Principal]
}

var (
	_ repositories.SessionReader   = (*Sessions)(nil)
	_ repositories.SessionLister   = (*Sessions)(nil)
	_ repositories.SessionPages    = (*Sessions)(nil)
	_ repositories.ExpiredSessions = (*Sessions)(nil)
)

// NewSessions returns the sessions of db. Make one for all: requests that come together
// share its queries.
func NewSessions(db *Database) *Sessions {
	r := &Sessions{db: db}
	r.gatherer.fetch = r.withUsers
	return r
}

// WithUser returns domain.ErrNotFound for what is no id, too.
func (r *Sessions) WithUser(ctx context.Context, sessionID string) (models.Principal, error) {
	id, ok := canonicalID(sessionID)
	if !ok {
		return models.Principal{}, domain.ErrNotFound
	}
	p, err := r.gatherer.get(ctx, id)
	return p, r.db.translate(ctx, "session with user", err)
}

// withUsers is the query that every authenticated request waits for, so it is scanned by
// hand, past GORM.
func (r *Sessions) withUsers(ctx context.Context, ids []string) (map[string]models.Principal, error) {
	found := make(map[string]models.Principal, len(ids))
	err := r.db.bounded(ctx, "sessions with users", func(ctx context.Context) error {
		pool, err := r.db.Read.DB()
		if err != nil {
			return err
		}
		query := `SELECT ` + sessionColumns + `, ` + userColumns + `
			FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id ` + r.db.Dialect.Among()
		return r.db.Dialect.Query(ctx, pool, query, ids, func(scan func(dest ...any) error) error {
			var (
				s sessionRow
				u userRow
			)
			if err := scan(append(s.dest(), u.dest()...)...); err != nil {
				return err
			}
			found[s.ID] = models.Principal{User: u.model(), Session: s.model()}
			return nil
		})
	})
	return found, err
}

// LiveOf returns none for what is no id.
func (r *Sessions) LiveOf(ctx context.Context, userID string, t time.Time) ([]models.Session, error) {
	user, ok := canonicalID(userID)
	if !ok {
		return nil, nil
	}
	var rows []sessionRow
	err := r.db.read(ctx, "live sessions", func(db *gorm.DB) error {
		return db.Where("user_id = ? AND expires_at > ?", user, stored(t)).Order("created_at DESC, id DESC").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return sessionModels(rows), nil
}

// DeleteExpired passes over sessions that another instance is deleting.
func (r *Sessions) DeleteExpired(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = r.db.write(ctx, "delete expired sessions", func(db *gorm.DB) error {
		result := db.Exec(`DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ?
			ORDER BY expires_at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, stored(t), max(0, limit))
		deleted = result.RowsAffected
		return result.Error
	})
	return deleted, err
}

// sessions is the sessions within a transaction.
type sessions struct{ transaction }

func (r sessions) Create(ctx context.Context, s models.Session, t models.RefreshToken) error {
	session, token := newSessionRow(s), newRefreshTokenRow(t)
	r.changed(session.model(), false)
	return r.run(ctx, "create session", func(tx *gorm.DB) error {
		if err := tx.Create(&session).Error; err != nil {
			return err
		}
		return tx.Create(&token).Error
	})
}

func (r sessions) ByID(ctx context.Context, sessionID string) (models.Session, error) {
	id, ok := canonicalID(sessionID)
	if !ok {
		return models.Session{}, domain.ErrNotFound
	}
	var row sessionRow
	err := r.run(ctx, "session", func(tx *gorm.DB) error { return tx.Take(&row, "id = ?", id).Error })
	if err != nil {
		return models.Session{}, err
	}
	return row.model(), nil
}

func (r sessions) Delete(ctx context.Context, sessionID string) error {
	id, ok := canonicalID(sessionID)
	if !ok {
		return nil
	}
	return r.end(ctx, "delete session", "id = ?", id)
}

func (r sessions) DeleteOfUser(ctx context.Context, userID, keep string) error {
	user, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	const what = "delete sessions of user"
	if kept, ok := canonicalID(keep); ok {
		return r.end(ctx, what, "user_id = ? AND id <> ?", user, kept)
	}
	return r.end(ctx, what, "user_id = ?", user)
}

func (r sessions) DeleteByMethod(ctx context.Context, userID, method string) error {
	user, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	return r.end(ctx, "delete sessions by method", "user_id = ? AND method IN (?, '')", user, method)
}

// end deletes the sessions of which the condition holds.
func (r sessions) end(ctx context.Context, what, condition string, args ...any) error {
	var ended []struct{ ID, UserID string }
	err := r.run(ctx, what, func(tx *gorm.DB) error {
		return tx.Raw("DELETE FROM sessions WHERE "+condition+" RETURNING id, user_id", args...).Scan(&ended).Error
	})
	for _, s := range ended {
		r.changed(models.Session{ID: s.ID, UserID: s.UserID}, true)
	}
	return err
}

// changed notes what the transaction does to a session.
func (r sessions) changed(s models.Session, ended bool) {
	*r.changes = append(*r.changes, repositories.SessionChange{Session: s, Ended: ended})
}
