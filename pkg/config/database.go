package config

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// connectTimeout is how long a new connection may take unless the URL says otherwise. It is
// below the time that a request waits for the database, so that a server that does not answer
// is told apart from a pool that is exhausted.
const connectTimeout = 3 * time.Second

// errDatabaseURL does not say what was found: it may hold a password.
var errDatabaseURL = errors.New("want the URL of a PostgreSQL database, postgres://user:password@host:5432/name, with options that pgx knows")

// OpenPostgres returns a pool of connections to the PostgreSQL of d, and makes none yet:
// a server that is away is the first query's error. It fails for a URL that cannot be read,
// without repeating it. Parameters of queries are never logged.
func OpenPostgres(d Database) (*gorm.DB, error) {
	connection, err := pgx.ParseConfig(string(d.URL))
	if err != nil {
		return nil, errDatabaseURL
	}
	if connection.ConnectTimeout == 0 {
		connection.ConnectTimeout = connectTimeout
	}
	pool := stdlib.OpenDB(*connection, stdlib.OptionAfterConnect(withoutJIT))
	open, idle := d.connections()
	pool.SetMaxOpenConns(open)
	pool.SetMaxIdleConns(idle)
	pool.SetConnMaxLifetime(d.ConnMaxLifetime)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{
		SkipDefaultTransaction: true, // one statement is a transaction already
		DisableAutomaticPing:   true,
		Logger:                 logger.Default.LogMode(logger.Silent),
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", errors.Join(err, pool.Close()))
	}
	return db, nil
}

// withoutJIT keeps the server from compiling queries: ours take a millisecond, and compiling
// one of them was seen to take 250. It is not a parameter of the connection because poolers
// such as PgBouncer refuse those that they do not know.
func withoutJIT(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SET jit = off")
	return err
}

// connections returns the size of the pool: as set, or four for each CPU and at least 16.
// Connections that are idle are kept, unless set otherwise: making one costs more than ten queries.
func (d Database) connections() (open, idle int) {
	open, idle = d.MaxOpenConns, d.MaxIdleConns
	if open == 0 {
		open = max(16, 4*runtime.GOMAXPROCS(0))
	}
	if idle == 0 {
		idle = open
	}
	return open, idle
}
