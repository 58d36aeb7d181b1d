package dto

import (
	"cmp"
	"time"

	"gofiber-auth/domain/models"
)

// Session is a session as its user sees it.
type Session struct {
	ID         string    `json:"id"`
	Method     string    `json:"method"`
	UserAgent  string    `json:"userAgent"`
	IP         string    `json:"ip"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
	Current    bool      `json:"current"`
}

// NewSessions returns what their user may see of the sessions, of which one is the current; never nil.
func NewSessions(sessions []models.Session, currentID string) []Session {
	seen := make([]Session, len(sessions))
	for i, s := range sessions {
		seen[i] = Session{
			ID: s.ID, Method: cmp.Or(s.Method, models.MethodPassword), UserAgent: s.UserAgent, IP: s.IP,
			CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, Current: s.ID == currentID,
		}
	}
	return seen
}
