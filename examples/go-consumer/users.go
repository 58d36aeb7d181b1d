package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"gofiber-auth/pkg/userevents/userstore"
)

// What Profile returns instead of a profile.
var (
	errUnknown = errors.New("the user's created event has not arrived yet")
	errDeleted = errors.New("the user was deleted")
)

// Users keeps a copy of the identities, and the profiles that belong to them. The Store does
// the former; what follows here is this service's own.
type Users struct{ *userstore.Store }

// OpenUsers opens a PostgreSQL by its URL or else an SQLite file, and makes the tables that
// are missing.
func OpenUsers(ctx context.Context, at string) (Users, error) {
	store, err := userstore.Open(ctx, at)
	return Users{store}, err
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
	err := u.DB().QueryRowContext(ctx, `
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
	if _, err := u.DB().ExecContext(ctx, `UPDATE users_profile SET display_name = $2, bio = $3, updated_at = $4 WHERE id = $1`,
		p.ID, p.DisplayName, p.Bio, time.Now().UTC()); err != nil {
		return Profile{}, err
	}
	return u.Profile(ctx, p.ID)
}

func pointer(s sql.NullString) *string {
	if !s.Valid {
		return nil
	}
	return &s.String
}
