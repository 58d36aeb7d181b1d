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
	Version       int64
	LastLoginAt   *time.Time
	CreatedAt     time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

func (userRow) TableName() string { return "users" }

// userColumns is the columns of users u in the order of userRow.dest.
const userColumns = `u.id, u.email, u.username, u.password, u.display_name, u.avatar, u.role, u.is_active,
	u.is_oauth_user, u.oauth_provider, u.oauth_id, u.email_verified, u.version, u.last_login_at, u.created_at, u.updated_at`

// dest returns where to scan userColumns.
func (r *userRow) dest() []any {
	return []any{
		&r.ID, &r.Email, &r.Username, &r.Password, &r.DisplayName, &r.Avatar, &r.Role, &r.IsActive,
		&r.IsOAuthUser, &r.OAuthProvider, &r.OAuthID, &r.EmailVerified, &r.Version, &r.LastLoginAt, &r.CreatedAt, &r.UpdatedAt,
	}
}

func newUserRow(u models.User) userRow {
	row := userRow{
		ID: u.ID, Email: u.Email, Username: u.Username,
		DisplayName: u.DisplayName, Avatar: u.Avatar, Role: string(u.Role), IsActive: u.IsActive,
		IsOAuthUser: u.IsOAuthUser, OAuthProvider: u.OAuthProvider, OAuthID: u.OAuthID,
		EmailVerified: u.EmailVerified, Version: u.Version,
		LastLoginAt: storedPointer(u.LastLoginAt), CreatedAt: stored(u.CreatedAt), UpdatedAt: stored(u.UpdatedAt),
	}
	if u.HasPassword() {
		row.Password = &u.PasswordHash
	}
	return row
}

func (r *userRow) model() models.User {
	u := models.User{
		ID: r.ID, Email: r.Email, Username: r.Username,
		DisplayName: r.DisplayName, Avatar: r.Avatar, Role: models.Role(r.Role), IsActive: r.IsActive,
		IsOAuthUser: r.IsOAuthUser, OAuthProvider: r.OAuthProvider, OAuthID: r.OAuthID,
		EmailVerified: r.EmailVerified, Version: r.Version,
		LastLoginAt: storedPointer(r.LastLoginAt), CreatedAt: stored(r.CreatedAt), UpdatedAt: stored(r.UpdatedAt),
	}
	if r.Password != nil {
		u.PasswordHash = *r.Password
	}
	return u
}
