package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Audit reads the audit log outside a transaction and removes what is old.
type Audit struct{ db *Database }

var (
	_ repositories.AuditReader  = (*Audit)(nil)
	_ repositories.ExpiredAudit = (*Audit)(nil)
)

// NewAudit returns the audit log of db.
func NewAudit(db *Database) *Audit { return &Audit{db} }

// Page goes by the ids, which are in the order of time.
func (r *Audit) Page(ctx context.Context, q repositories.AuditQuery) ([]models.AuditEntry, error) {
	before, ok := canonicalID(q.Before)
	if q.Before != "" && !ok {
		return nil, domain.ErrNotFound
	}
	user, ok := canonicalID(q.UserID)
	if q.UserID != "" && !ok || !storable(string(q.Action)) || q.Limit <= 0 {
		return nil, nil
	}
	var rows []auditRow
	err := r.db.read(ctx, "page of audit entries", func(db *gorm.DB) error {
		if before != "" {
			db = db.Where("id < ?", before)
		}
		if user != "" {
			db = db.Where("user_id = ?", user)
		}
		if q.Action != "" {
			db = db.Where("action = ?", string(q.Action))
		}
		return db.Order("id DESC").Limit(q.Limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	page := make([]models.AuditEntry, len(rows))
	for i := range rows {
		if page[i], err = rows[i].model(); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// DeleteAuditBefore passes over entries that another instance is deleting. The database refuses
// it for entries that are younger than half an hour.
func (r *Audit) DeleteAuditBefore(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = r.db.write(ctx, "delete old audit entries", func(db *gorm.DB) error {
		result := db.Exec(`DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < ?
			ORDER BY at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, stored(t), max(0, limit))
		deleted = result.RowsAffected
		return result.Error
	})
	return deleted, err
}

// audit is the audit log within a transaction.
type audit struct{ transaction }

// Append is one statement. Without a foreign key it does what one would do to find the user, and
// like one locks it only against deletion: log-ins of one account do not wait for each other.
func (r audit) Append(ctx context.Context, e models.AuditEntry) error {
	row, err := newAuditRow(e)
	if err != nil {
		return err
	}
	areThere := "TRUE"
	if row.UserID != nil {
		areThere += " AND EXISTS (SELECT 1 FROM owner)"
	}
	if row.ActorID != nil && e.ActorID != e.UserID {
		areThere += " AND EXISTS (SELECT 1 FROM users WHERE id = @actor)"
	}
	return r.run(ctx, "append audit entry", func(tx *gorm.DB) error {
		return tx.Exec(`WITH owner AS (SELECT id FROM users WHERE id = @user `+r.db.Dialect.ForKeyShare()+`)
			INSERT INTO audit_entries (id, action, user_id, actor_id, request_id, at, detail, ip, user_agent)
			VALUES (@id, @action, @user, @actor, @request, @at, @detail,
				CASE WHEN `+areThere+` THEN @ip ELSE '' END, CASE WHEN `+areThere+` THEN @agent ELSE '' END)`,
			map[string]any{
				"id": row.ID, "action": row.Action, "user": row.UserID, "actor": row.ActorID, "request": row.RequestID,
				"at": row.At, "detail": row.Detail, "ip": row.IP, "agent": row.UserAgent,
			}).Error
	})
}

// Forget asks two indexes, one statement each.
func (r audit) Forget(ctx context.Context, userID string) error {
	id, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	return r.run(ctx, "forget a person", func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE audit_entries SET ip = '', user_agent = '', detail = '{}' WHERE user_id = ?", id).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE audit_entries SET ip = '', user_agent = '' WHERE actor_id = ? AND actor_id <> user_id", id).Error
	})
}
