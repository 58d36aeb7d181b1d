// Package postgres hides GORM and SQL. Its repositories serve PostgreSQL and the embedded
// database alike; what only one of the two can do stands behind Dialect.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gorm.io/gorm"
)

// DefaultTimeout bounds every operation and every unit of work.
const DefaultTimeout = 5 * time.Second

// Database is one database, PostgreSQL or the embedded one.
type Database struct {
	Write   *gorm.DB // for statements that write and for transactions
	Read    *gorm.DB // for reads outside transactions; may be the same as Write
	Dialect Dialect

	// Timeout is how long an operation or a unit of work may take, the wait for a connection
	// included, whatever deadline its caller brings; 0 is DefaultTimeout. Past it the caller
	// gets domain.ErrOverloaded.
	Timeout time.Duration
}

// New returns the PostgreSQL database behind db, which config.OpenPostgres opens.
func New(db *gorm.DB) *Database {
	return &Database{Write: db, Read: db, Dialect: dialect{}}
}

// Ping reports whether the database answers: domain.ErrUnavailable or domain.ErrOverloaded where it does not.
func (d *Database) Ping(ctx context.Context) error {
	return d.read(ctx, "ping", func(db *gorm.DB) error { return db.Exec("SELECT 1").Error })
}

// Pools returns the pools of connections by name, for their statistics.
func (d *Database) Pools() (map[string]*sql.DB, error) {
	write, err := d.Write.DB()
	if err != nil {
		return nil, err
	}
	read, err := d.Read.DB()
	if err != nil {
		return nil, err
	}
	if read == write {
		return map[string]*sql.DB{"main": write}, nil
	}
	return map[string]*sql.DB{"write": write, "read": read}, nil
}

// Close waits for the statements that run and closes all connections.
func (d *Database) Close() error {
	pools, err := d.Pools()
	if err != nil {
		return err
	}
	var errs []error
	for _, pool := range pools {
		errs = append(errs, pool.Close())
	}
	return errors.Join(errs...)
}
