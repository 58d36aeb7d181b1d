package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// LiveAfter returns domain.ErrNotFound where after is no id. It walks along the primary key, so
// that a page takes the same time in a table of any size.
func (r *Sessions) LiveAfter(ctx context.Context, after string, t time.Time, limit int) ([]models.Session, error) {
	behind, ok := canonicalID(after)
	if after != "" && !ok {
		return nil, domain.ErrNotFound
	}
	if limit <= 0 {
		return nil, nil
	}
	var rows []sessionRow
	err := r.db.read(ctx, "page of sessions", func(db *gorm.DB) error {
		if behind != "" {
			db = db.Where("id > ?", behind)
		}
		return db.Where("expires_at > ?", stored(t)).Order("id").Limit(limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return sessionModels(rows), nil
}

// LiveAmong passes over what is no id.
func (r *Sessions) LiveAmong(ctx context.Context, ids []string, t time.Time) ([]string, error) {
	var asked, live []string
	for _, id := range ids {
		if canonical, ok := canonicalID(id); ok {
			asked = append(asked, canonical)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	err := r.db.read(ctx, "live sessions among some", func(db *gorm.DB) error {
		return db.Model(&sessionRow{}).Where("id IN ? AND expires_at > ?", asked, stored(t)).Pluck("id", &live).Error
	})
	return live, err
}

func sessionModels(rows []sessionRow) []models.Session {
	sessions := make([]models.Session, len(rows))
	for i := range rows {
		sessions[i] = rows[i].model()
	}
	return sessions
}
