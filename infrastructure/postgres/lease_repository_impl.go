package postgres

import (
	"context"
	"time"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// Leases lets one instance of several do a thing, by the clock of the database.
type Leases struct{ db *Database }

var _ repositories.Leases = (*Leases)(nil)

// NewLeases returns the leases of db.
func NewLeases(db *Database) *Leases { return &Leases{db} }

// Acquire takes or renews the lease in one statement: of several that find it expired, one
// inserts or updates and the others then see that it did.
func (r *Leases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	err = r.db.write(ctx, "acquire lease", func(db *gorm.DB) error {
		result := db.Exec(`INSERT INTO relay_leases (name, holder, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
			WHERE relay_leases.holder = excluded.holder OR relay_leases.expires_at <= ?`,
			name, holder, r.db.Dialect.After(ttl), r.db.Dialect.After(0))
		held = result.RowsAffected == 1
		return result.Error
	})
	return held && err == nil, err
}

// Release ends the lease if holder has it.
func (r *Leases) Release(ctx context.Context, name, holder string) error {
	return r.db.write(ctx, "release lease", func(db *gorm.DB) error {
		return db.Exec("DELETE FROM relay_leases WHERE name = ? AND holder = ?", name, holder).Error
	})
}
