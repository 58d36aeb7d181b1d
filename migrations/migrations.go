// Package migrations holds the schema of both databases as numbered SQL. A file is never
// edited once it is released: the next change is the next number, and the code of the
// release before must run on it.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Postgres returns the migrations of PostgreSQL 14 and newer.
func Postgres() fs.FS { return folder("postgres") }

// SQLite returns the migrations of the embedded database.
func SQLite() fs.FS { return folder("sqlite") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // only an invalid name fails, and the names stand above
	}
	return sub
}
