package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"gofiber-auth/domain/models"
)

// auditRow is a row of audit_entries.
type auditRow struct {
	ID        string `gorm:"primaryKey"`
	Action    string
	UserID    *string
	ActorID   *string
	IP        string `gorm:"column:ip"`
	UserAgent string
	RequestID string
	At        time.Time
	Detail    string // JSON
}

func (auditRow) TableName() string { return "audit_entries" }

func newAuditRow(e models.AuditEntry) (auditRow, error) {
	detail := make(map[string]string, len(e.Detail))
	for key, value := range e.Detail {
		detail[cleanText(key)] = cleanText(value)
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return auditRow{}, fmt.Errorf("detail of an audit entry: %w", err)
	}
	return auditRow{
		ID: e.ID, Action: string(e.Action), UserID: idOrNull(e.UserID), ActorID: idOrNull(e.ActorID),
		IP: cleanText(e.IP), UserAgent: cleanText(e.UserAgent), RequestID: cleanText(e.RequestID),
		At: stored(e.At), Detail: string(text),
	}, nil
}

// idOrNull returns nil for what is no id.
func idOrNull(id string) *string {
	if canonical, ok := canonicalID(id); ok {
		return &canonical
	}
	return nil
}

func (r *auditRow) model() (models.AuditEntry, error) {
	e := models.AuditEntry{
		ID: r.ID, Action: models.AuditAction(r.Action), UserID: orEmpty(r.UserID), ActorID: orEmpty(r.ActorID),
		IP: r.IP, UserAgent: r.UserAgent, RequestID: r.RequestID, At: stored(r.At),
	}
	if err := json.Unmarshal([]byte(r.Detail), &e.Detail); err != nil {
		return e, fmt.Errorf("detail of the audit entry %s: %w", r.ID, err)
	}
	return e, nil
}
