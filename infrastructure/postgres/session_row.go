package postgres

import (
	"time"

	"gofiber-auth/domain/models"
)

// sessionRow is a row of sessions.
type sessionRow struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	Method     string
	UserAgent  string
	IP         string    `gorm:"column:ip"`
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

func (sessionRow) TableName() string { return "sessions" }

// columns is every column of sessions.
func (r *sessionRow) columns() []column {
	return []column{
		{"id", &r.ID}, {"user_id", &r.UserID}, {"method", &r.Method}, {"user_agent", &r.UserAgent}, {"ip", &r.IP},
		{"created_at", &r.CreatedAt}, {"last_used_at", &r.LastUsedAt}, {"expires_at", &r.ExpiresAt},
	}
}

// sessionColumns is the columns of sessions s in the order of sessionRow.dest.
var sessionColumns = columnNames("s", new(sessionRow).columns())

// dest returns where to scan sessionColumns.
func (r *sessionRow) dest() []any { return destinations(r.columns()) }

func newSessionRow(s models.Session) sessionRow {
	return sessionRow{
		ID: s.ID, UserID: s.UserID, Method: cleanText(s.Method), UserAgent: cleanText(s.UserAgent), IP: cleanText(s.IP),
		CreatedAt: stored(s.CreatedAt), LastUsedAt: stored(s.LastUsedAt), ExpiresAt: stored(s.ExpiresAt),
	}
}

func (r *sessionRow) model() models.Session {
	return models.Session{
		ID: r.ID, UserID: r.UserID, Method: r.Method, UserAgent: r.UserAgent, IP: r.IP,
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
	Salt      []byte `gorm:"column:successor_salt"`
}

func (refreshTokenRow) TableName() string { return "refresh_tokens" }

func newRefreshTokenRow(t models.RefreshToken) refreshTokenRow {
	return refreshTokenRow{
		Hash: t.Hash, SessionID: t.SessionID, Parent: t.Parent,
		CreatedAt: stored(t.CreatedAt), UsedAt: storedPointer(t.UsedAt), Salt: t.Salt,
	}
}

func (r *refreshTokenRow) model() models.RefreshToken {
	return models.RefreshToken{
		Hash: r.Hash, SessionID: r.SessionID, Parent: r.Parent,
		CreatedAt: stored(r.CreatedAt), UsedAt: storedPointer(r.UsedAt), Salt: r.Salt,
	}
}
