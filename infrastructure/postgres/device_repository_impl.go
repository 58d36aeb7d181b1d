package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"
)

const (
	devicesKept  = 50             // of a user, the newest
	noticePeriod = 24 * time.Hour // one notice of a new device in each
	deviceMemory = 400 * 24 * time.Hour
)

// devices is the known devices within a transaction.
type devices struct{ transaction }

// Seen makes one statement for a known device. A new one may push out the oldest, which also bounds
// how long they are kept.
func (r devices) Seen(ctx context.Context, userID string, fingerprint []byte, now time.Time) (tell bool, err error) {
	now = stored(now)
	err = r.run(ctx, "record device", func(tx *gorm.DB) error {
		var row struct {
			LogIns int
			Told   bool
		}
		err := tx.Raw(`INSERT INTO known_devices (user_id, fingerprint, first_seen_at, last_seen_at, log_ins, told)
			VALUES (?, ?, ?, ?, 1, EXISTS (SELECT 1 FROM known_devices WHERE user_id = ?)
				AND NOT EXISTS (SELECT 1 FROM known_devices WHERE user_id = ? AND told AND first_seen_at > ?))
			ON CONFLICT (user_id, fingerprint) DO UPDATE SET last_seen_at = excluded.last_seen_at, log_ins = known_devices.log_ins + 1
			RETURNING log_ins, told`, userID, fingerprint, now, now, userID, userID, now.Add(-noticePeriod)).Scan(&row).Error
		if err != nil || row.LogIns > 1 {
			return err
		}
		tell = row.Told
		return tx.Exec(`DELETE FROM known_devices WHERE user_id = ? AND (last_seen_at < ? OR fingerprint NOT IN
			(SELECT fingerprint FROM known_devices WHERE user_id = ? ORDER BY last_seen_at DESC, first_seen_at DESC LIMIT ?))`,
			userID, now.Add(-deviceMemory), userID, devicesKept).Error
	})
	return tell, err
}

func (r devices) DeleteOfUser(ctx context.Context, userID string) error {
	return r.run(ctx, "delete devices of user", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM known_devices WHERE user_id = ?", userID).Error
	})
}
