package postgres

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Mails is the mails that wait to be sent.
type Mails struct{ db *Database }

var _ repositories.MailQueue = (*Mails)(nil)

// NewMails returns the mails of db.
func NewMails(db *Database) *Mails { return &Mails{db} }

// ClaimMailsQuery finds what Mails.Claim claims: no mail for whose address an older one waits.
const ClaimMailsQuery = "SELECT " + mailColumns + ` FROM mails m
	WHERE m.due_at <= ? AND NOT EXISTS (SELECT 1 FROM mails o WHERE o.recipient = m.recipient AND o.id < m.id)
	ORDER BY m.due_at, m.id LIMIT ? `

// Claim passes over mails that another instance is claiming.
func (r *Mails) Claim(ctx context.Context, hold time.Duration, limit int) ([]models.Mail, error) {
	var rows []mailRow
	err := r.db.write(ctx, "claim mails", func(db *gorm.DB) error {
		return r.db.plannedAnew(db, func(tx *gorm.DB) error {
			rows = nil
			err := tx.Raw(ClaimMailsQuery+r.db.Dialect.SkipLocked(), r.db.Dialect.After(0), max(0, limit)).Scan(&rows).Error
			if err != nil || len(rows) == 0 {
				return err
			}
			ids := make([]string, len(rows))
			for i := range rows {
				ids[i] = rows[i].ID
			}
			return tx.Exec("UPDATE mails SET attempts = attempts + 1, due_at = ? WHERE id IN ?", r.db.Dialect.After(hold), ids).Error
		})
	})
	if err != nil {
		return nil, err
	}
	mails := make([]models.Mail, len(rows))
	for i := range rows {
		mails[i] = rows[i].model()
		mails[i].Attempts++
	}
	return mails, nil
}

// Done removes a mail.
func (r *Mails) Done(ctx context.Context, id string) error {
	id, ok := canonicalID(id)
	if !ok {
		return nil
	}
	return r.db.write(ctx, "remove mail", func(db *gorm.DB) error { return db.Exec("DELETE FROM mails WHERE id = ?", id).Error })
}

// Retry goes by the number of attempts: with the next, the mail is somebody else's.
func (r *Mails) Retry(ctx context.Context, m models.Mail, in time.Duration) error {
	id, ok := canonicalID(m.ID)
	if !ok {
		return nil
	}
	return r.db.write(ctx, "retry mail", func(db *gorm.DB) error {
		return db.Exec("UPDATE mails SET due_at = ?, refusals = ? WHERE id = ? AND attempts = ?",
			r.db.Dialect.After(in), m.Refusals, id, m.Attempts).Error
	})
}

// Unsent goes by the ids of mails, which are in the order of time.
func (r *Mails) Unsent(ctx context.Context) (pending int64, oldest time.Time, err error) {
	var row struct {
		CreatedAt time.Time
		Pending   int64
	}
	err = r.db.read(ctx, "waiting mails", func(db *gorm.DB) error {
		return db.Raw("SELECT created_at, (SELECT count(*) FROM mails) AS pending FROM mails ORDER BY id LIMIT 1").Scan(&row).Error
	})
	if err != nil || row.Pending == 0 {
		return 0, time.Time{}, err
	}
	return row.Pending, stored(row.CreatedAt), nil
}

// mails is the mails within a transaction.
type mails struct {
	transaction

	appended *int
}

func (r mails) Append(ctx context.Context, m models.Mail) error {
	row := map[string]any{
		"id": m.ID, "kind": string(m.Kind), "user_id": nil, "recipient": m.To, "language": m.Language,
		"request_id": cleanText(m.RequestID), "created_at": stored(m.CreatedAt), "attempts": m.Attempts, "refusals": m.Refusals,
		"due_at": r.db.Dialect.After(0), "unproved": m.Unproved,
	}
	if m.UserID != "" {
		row["user_id"] = m.UserID
	}
	if m.RegistrationID != "" {
		row["registration_id"] = m.RegistrationID
	}
	if len(m.Detail) > 0 {
		detail, err := json.Marshal(m.Detail)
		if err != nil {
			return err
		}
		row["detail"] = cleanText(string(detail))
	}
	if err := checkText(&m.To); err != nil {
		return err
	}
	err := r.run(ctx, "append mail", func(tx *gorm.DB) error { return tx.Table("mails").Create(row).Error })
	if err == nil {
		*r.appended++
	}
	return err
}

func (r mails) DeleteTo(ctx context.Context, address string) error {
	if !storable(address) {
		return nil
	}
	return r.run(ctx, "delete mails to an address", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM mails WHERE recipient = ?", address).Error
	})
}
