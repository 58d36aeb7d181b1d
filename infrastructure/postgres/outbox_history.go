package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var _ repositories.EventHistory = (*Outbox)(nil)

// EventsOf returns nothing for what is no id.
func (r *Outbox) EventsOf(ctx context.Context, userID string, limit int) ([]models.OutboxEvent, error) {
	id, ok := canonicalID(userID)
	if !ok || limit <= 0 {
		return nil, nil
	}
	var rows []outboxRow
	err := r.db.read(ctx, "events of user", func(db *gorm.DB) error {
		return db.Where("user_id = ?", id).Order("version DESC").Limit(limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	events := make([]models.OutboxEvent, len(rows))
	for i := range rows {
		events[i] = rows[i].model()
	}
	return events, nil
}
