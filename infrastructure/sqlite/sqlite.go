// Package sqlite hides the embedded database: it opens, migrates and translates errors. The
// repositories are those of infrastructure/postgres.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"gofiber-auth/infrastructure/postgres"
)

// readers is how many connections read at once; they and the writer do not wait for each other.
const readers = 8

// Open opens DIR/auth.db, which it makes where it is missing; only its owner may read it.
// Several processes may have it open. The schema is the caller's to bring up to date, with
// postgres.Migrate.
func Open(ctx context.Context, dir string) (*postgres.Database, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, "auth.db"))
	if err != nil {
		return nil, fmt.Errorf("find the database: %w", err)
	}
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	lock := newFileLock(path)
	if err := lock.Lock(ctx, nil); err != nil { // the first to open it changes it to WAL, which needs it alone
		return nil, err
	}
	write, err := openPool(ctx, dsn(path, "query_only(0)"), 1)
	if err = errors.Join(err, lock.Unlock(ctx, nil)); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := &postgres.Database{Write: write, Read: write, Dialect: dialect{path}}
	db.Read, err = openPool(ctx, dsn(path, "query_only(1)"), readers)
	if err != nil {
		db.Read = write
		return nil, fmt.Errorf("open %s to read: %w", path, errors.Join(err, db.Close()))
	}
	return db, nil
}

// touch makes the file before SQLite does, which would let everybody read it. SQLite gives the
// files beside it the same permissions.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator's own DATA_DIR
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn returns the URI of the file with what each connection sets. A transaction takes the
// write lock when it begins, so none fails half-way because another wrote meanwhile.
// There is no _time_format: with it the driver overlooks _txlock.
func dsn(path, pragma string) string {
	q := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(1000)", // then the unit of work is tried again
			"journal_mode(WAL)",
			"synchronous(FULL)", // a commit that was acknowledged survives a power cut
			"foreign_keys(1)",
			pragma,
		},
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

func openPool(ctx context.Context, dsn string, connections int) (*gorm.DB, error) {
	pool := sql.OpenDB(connector{dsn})
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db, err := gorm.Open(&sqlite.Dialector{Conn: pool}, &gorm.Config{
		SkipDefaultTransaction: true, // one statement is a transaction already
		Logger:                 logger.Default.LogMode(logger.Silent),
	})
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}
