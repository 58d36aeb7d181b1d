package userstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"gofiber-auth/pkg/userevents"
)

// Restore fills a gap: it makes the copy what a snapshot says, as of now, and moves its
// position to the gap's End. Users that the snapshot does not have are removed, and their
// versions kept. It does nothing if another instance was first.
//
// Nothing newer is undone. Every event that the copy holds is at or before gap.Was, so it was
// in the stream, and what it tells in the auth service's database, before the snapshot was
// read; the copy changes hands in one transaction, and only if it is at gap.Was still. What
// changes while the snapshot is read has its event behind gap.End.
//
// The snapshot is gathered in a temporary table, so that neither memory holds all of it nor
// the copy is locked while it comes.
func (s *Store) Restore(ctx context.Context, gap userevents.Gap, snapshot userevents.Snapshot) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	// The connection ends here, and the table with it.
	defer conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // this is the error
	if _, err := conn.ExecContext(ctx, `CREATE TEMPORARY TABLE users_snapshot (
		id UUID PRIMARY KEY, email VARCHAR(255) NOT NULL, username VARCHAR(100) NOT NULL, version BIGINT NOT NULL)`); err != nil {
		return err
	}
	gathered := gathering{conn: conn}
	_, err = snapshot.Read(ctx, func(u userevents.User) error { return gathered.add(ctx, u) })
	if err != nil {
		return err
	}
	if err := gathered.write(ctx); err != nil {
		return err
	}
	// No autovacuum sees a temporary table.
	if _, err := conn.ExecContext(ctx, `ANALYZE users_snapshot`); err != nil {
		return err
	}
	return inTransaction(ctx, conn, func(tx *sql.Tx) error {
		mine, err := move(ctx, tx, gap.Was, gap.End)
		if err != nil || !mine {
			return err
		}
		return replace(ctx, tx)
	})
}

// replace makes the copy what users_snapshot says, under the rule that no version goes back.
func replace(ctx context.Context, tx *sql.Tx) error {
	now := time.Now().UTC()
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`DELETE FROM users_identity WHERE NOT EXISTS (SELECT 1 FROM users_snapshot s WHERE s.id = users_identity.id)`, nil},
		{`DELETE FROM users_snapshot WHERE EXISTS
			(SELECT 1 FROM users_version v WHERE v.id = users_snapshot.id AND v.version > users_snapshot.version)`, nil},
		// WHERE true tells SQLite that ON does not begin a join.
		{`INSERT INTO users_version (id, version) SELECT id, version FROM users_snapshot WHERE true
			ON CONFLICT (id) DO UPDATE SET version = excluded.version`, nil},
		{`INSERT INTO users_identity (id, email, username, created_at, updated_at)
			SELECT id, email, username, $1, $1 FROM users_snapshot WHERE true
			ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username, updated_at = excluded.updated_at
			WHERE users_identity.email <> excluded.email OR users_identity.username <> excluded.username`, []any{now}},
		{`INSERT INTO users_profile (id, created_at, updated_at) SELECT id, $1, $1 FROM users_snapshot WHERE true
			ON CONFLICT (id) DO NOTHING`, []any{now}},
	} {
		if _, err := tx.ExecContext(ctx, step.statement, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// gathering writes users into users_snapshot, many at a time.
type gathering struct {
	conn   *sql.Conn
	values []any
}

// batch is how many users go into one statement: their values are fewer than SQLite takes.
const batch = 1000

func (g *gathering) add(ctx context.Context, u userevents.User) error {
	g.values = append(g.values, u.ID, u.Email, u.Username, u.Version)
	if len(g.values) < 4*batch {
		return nil
	}
	return g.write(ctx)
}

// write writes what is left.
func (g *gathering) write(ctx context.Context) error {
	if len(g.values) == 0 {
		return nil
	}
	var rows strings.Builder
	for i := range len(g.values) / 4 {
		if i > 0 {
			rows.WriteByte(',')
		}
		fmt.Fprintf(&rows, "($%d,$%d,$%d,$%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
	}
	//nolint:gosec // what is put together are the numbers of parameters
	_, err := g.conn.ExecContext(ctx,
		`INSERT INTO users_snapshot (id, email, username, version) VALUES `+rows.String()+` ON CONFLICT (id) DO NOTHING`, g.values...)
	g.values = g.values[:0]
	return err
}
