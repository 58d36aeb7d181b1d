package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// MailTokens is the tokens that were mailed, outside of transactions.
type MailTokens struct{ db *Database }

var (
	_ repositories.MailTokenReader   = (*MailTokens)(nil)
	_ repositories.ExpiredMailTokens = (*MailTokens)(nil)
)

// NewMailTokens returns the mailed tokens of db.
func NewMailTokens(db *Database) *MailTokens { return &MailTokens{db} }

// MailToken finds a token by its hash, in whose comparison there is nothing to be timed: who
// does not know the token cannot choose the hash.
func (r *MailTokens) MailToken(ctx context.Context, hash []byte) (models.MailToken, error) {
	var row mailTokenRow
	err := r.db.read(ctx, "mail token", func(db *gorm.DB) error { return db.Take(&row, "hash = ?", hash).Error })
	if err != nil {
		return models.MailToken{}, err
	}
	return row.model(), nil
}

// DeleteExpiredTokens passes over tokens that another instance is deleting.
func (r *MailTokens) DeleteExpiredTokens(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = r.db.write(ctx, "delete expired mail tokens", func(db *gorm.DB) error {
		result := db.Exec(`DELETE FROM mail_tokens WHERE hash IN (SELECT hash FROM mail_tokens WHERE expires_at < ?
			ORDER BY expires_at LIMIT ? `+r.db.Dialect.SkipLocked()+`)`, stored(t), max(0, limit))
		deleted = result.RowsAffected
		return result.Error
	})
	return deleted, err
}

// mailTokens is the mailed tokens within a transaction.
type mailTokens struct{ transaction }

func (r mailTokens) Put(ctx context.Context, t models.MailToken) error {
	if err := checkText(&t.Email); err != nil {
		return err
	}
	row := mailTokenRow{Hash: t.Hash, Purpose: string(t.Purpose), UserID: t.UserID, Email: t.Email, ExpiresAt: stored(t.ExpiresAt)}
	return r.run(ctx, "put mail token", func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "user_id"}, {Name: "purpose"}},
			DoUpdates: clause.AssignmentColumns([]string{"hash", "email", "expires_at"}),
		}).Create(&row).Error
	})
}

func (r mailTokens) ByHash(ctx context.Context, hash []byte) (models.MailToken, error) {
	var row mailTokenRow
	err := r.run(ctx, "mail token", func(tx *gorm.DB) error { return tx.Take(&row, "hash = ?", hash).Error })
	if err != nil {
		return models.MailToken{}, err
	}
	return row.model(), nil
}

func (r mailTokens) DeleteOfUser(ctx context.Context, userID string) error {
	id, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	return r.run(ctx, "delete mail tokens of user", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM mail_tokens WHERE user_id = ?", id).Error
	})
}

func (r mailTokens) Delete(ctx context.Context, userID string, purpose models.MailKind) error {
	id, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	return r.run(ctx, "delete mail token", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM mail_tokens WHERE user_id = ? AND purpose = ?", id, string(purpose)).Error
	})
}
