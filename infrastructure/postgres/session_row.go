package postgres

import (
	"time"

	"gofiber-auth/domain/models"
)

// sessionRow is a row of sessions.
type sessionRow struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	UserAgent  string
	IP         string    `gorm:"column:ip"`
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

func (sessionRow) TableName() string { return "sessions" }

func newSessionRow(s models.Session) sessionRow {
	return sessionRow{
		ID: s.ID, UserID: s.UserID, UserAgent: cleanText(s.UserAgent), IP: cleanText(s.IP),
		CreatedAt: stored(s.CreatedAt), LastUsedAt: stored(s.LastUsedAt), ExpiresAt: stored(s.ExpiresAt),
	}
}

func (r *sessionRow) model() models.Session {
	return models.Session{
		ID: r.ID, UserID: r.UserID, UserAgent: r.UserAgent, IP: r.IP,
		CreatedAt: stored(r.CreatedAt), LastUsedAt: stored(r.LastUsedAt), ExpiresAt: stored(r.ExpiresAt),
	}
}

// refreshTokenRow is a row of refresh_tokens.
type refreshTokenRow struct {
	Hash      []byte `gorm:"primaryKey"`
	SessionID string
	Parent    []byte
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	UsedAt    *time.Time
}

func (refreshTokenRow) TableName() string { return "refresh_tokens" }

func newRefreshTokenRow(t models.RefreshToken) refreshTokenRow {
	return refreshTokenRow{
		Hash: t.Hash, SessionID: t.SessionID, Parent: t.Parent,
		CreatedAt: stored(t.CreatedAt), UsedAt: storedPointer(t.UsedAt),
	}
}

func (r *refreshTokenRow) model() models.RefreshToken {
	return models.RefreshToken{
		Hash: r.Hash, SessionID: r.SessionID, Parent: r.Parent,
		CreatedAt: stored(r.CreatedAt), UsedAt: storedPointer(r.UsedAt),
	}
}
