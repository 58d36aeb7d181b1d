package postgres

import (
	"time"

	"gofiber-auth/domain/models"
)

// outboxRow is a row of outbox_events as it is appended and read; what publishing adds to it
// is written by MarkPublished alone.
type outboxRow struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	Version    int64
	Action     string
	Email      string
	Username   string
	RequestID  string
	OccurredAt time.Time
}

func (outboxRow) TableName() string { return "outbox_events" }

func newOutboxRow(e models.OutboxEvent) outboxRow {
	return outboxRow{
		ID: e.ID, UserID: e.UserID, Version: e.Version, Action: string(e.Action), Email: e.Email,
		Username: e.Username, RequestID: cleanText(e.RequestID), OccurredAt: stored(e.OccurredAt),
	}
}

func (r *outboxRow) model() models.OutboxEvent {
	return models.OutboxEvent{
		ID: r.ID, UserID: r.UserID, Version: r.Version, Action: models.Action(r.Action), Email: r.Email,
		Username: r.Username, RequestID: r.RequestID, OccurredAt: stored(r.OccurredAt),
	}
}
