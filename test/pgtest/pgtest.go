// Package pgtest gives each test a PostgreSQL database of its own on the server that
// TEST_DATABASE_URL names.
package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	variable = "TEST_DATABASE_URL"
	missing  = "this test needs a PostgreSQL server: run `make test`, or set " + variable
)

// New makes an empty database and returns its URL. It is dropped when the test ends, with the
// connections that it then still has. The user of TEST_DATABASE_URL must be allowed to make
// databases. Without that variable the test fails.
func New(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

// create makes a copy of a database.
func create(t testing.TB, of string) string {
	t.Helper()
	server := os.Getenv(variable)
	if server == "" {
		t.Fatal(missing)
	}
	name := "test_" + strings.ToLower(rand.Text())
	dsn, err := withDatabase(server, name)
	if err != nil {
		t.Fatal(variable + " is not a URL such as postgres://user:password@127.0.0.1:5432/postgres")
	}
	Exec(t, server, "CREATE DATABASE "+name+" TEMPLATE "+of)
	t.Cleanup(func() { Exec(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return dsn
}

// Exec runs one statement over a connection of its own.
func Exec(t testing.TB, dsn, statement string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also after the test's context has ended
	defer cancel()
	conn := connect(ctx, t, dsn)
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func connect(ctx context.Context, t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect to the server of %s: %v", variable, err)
	}
	return conn
}

func withDatabase(server, name string) (string, error) {
	if _, err := pgx.ParseConfig(server); err != nil {
		return "", err
	}
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name, nil // key=value form, where the last one counts
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
