package postgres

import (
	"context"
	"errors"
	"path"
	"time"

	"github.com/pressly/goose/v3"

	"gofiber-auth/domain"
)

// Migration is one numbered change of the schema.
type Migration struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`      // of its file
	AppliedAt time.Time `json:"appliedAt"` // the zero time: not yet
}

// Migrate applies what is not applied yet and returns it. Several processes may call it at
// once; each returns when the schema is up to date.
func Migrate(ctx context.Context, db *Database) ([]Migration, error) {
	var applied []Migration
	err := db.migrations(ctx, "migrate", func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path), AppliedAt: stored(time.Now())})
		}
		return err
	})
	return applied, err
}

// Rollback undoes the newest migration and returns it, or domain.ErrNotFound where none is applied.
func Rollback(ctx context.Context, db *Database) (Migration, error) {
	var undone Migration
	err := db.migrations(ctx, "roll back", func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return domain.ErrNotFound.Because(err)
		}
		if err == nil {
			undone = Migration{Version: result.Source.Version, Name: path.Base(result.Source.Path)}
		}
		return err
	})
	return undone, err
}

// Status returns all migrations that this version of the service knows.
func Status(ctx context.Context, db *Database) ([]Migration, error) {
	var all []Migration
	err := db.migrations(ctx, "migration status", func(p *goose.Provider) error {
		status, err := p.Status(ctx)
		for _, s := range status {
			m := Migration{Version: s.Source.Version, Name: path.Base(s.Source.Path)}
			if s.State == goose.StateApplied {
				m.AppliedAt = stored(s.AppliedAt)
			}
			all = append(all, m)
		}
		return err
	})
	return all, err
}

// migrations runs fn with the migrations of the database. It is not bounded as operations
// are: a migration of a large table takes its time.
func (d *Database) migrations(ctx context.Context, what string, fn func(*goose.Provider) error) error {
	pool, err := d.Write.DB()
	if err != nil {
		return err
	}
	if err := d.Ping(ctx); err != nil { // with an answer in a few seconds where the database is away
		return err
	}
	provider, err := d.Dialect.Migrations(pool)
	if err != nil {
		return err
	}
	return d.translate(ctx, what, fn(provider))
}
