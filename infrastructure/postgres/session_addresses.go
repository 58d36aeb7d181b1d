package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

var _ repositories.SessionAddresses = (*Sessions)(nil)

// AddressesOf asks the database for an id that is no user's, too, so that its time does not tell.
func (r *Sessions) AddressesOf(ctx context.Context, userID string, t time.Time, limit int) (addresses []string, err error) {
	id, ok := canonicalID(userID)
	if !ok {
		id = nobody
	}
	err = r.db.read(ctx, "addresses of sessions", func(db *gorm.DB) error {
		return db.Model(&sessionRow{}).Where("user_id = ? AND expires_at > ?", id, stored(t)).
			Order("last_used_at DESC, id DESC").Limit(max(0, limit)).Pluck("ip", &addresses).Error
	})
	return addresses, err
}

// nobody is the id of no user.
const nobody = "00000000-0000-0000-0000-000000000000"
