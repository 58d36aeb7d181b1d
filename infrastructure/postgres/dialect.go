package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm/clause"
)

// Dialect is what one database does in its own way. Everything else is the same SQL on both.
type Dialect interface {
	// Fault says what an error of the driver, which may be wrapped, means.
	Fault(err error) Fault
	// Among is the condition that a column with ids holds one of those in the parameter $1.
	Among() string
	// Query runs a query whose parameter $1 is ids and calls each for every row, past GORM: it
	// is for the query that every authenticated request waits for.
	Query(ctx context.Context, db *sql.DB, query string, ids []string, each func(scan func(dest ...any) error) error) error
	// ForUpdate ends a SELECT in a transaction that locks the rows it finds.
	ForUpdate() string
	// ForKeyShare ends a SELECT in a transaction that keeps the rows it finds from being deleted.
	ForKeyShare() string
	// SkipLocked ends a SELECT that locks the rows it finds and passes over locked ones.
	SkipLocked() string
	// After is the time of the database's clock plus d.
	After(d time.Duration) clause.Expr
	// PlanAnew begins a transaction whose statements must be planned for the table as it is
	// now, or is empty: a plan that was made while the outbox was empty is no good for a backlog.
	PlanAnew() string
	// Acks is the table (id, stream, sequence) of what a parameter holds: a JSON array of
	// objects with those fields.
	Acks() string
	// Numbers is the set of integers in the parameter @numbers, a JSON array.
	Numbers() string
	// Migrations returns the migrations of db, which run under a lock that other processes
	// respect.
	Migrations(db *sql.DB) (*goose.Provider, error)
}

// Fault is what an error of a driver means.
type Fault struct {
	Kind  FaultKind
	Index string // the unique index or constraint of a Duplicate
}

// FaultKind is how to react to an error of a driver.
type FaultKind int

// The kinds of Fault.
const (
	Unknown    FaultKind = iota
	Transient            // others ran beside it: the same transaction may succeed when tried again
	Away                 // the database cannot be reached, or ends
	Full                 // it has too much to do
	Duplicate            // a unique index has the value already
	Orphan               // the row that this one belongs to is gone
	Unstorable           // a text that the column cannot hold
)
