package node

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/harness"
)

// user is what a copy has of a user; a deleted one has no more than a version.
type user struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Version  int64  `json:"version"`
}

// rows reads users by their ids.
func rows(dsn, query string) (map[string]user, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	found, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(found, pgx.RowToStructByPos[user])
	all := map[string]user{}
	for _, u := range list {
		all[u.ID] = u
	}
	return all, err
}

// copied returns what the example has: users, and versions of deleted ones.
func copied(dsn string) (users, deleted map[string]user, err error) {
	all, err := rows(dsn, `SELECT v.id::text, coalesce(i.email, ''), coalesce(i.username, ''), v.version
		FROM users_version v LEFT JOIN users_identity i ON i.id = v.id`)
	users, deleted = map[string]user{}, map[string]user{}
	for id, u := range all {
		if u.Username == "" {
			deleted[id] = u
		} else {
			users[id] = u
		}
	}
	return users, deleted, err
}

// awaitUsers waits until the example has exactly these users, and returns what it knows of
// deleted ones.
func awaitUsers(t *testing.T, dsn string, users map[string]user) (deleted map[string]user) {
	t.Helper()
	harness.Within(t, patience, "the users are equal", func() error {
		var got map[string]user
		var err error
		if got, deleted, err = copied(dsn); err != nil {
			return err
		}
		return equal(got, users)
	})
	return deleted
}

// awaitCopy waits until the example has exactly these users, and the versions of those deleted.
func awaitCopy(t *testing.T, dsn string, users, deleted map[string]user) {
	t.Helper()
	harness.Within(t, patience, "the copy is equal", func() error {
		got, gotDeleted, err := copied(dsn)
		if err != nil {
			return err
		}
		return errors.Join(equal(got, users), equal(gotDeleted, deleted))
	})
}

// equal returns an error that names a user in which two maps differ.
func equal(got, want map[string]user) error {
	for id, u := range got {
		if other, found := want[id]; !found || other != u {
			return fmt.Errorf("of %d, want %d: %+v, want %+v", len(got), len(want), u, other)
		}
	}
	for id, u := range want {
		if _, found := got[id]; !found {
			return fmt.Errorf("%d, want %d: %+v is missing", len(got), len(want), u)
		}
	}
	return nil
}

// awaitMore waits until a table has so many rows more.
func awaitMore(t *testing.T, dsn, table string, more int) {
	t.Helper()
	before := -1
	harness.Within(t, patience, "rows come to "+table, func() error {
		all, err := rows(dsn, "SELECT id::text, '', '', version FROM "+table)
		if err != nil {
			return err
		}
		if before < 0 {
			before = len(all)
		}
		if len(all) < before+more {
			return fmt.Errorf("%d came, want %d", len(all)-before, more)
		}
		return nil
	})
}
