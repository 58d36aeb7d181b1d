package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"gofiber-auth/pkg/userevents"
)

// What Profile returns instead of a profile.
var (
	errUnknown = errors.New("the user's created event has not arrived yet")
	errDeleted = errors.New("the user was deleted")
)

// Users keeps a copy of the identities, and the profiles that belong to them.
type Users struct{ db *sql.DB }

//go:embed schema.sql
var schema string

// OpenUsers opens a PostgreSQL by its URL or else an SQLite file, and makes the tables that
// are missing. The statements are the same for both.
func OpenUsers(ctx context.Context, at string) (Users, error) {
	driver, source := "sqlite", "file:"+(&url.URL{Path: at}).EscapedPath()+
		"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate"
	if strings.HasPrefix(at, "postgres://") || strings.HasPrefix(at, "postgresql://") {
		driver, source = "pgx", at
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return Users{}, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return Users{}, errors.Join(fmt.Errorf("make the tables: %w", err), db.Close())
	}
	return Users{db}, nil
}

// Apply applies an event exactly once, however often and however late it comes. An error
// means that it shall come again.
func (u Users) Apply(ctx context.Context, e userevents.Event) error {
	tx, err := u.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
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
		_, err = tx.ExecContext(ctx, `DELETE FROM users_identity WHERE id = $1`, e.UserID) // the profile goes with it
	} else {
		err = upsert(ctx, tx, e)
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// upsert treats created and updated alike, as "this is the user now".
func upsert(ctx context.Context, tx *sql.Tx, e userevents.Event) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO users_identity (id, email, username, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (id) DO UPDATE SET email = excluded.email, username = excluded.username, updated_at = excluded.updated_at`,
		e.UserID, e.Email, e.Username, e.Time); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO users_profile (id, created_at, updated_at) VALUES ($1, $2, $2)
		ON CONFLICT (id) DO NOTHING`, e.UserID, e.Time)
	return err
}

// Profile is what this service shows of a user.
type Profile struct {
	ID          string  `json:"id"`
	Username    string  `json:"username"`
	DisplayName *string `json:"displayName"`
	Bio         *string `json:"bio"`
}

// Profile returns the profile of a user, errUnknown or errDeleted.
func (u Users) Profile(ctx context.Context, id string) (Profile, error) {
	var username, displayName, bio sql.NullString
	err := u.db.QueryRowContext(ctx, `
		SELECT i.username, p.display_name, p.bio FROM users_version v
		LEFT JOIN users_identity i ON i.id = v.id
		LEFT JOIN users_profile p ON p.id = v.id
		WHERE v.id = $1`, id).Scan(&username, &displayName, &bio)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Profile{}, errUnknown
	case err == nil && !username.Valid:
		return Profile{}, errDeleted
	}
	return Profile{ID: id, Username: username.String, DisplayName: pointer(displayName), Bio: pointer(bio)}, err
}

// SetProfile changes what a user says of himself or herself. It returns what Profile returns.
func (u Users) SetProfile(ctx context.Context, p Profile) (Profile, error) {
	if _, err := u.db.ExecContext(ctx, `UPDATE users_profile SET display_name = $2, bio = $3, updated_at = $4 WHERE id = $1`,
		p.ID, p.DisplayName, p.Bio, time.Now().UTC()); err != nil {
		return Profile{}, err
	}
	return u.Profile(ctx, p.ID)
}

// Close closes the database.
func (u Users) Close() error { return u.db.Close() }

func pointer(s sql.NullString) *string {
	if !s.Valid {
		return nil
	}
	return &s.String
}
