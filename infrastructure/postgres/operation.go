package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
)

// attempts is how often a write is tried that failed only because of others that ran beside it.
const attempts = 5

// bounded gives fn at most the timeout and turns what it returns into the domain's errors.
// What names it there.
func (d *Database) bounded(ctx context.Context, what string, fn func(ctx context.Context) error) error {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return d.translate(ctx, what, fn(ctx))
}

// read runs fn on the pool for reads. Columns are named, never *: PostgreSQL refuses a query
// that it has planned once its * means other columns, as after a migration by a newer instance.
func (d *Database) read(ctx context.Context, what string, fn func(db *gorm.DB) error) error {
	return d.bounded(ctx, what, func(ctx context.Context) error {
		return fn(d.Read.Session(&gorm.Session{Context: ctx, QueryFields: true}))
	})
}

// write runs fn, one statement or one transaction, on the pool for writes, and again where
// the database asks for that.
func (d *Database) write(ctx context.Context, what string, fn func(db *gorm.DB) error) error {
	return d.bounded(ctx, what, func(ctx context.Context) error {
		for attempt := 1; ; attempt++ {
			err := fn(d.Write.WithContext(ctx))
			if err == nil || attempt == attempts || d.Dialect.Fault(err).Kind != Transient || !pause(ctx, attempt) {
				return err
			}
		}
	})
}

// pause waits longer after each attempt, by chance, so that two that failed together do not
// meet again. It reports whether ctx leaves time for another.
func pause(ctx context.Context, attempt int) bool {
	base := 5 * time.Millisecond << attempt
	timer := time.NewTimer(base/2 + rand.N(base)) //nolint:gosec // chance, not secrecy
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// planAnew runs the statement of fn with a plan for its tables as they are now: the outbox and
// what else waits is mostly empty, and when it is not, it is so all at once.
func (d *Database) planAnew(db *gorm.DB, fn func(tx *gorm.DB) error) error {
	if d.Dialect.PlanAnew() == "" {
		return fn(db)
	}
	return d.plannedAnew(db, fn)
}

// plannedAnew runs the statements of fn, which are to be a transaction anyhow, likewise.
func (d *Database) plannedAnew(db *gorm.DB, fn func(tx *gorm.DB) error) error {
	return db.Transaction(func(tx *gorm.DB) error {
		if begin := d.Dialect.PlanAnew(); begin != "" {
			if err := tx.Exec(begin).Error; err != nil {
				return err
			}
		}
		return fn(tx)
	})
}
