package postgres

import (
	"time"

	"gofiber-auth/domain/models"
)

// userRow is a row of users. Times are set by whoever makes the user, never by GORM.
type userRow struct {
	ID            string `gorm:"primaryKey"`
	Email         string
	Username      string
	Password      *string
	DisplayName   *string
	Avatar        *string
	Role          string
	IsActive      bool
	IsOAuthUser   bool    `gorm:"column:is_oauth_user"`
	OAuthProvider *string `gorm:"column:oauth_provider"`
	OAuthID       *string `gorm:"column:oauth_id"`
	EmailVerified bool

	PendingEmail          *string
	PendingEmailExpiresAt *time.Time
	Language              string

	Version     int64
	LastLoginAt *time.Time
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

func (userRow) TableName() string { return "users" }

// columns is every column of users.
func (r *userRow) columns() []column {
	return []column{
		{"id", &r.ID}, {"email", &r.Email}, {"username", &r.Username}, {"password", &r.Password},
		{"display_name", &r.DisplayName}, {"avatar", &r.Avatar}, {"role", &r.Role}, {"is_active", &r.IsActive},
		{"is_oauth_user", &r.IsOAuthUser}, {"oauth_provider", &r.OAuthProvider}, {"oauth_id", &r.OAuthID},
		{"email_verified", &r.EmailVerified}, {"pending_email", &r.PendingEmail},
		{"pending_email_expires_at", &r.PendingEmailExpiresAt}, {"language", &r.Language}, {"version", &r.Version},
		{"last_login_at", &r.LastLoginAt}, {"created_at", &r.CreatedAt}, {"updated_at", &r.UpdatedAt},
	}
}

// userColumns is the columns of users u in the order of userRow.dest.
var userColumns = columnNames("u", new(userRow).columns())

// dest returns where to scan userColumns.
func (r *userRow) dest() []any { return destinations(r.columns()) }

func newUserRow(u models.User) userRow {
	row := userRow{
		ID: u.ID, Email: u.Email, Username: u.Username,
		DisplayName: u.DisplayName, Avatar: u.Avatar, Role: string(u.Role), IsActive: u.IsActive,
		IsOAuthUser: u.IsOAuthUser, OAuthProvider: u.OAuthProvider, OAuthID: u.OAuthID,
		EmailVerified: u.EmailVerified, Language: u.Language, Version: u.Version,
		LastLoginAt: storedPointer(u.LastLoginAt), CreatedAt: stored(u.CreatedAt), UpdatedAt: stored(u.UpdatedAt),
	}
	if u.HasPassword() {
		row.Password = &u.PasswordHash
	}
	if u.PendingEmail != nil {
		row.PendingEmail, row.PendingEmailExpiresAt = &u.PendingEmail.Address, storedPointer(&u.PendingEmail.ExpiresAt)
	}
	return row
}

func (r *userRow) model() models.User {
	u := models.User{
		ID: r.ID, Email: r.Email, Username: r.Username,
		DisplayName: r.DisplayName, Avatar: r.Avatar, Role: models.Role(r.Role), IsActive: r.IsActive,
		IsOAuthUser: r.IsOAuthUser, OAuthProvider: r.OAuthProvider, OAuthID: r.OAuthID,
		EmailVerified: r.EmailVerified, Language: r.Language, Version: r.Version,
		LastLoginAt: storedPointer(r.LastLoginAt), CreatedAt: stored(r.CreatedAt), UpdatedAt: stored(r.UpdatedAt),
	}
	if r.Password != nil {
		u.PasswordHash = *r.Password
	}
	if r.PendingEmail != nil && r.PendingEmailExpiresAt != nil {
		u.PendingEmail = &models.PendingEmail{Address: *r.PendingEmail, ExpiresAt: stored(*r.PendingEmailExpiresAt)}
	}
	return u
}
