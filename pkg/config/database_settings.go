package config

import (
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database is where the data lives and how many connections it may take. 0 connections:
// sized for the machine.
type Database struct {
	URL             Secret // of PostgreSQL; empty: the embedded database in DataDir
	MaxOpenConns    int
	MaxIdleConns    int
	ConnMaxLifetime time.Duration
}

// database reads DATABASE_URL or, where it is not set, the DB_* parts.
func (r *reader) database(production bool) Database {
	d := Database{
		MaxOpenConns:    r.integer("DB_MAX_OPEN_CONNS", 0, 2, 10_000),
		MaxIdleConns:    r.integer("DB_MAX_IDLE_CONNS", 0, 1, 10_000),
		ConnMaxLifetime: r.duration("DB_CONN_MAX_LIFETIME", time.Hour, time.Second),
	}
	mode := "prefer"
	if production {
		mode = "require"
	}
	mode = r.oneOf("DB_SSL_MODE", mode, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
	name := "DATABASE_URL"
	u := r.url(name, "", "postgres", "postgresql")
	if parts := r.databaseParts(); parts != nil {
		name, u = "DB_HOST", parts
	}
	if u == nil {
		return d
	}
	if q := u.Query(); !q.Has("sslmode") {
		q.Set("sslmode", mode)
		u.RawQuery = q.Encode()
	}
	d.URL = Secret(u.String())
	if _, err := pgx.ParseConfig(u.String()); err != nil {
		r.fault(name, "must lead to a PostgreSQL database, with options that pgx knows") // the error repeats the URL
	}
	return d
}

// databaseParts returns the URL that the DB_* variables make, or nil where none is set.
func (r *reader) databaseParts() *url.URL {
	host, port := r.text("DB_HOST", ""), r.integer("DB_PORT", 5432, 1, 65535)
	user, password, name := r.text("DB_USER", ""), r.sealed("DB_PASSWORD"), r.text("DB_NAME", "")
	if hasSamplePhrase(password) {
		r.fault("DB_PASSWORD", "must not be a sample")
	}
	if host+user+password+name == "" || r.sealed("DATABASE_URL") != "" {
		return nil
	}
	faults := len(r.faults)
	for _, needed := range []struct{ name, value string }{{"DB_HOST", host}, {"DB_USER", user}, {"DB_NAME", name}} {
		if needed.value == "" {
			r.fault(needed.name, "must be set with the other DB_ variables")
		}
	}
	if len(r.faults) > faults {
		return nil
	}
	return &url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: net.JoinHostPort(host, strconv.Itoa(port)), Path: "/" + name}
}
