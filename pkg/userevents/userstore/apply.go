package userstore

import (
	"context"
	"database/sql"

	"gofiber-auth/pkg/userevents"
)

// Apply applies an event exactly once, however often and however late it comes, and keeps its
// position. An error means that it shall come again; userevents.ErrGap that others are missing
// before it.
//
// An event without a position, as one that came by HTTP, goes by its version alone.
func (s *Store) Apply(ctx context.Context, e userevents.Event) error {
	return inTransaction(ctx, s.db, func(tx *sql.Tx) error {
		if e.Position.Stream.IsZero() {
			return change(ctx, tx, e)
		}
		follows, err := advance(ctx, tx, e.Position)
		if err != nil || !follows {
			return err
		}
		return change(ctx, tx, e)
	})
}

// change changes the user that an event is about, if it is news.
func change(ctx context.Context, tx *sql.Tx, e userevents.Event) error {
	moved, err := tx.ExecContext(ctx, `
		INSERT INTO users_version (id, version) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version
		WHERE users_version.version < excluded.version`, e.UserID, e.Version)
	if err != nil {
		return err
	}
	if rows, err := moved.RowsAffected(); err != nil || rows == 0 {
		return err // old news
	}
	if e.Action == userevents.Deleted {
		_, err := tx.ExecContext(ctx, `DELETE FROM users_identity WHERE id = $1`, e.UserID) // the profile goes with it
		return err
	}
	// Created and updated alike mean "this is the user now".
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO users_identity (id, email, username, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username, updated_at = excluded.updated_at`,
		e.UserID, e.Email, e.Username, e.Time); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO users_profile (id, created_at, updated_at) VALUES ($1, $2, $2)
		ON CONFLICT (id) DO NOTHING`, e.UserID, e.Time)
	return err
}
