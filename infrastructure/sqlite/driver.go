package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	gosqlite "github.com/glebarez/go-sqlite"
)

// timeLayout writes times as text of one width in UTC, so that SQLite, which compares them as
// text, compares them rightly. The driver reads it back from columns declared as TIMESTAMP.
const timeLayout = "2006-01-02 15:04:05.000000-07:00"

// connector opens connections of the SQLite driver that store times as timeLayout says and
// leave no transaction open behind a failed commit.
type connector struct{ dsn string }

// Connect opens a connection.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := opened.(fullConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite: %T lacks what database/sql needs", opened), opened.Close())
	}
	return conn{full}, nil
}

// Driver returns the SQLite driver itself.
func (connector) Driver() driver.Driver { return &gosqlite.Driver{} }

type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

type conn struct{ fullConn }

// CheckNamedValue turns parameters into what SQLite stores.
func (conn) CheckNamedValue(v *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if err != nil {
		return err
	}
	if t, ok := value.(time.Time); ok {
		value = t.UTC().Format(timeLayout)
	}
	v.Value = value
	return nil
}

// BeginTx begins a transaction.
func (c conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	begun, err := c.fullConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return tx{begun}, nil
}

type tx struct{ driver.Tx }

// Commit rolls back when it fails: SQLite may leave the transaction open, as after a full
// disk, and database/sql would hand the connection, the only one that writes, to the next.
func (t tx) Commit() error {
	err := t.Tx.Commit()
	if err != nil {
		_ = t.Rollback() // it fails where SQLite has rolled back already
	}
	return err
}
