package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Registrations is the pending registrations outside of transactions.
type Registrations struct{ db *Database }

var (
	_ repositories.RegistrationReader   = (*Registrations)(nil)
	_ repositories.ExpiredRegistrations = (*Registrations)(nil)
)

// NewRegistrations returns the pending registrations of db.
func NewRegistrations(db *Database) *Registrations { return &Registrations{db} }

// RegistrationByToken compares hashes, so its time tells nothing of the token.
func (r *Registrations) RegistrationByToken(ctx context.Context, hash []byte) (models.Registration, error) {
	var row registrationRow
	err := r.db.read(ctx, "registration by token", func(db *gorm.DB) error { return db.Take(&row, "token = ?", hash).Error })
	if err != nil {
		return models.Registration{}, err
	}
	return row.model(), nil
}

// DeleteExpiredRegistrations passes over those that another instance is deleting.
func (r *Registrations) DeleteExpiredRegistrations(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = r.db.write(ctx, "delete expired registrations", func(db *gorm.DB) error {
		result := db.Exec(`DELETE FROM pending_registrations WHERE id IN (SELECT id FROM pending_registrations WHERE expires_at < ?
			ORDER BY expires_at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, stored(t), max(0, limit))
		deleted = result.RowsAffected
		return result.Error
	})
	return deleted, err
}

// registrations is the pending registrations within a transaction.
type registrations struct{ transaction }

func (r registrations) Create(ctx context.Context, g models.Registration, keep int) error {
	if err := checkText(&g.Email, &g.Username, g.DisplayName); err != nil {
		return err
	}
	row := newRegistrationRow(g)
	return r.run(ctx, "create registration", func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM pending_registrations WHERE email = ? AND id NOT IN
			(SELECT id FROM pending_registrations WHERE email = ? ORDER BY id DESC LIMIT ?)`, row.Email, row.Email, keep).Error
	})
}

func (r registrations) SetToken(ctx context.Context, id string, hash []byte, now time.Time) error {
	return r.one(ctx, "set token of registration", id, "UPDATE pending_registrations SET token = ? WHERE expires_at > ? AND id = ?", hash, stored(now))
}

func (r registrations) Take(ctx context.Context, id string) error {
	return r.one(ctx, "take registration", id, "DELETE FROM pending_registrations WHERE id = ?")
}

// one runs a statement whose last parameter is the id, and which affects one row.
func (r registrations) one(ctx context.Context, what, id, statement string, args ...any) error {
	id, ok := canonicalID(id)
	if !ok {
		return domain.ErrNotFound
	}
	return r.run(ctx, what, func(tx *gorm.DB) error {
		result := tx.Exec(statement, append(args, id)...)
		if result.Error == nil && result.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return result.Error
	})
}

func (r registrations) DeleteTo(ctx context.Context, email string) error {
	if !storable(email) {
		return nil
	}
	return r.run(ctx, "delete registrations of an address", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM pending_registrations WHERE email = ?", email).Error
	})
}

// registrationRow is a row of pending_registrations, but for its token.
type registrationRow struct {
	ID          string `gorm:"primaryKey"`
	Email       string
	Username    string
	Password    *string
	DisplayName *string
	Ticket      []byte
	Language    string
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt   time.Time
}

func (registrationRow) TableName() string { return "pending_registrations" }

func newRegistrationRow(g models.Registration) registrationRow {
	row := registrationRow{
		ID: g.ID, Email: g.Email, Username: g.Username, DisplayName: g.DisplayName, Ticket: g.TicketHash, Language: g.Language,
		CreatedAt: stored(g.CreatedAt), ExpiresAt: stored(g.ExpiresAt),
	}
	if g.PasswordHash != "" {
		row.Password = &g.PasswordHash
	}
	return row
}

func (r *registrationRow) model() models.Registration {
	g := models.Registration{
		ID: r.ID, Email: r.Email, Username: r.Username, DisplayName: r.DisplayName, TicketHash: r.Ticket, Language: r.Language,
		CreatedAt: stored(r.CreatedAt), ExpiresAt: stored(r.ExpiresAt),
	}
	if r.Password != nil {
		g.PasswordHash = *r.Password
	}
	return g
}
