package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain/models"
)

// ByRefreshToken locks the session in a statement of its own: what a statement that waits for a
// lock reads beside the locked row is as old as the statement, and of two that bring one token
// the second would not see that the first has used it.
func (r sessions) ByRefreshToken(ctx context.Context, hash []byte) (models.Refresh, error) {
	var (
		s     sessionRow
		token refreshTokenRow
		used  bool
		u     userRow
	)
	err := r.run(ctx, "session of refresh token", func(tx *gorm.DB) error {
		err := one(tx.Raw(`SELECT `+sessionColumns+` FROM sessions s
			WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = ?) `+r.db.Dialect.ForUpdate(), hash), &s)
		if err != nil {
			return err
		}
		dest := append([]any{&token.Hash, &token.SessionID, &token.Parent, &token.CreatedAt, &token.UsedAt, &token.Salt, &used}, u.dest()...)
		return tx.Raw(`SELECT t.hash, t.session_id, t.parent, t.created_at, t.used_at, t.successor_salt,
				EXISTS (SELECT 1 FROM refresh_tokens next WHERE next.parent = t.hash AND next.used_at IS NOT NULL),
				`+userColumns+`
			FROM refresh_tokens t CROSS JOIN users u WHERE t.hash = ? AND u.id = ?`, hash, s.UserID).Row().Scan(dest...)
	})
	if err != nil {
		return models.Refresh{}, err
	}
	return models.Refresh{
		Principal: models.Principal{User: u.model(), Session: s.model()}, Token: token.model(), SuccessorUsed: used,
	}, nil
}

func (r sessions) Rotate(ctx context.Context, s models.Session, successor models.RefreshToken) error {
	row := newRefreshTokenRow(successor)
	s.LastUsedAt = row.CreatedAt
	r.changed(s, false)
	return r.run(ctx, "rotate refresh token", func(tx *gorm.DB) error {
		err := tx.Exec("UPDATE refresh_tokens SET used_at = ? WHERE hash = ? AND used_at IS NULL", row.CreatedAt, row.Parent).Error
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE sessions SET last_used_at = ? WHERE id = ?", row.CreatedAt, s.ID).Error
	})
}
