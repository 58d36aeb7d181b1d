// Package userstore keeps a copy of the auth service's users in tables of an SQLite or
// PostgreSQL database, exact whatever comes twice, late or not at all. It needs a driver and
// nothing else:
//
//	import _ "github.com/jackc/pgx/v5/stdlib" // or _ "github.com/glebarez/go-sqlite"
//
//	users, err := userstore.Open(ctx, "postgres://…")
//	…
//	err = userevents.Consumer{
//		…
//		Handle:    users.Apply,
//		Position:  users.Position,
//		Bootstrap: func(ctx context.Context, gap userevents.Gap) error { return users.Restore(ctx, gap, snapshot) },
//	}.Run(ctx)
//
// The tables are users_identity, which belongs to this package, and users_profile, a row of
// which is made with each identity and goes with it: its other columns are the service's own.
// A service that wants other ones makes users_profile before Open; it needs the columns id,
// created_at and updated_at. Several instances may share the tables.
package userstore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Store is a copy of the users. It is safe for use by several goroutines.
type Store struct{ db *sql.DB }

var (
	//go:embed schema.sql
	schema string
	//go:embed position.sql
	positionSchema string
)

// Open opens a PostgreSQL by its URL, with the driver "pgx", or else an SQLite file, with the
// driver "sqlite", and makes the tables that are missing. The statements are the same for
// both. Close the Store after use.
func Open(ctx context.Context, at string) (*Store, error) {
	driver, source := "sqlite", "file:"+(&url.URL{Path: at}).EscapedPath()+
		"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate"
	if strings.HasPrefix(at, "postgres://") || strings.HasPrefix(at, "postgresql://") {
		driver, source = "pgx", at
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	s := &Store{db}
	if err := s.makeTables(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("make the tables: %w", err), db.Close())
	}
	return s, nil
}

// makeTables tries again where instances that start together have made one table at the same
// moment, which PostgreSQL refuses the later one in spite of IF NOT EXISTS.
func (s *Store) makeTables(ctx context.Context) (err error) {
	for range 3 {
		if _, err = s.db.ExecContext(ctx, schema+positionSchema); err == nil {
			return nil
		}
	}
	return err
}

// DB returns the database, for what the service itself keeps there.
func (s *Store) DB() *sql.DB { return s.db }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// inTransaction runs fn in a transaction that is committed if fn returns nil.
func inTransaction(ctx context.Context, db beginner, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// beginner is a database or one connection to it.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}
