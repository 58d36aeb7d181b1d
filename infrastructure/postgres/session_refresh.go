package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain/models"
)

// ByRefreshToken locks the session in a statement of its own. A statement that waits for a lock
// reads the other rows as of its beginning: the second of two that present one token would not
// see that the first has used it.
//
// Tokens that were rotated before successors were derived may have several: a used one comes first.
func (r sessions) ByRefreshToken(ctx context.Context, hash []byte) (models.Refresh, error) {
	var (
		s         sessionRow
		token     refreshTokenRow
		successor refreshTokenRow
		u         userRow
	)
	err := r.run(ctx, "session of refresh token", func(tx *gorm.DB) error {
		err := one(tx.Raw(`SELECT `+sessionColumns+` FROM sessions s
			WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = ?) `+r.db.Dialect.ForUpdate(), hash), &s)
		if err != nil {
			return err
		}
		dest := append([]any{
			&token.Hash, &token.SessionID, &token.Parent, &token.CreatedAt, &token.UsedAt, &token.Salt, &successor.Hash, &successor.UsedAt,
		}, u.dest()...)
		return tx.Raw(`SELECT t.hash, t.session_id, t.parent, t.created_at, t.used_at, t.successor_salt, next.hash, next.used_at,
				`+userColumns+`
			FROM refresh_tokens t CROSS JOIN users u LEFT JOIN refresh_tokens next ON next.parent = t.hash
			WHERE t.hash = ? AND u.id = ? ORDER BY next.used_at IS NULL LIMIT 1`, hash, s.UserID).Row().Scan(dest...)
	})
	if err != nil {
		return models.Refresh{}, err
	}
	return models.Refresh{
		Principal: models.Principal{User: u.model(), Session: s.model()}, Token: token.model(),
		Successor: models.RefreshToken{Hash: successor.Hash, UsedAt: storedPointer(successor.UsedAt)},
	}, nil
}

func (r sessions) Rotate(ctx context.Context, s models.Session, salt []byte, successor models.RefreshToken) error {
	row := newRefreshTokenRow(successor)
	s.LastUsedAt = row.CreatedAt
	r.changed(s, false)
	return r.run(ctx, "rotate refresh token", func(tx *gorm.DB) error {
		err := tx.Exec("UPDATE refresh_tokens SET used_at = ?, successor_salt = ? WHERE hash = ?", row.CreatedAt, salt, row.Parent).Error
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE sessions SET last_used_at = ? WHERE id = ?", row.CreatedAt, s.ID).Error
	})
}
