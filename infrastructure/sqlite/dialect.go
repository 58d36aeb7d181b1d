package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	gosqlite "github.com/glebarez/go-sqlite"
	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/migrations"
)

// dialect is SQLite's.
type dialect struct{ path string } // of the database's file

// Result codes, https://www.sqlite.org/rescode.html. The low byte of an extended code is its
// primary code.
const (
	codeBusy       = 5
	codeLocked     = 6
	codeReadOnly   = 8
	codeIO         = 10
	codeFull       = 13
	codeCantOpen   = 14
	codeUnique     = 2067 // SQLITE_CONSTRAINT_UNIQUE
	codeForeignKey = 787  // SQLITE_CONSTRAINT_FOREIGNKEY
)

// Fault reads the result code.
func (dialect) Fault(err error) postgres.Fault {
	failure, ok := errors.AsType[*gosqlite.Error](err)
	if !ok {
		return postgres.Fault{}
	}
	switch failure.Code() {
	case codeUnique:
		return postgres.Fault{Kind: postgres.Duplicate, Index: indexIn(failure.Error())}
	case codeForeignKey:
		return postgres.Fault{Kind: postgres.Orphan}
	}
	switch failure.Code() & 0xff {
	case codeBusy, codeLocked:
		return postgres.Fault{Kind: postgres.Transient}
	case codeReadOnly, codeIO, codeFull, codeCantOpen:
		return postgres.Fault{Kind: postgres.Away}
	}
	return postgres.Fault{}
}

// indexIn returns the name that stands in quotes in
// "UNIQUE constraint failed: index 'users_email_key'", as SQLite says it of an index on an
// expression. Of an index on columns it names the columns.
func indexIn(message string) string {
	if _, rest, ok := strings.Cut(message, "index '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		return name
	}
	for columns, name := range indexOn {
		if strings.Contains(message, "failed: "+columns) {
			return name
		}
	}
	return ""
}

// indexOn is the unique indexes on columns.
var indexOn = map[string]string{
	"oauth_providers.provider, oauth_providers.provider_id": "oauth_providers_provider_key",
	"oauth_providers.user_id, oauth_providers.provider":     "oauth_providers_user_key",
}

func (dialect) Among() string { return "IN (SELECT value FROM json_each($1))" }

// Query gains nothing by a prepared statement: the driver keeps none.
func (dialect) Query(ctx context.Context, db *sql.DB, query string, ids []string, each func(scan func(dest ...any) error) error) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, query, string(list))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ForUpdate is empty: every transaction has the write lock from its beginning.
func (dialect) ForUpdate() string { return "" }

// ForKeyShare is empty for the same reason.
func (dialect) ForKeyShare() string { return "" }

// SkipLocked is empty for the same reason.
func (dialect) SkipLocked() string { return "" }

// After goes by the clock of the process: who shares the file shares the machine.
func (dialect) After(d time.Duration) clause.Expr { return gorm.Expr("?", time.Now().Add(d)) }

// PlanAnew is empty: no plan is kept from one statement to the next.
func (dialect) PlanAnew() string { return "" }

func (dialect) Numbers() string { return "(SELECT value FROM json_each(@numbers))" }

// Acks is a table-valued function's columns.
func (dialect) Acks() string {
	return "(SELECT value ->> 'id' AS id, value ->> 'stream' AS stream, value ->> 'sequence' AS sequence FROM json_each(?)) AS acks"
}

// Migrations run under a file lock.
func (d dialect) Migrations(db *sql.DB) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectSQLite3, db, migrations.SQLite(),
		goose.WithLocker(newFileLock(d.path)), goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
}
