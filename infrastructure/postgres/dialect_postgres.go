package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"gofiber-auth/migrations"
)

// dialect is PostgreSQL's.
type dialect struct{}

// Fault goes by https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (dialect) Fault(err error) Fault {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "23505": // unique_violation
			return Fault{Kind: Duplicate, Index: pg.ConstraintName}
		case "23503": // foreign_key_violation
			return Fault{Kind: Orphan}
		case "40001", "40P01": // serialization_failure, deadlock_detected
			return Fault{Kind: Transient}
		case "53300", "55P03", "57014": // too_many_connections, lock_not_available, query_canceled by a timeout of the server's
			return Fault{Kind: Full}
		case "22001", "22021", "22P05": // string_data_right_truncation, character_not_in_repertoire, untranslatable_character
			return Fault{Kind: Unstorable}
		case "25006": // read_only_sql_transaction: this server is a standby by now
			return Fault{Kind: Away}
		}
		switch pg.Code[:min(2, len(pg.Code))] {
		case "08", "53", "57", "58": // connection, resources, operator intervention, system
			return Fault{Kind: Away}
		}
	}
	if isConnectionFailure(err) {
		return Fault{Kind: Away}
	}
	return Fault{}
}

func isConnectionFailure(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func (dialect) Among() string { return "= ANY($1::text[]::uuid[])" }

// Query speaks to pgx itself over a connection of the pool: binary results straight into
// where they belong. A connection that the server has ended since its last use is found out
// by the query, which as a SELECT may be made again.
func (d dialect) Query(ctx context.Context, db *sql.DB, query string, ids []string, each func(scan func(dest ...any) error) error) error {
	err := d.query(ctx, db, query, ids, each)
	if err != nil && ctx.Err() == nil && d.Fault(err).Kind == Away {
		err = d.query(ctx, db, query, ids, each)
	}
	return err
}

func (dialect) query(ctx context.Context, db *sql.DB, query string, ids []string, each func(scan func(dest ...any) error) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool, which finds out what is wrong with it
	return conn.Raw(func(c any) error {
		rows, err := c.(*stdlib.Conn).Conn().Query(ctx, query, ids)
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
	})
}

func (dialect) ForUpdate() string   { return "FOR UPDATE" }
func (dialect) ForKeyShare() string { return "FOR KEY SHARE" }
func (dialect) SkipLocked() string  { return "FOR UPDATE SKIP LOCKED" }

func (dialect) After(d time.Duration) clause.Expr {
	return gorm.Expr("now() + make_interval(secs => ?)", d.Seconds())
}

// PlanAnew also has the server end the transaction of a process that stands still in the
// middle of it, which would keep the lease's row locked and others from taking over.
func (dialect) PlanAnew() string {
	return `SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
		set_config('idle_in_transaction_session_timeout', '2000', true)` // in ms
}

func (dialect) Numbers() string {
	return "(SELECT value::bigint FROM json_array_elements_text(CAST(@numbers AS json)) AS numbers (value))"
}

func (dialect) Acks() string {
	return "json_to_recordset(?::json) AS acks (id uuid, stream bigint, sequence bigint)"
}

// Migrations run under a session's advisory lock: of several instances that start at once,
// one migrates and the others wait for it.
func (dialect) Migrations(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120)) // every second for two minutes
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(),
		goose.WithSessionLocker(locker), goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
}
