package dto

import (
	"time"

	"gofiber-auth/domain/models"
)

// The validate tags name rules of application/serviceimpl/validation.go, which checks every
// body whichever way it came in; what is Optional and what is a password it checks by name.

// RegisterRequest is the body of POST /auth/register.
type RegisterRequest struct {
	Email       string  `json:"email" validate:"email_address"`
	Username    string  `json:"username" validate:"username"`
	Password    string  `json:"password" validate:"required"`
	DisplayName *string `json:"displayName" validate:"omitnil,display_name"`

	RefreshCookie bool `json:"refreshCookie"`
}

// LoginRequest is the body of POST /auth/login: an e-mail address or a username, and a password.
type LoginRequest struct {
	Email    string `json:"email" validate:"required_without=Username"`
	Username string `json:"username"`
	Password string `json:"password" validate:"required"`

	RefreshCookie bool `json:"refreshCookie"`
}

// UpdateUserRequest is the body of PATCH /users/me.
type UpdateUserRequest struct {
	Email           Optional[string] `json:"email"`
	Username        Optional[string] `json:"username"`
	DisplayName     Optional[string] `json:"displayName"`
	Avatar          Optional[string] `json:"avatar"`
	CurrentPassword Optional[string] `json:"currentPassword"`
}

// ChangePasswordRequest is the body of PUT /users/me/password.
type ChangePasswordRequest struct {
	CurrentPassword string `json:"currentPassword"`
	NewPassword     string `json:"newPassword" validate:"required"`

	RefreshCookie bool `json:"refreshCookie"`
}

// DeleteUserRequest is the body of DELETE /users/me and DELETE /users/{id}.
type DeleteUserRequest struct {
	CurrentPassword string `json:"currentPassword"`
}

// CreateUserRequest is the body of POST /users, an admin's.
type CreateUserRequest struct {
	Email       string  `json:"email" validate:"email_address"`
	Username    string  `json:"username" validate:"username"`
	Password    *string `json:"password"`
	DisplayName *string `json:"displayName" validate:"omitnil,display_name"`
	Role        *string `json:"role" validate:"omitnil,role"`
}

// AdminUpdateUserRequest is the body of PATCH /users/{id}, an admin's.
type AdminUpdateUserRequest struct {
	Email       Optional[string] `json:"email"`
	Username    Optional[string] `json:"username"`
	DisplayName Optional[string] `json:"displayName"`
	Avatar      Optional[string] `json:"avatar"`
	Role        Optional[string] `json:"role"`
	IsActive    Optional[bool]   `json:"isActive"`
	// CurrentPassword proves an admin who changes the own e-mail address.
	CurrentPassword Optional[string] `json:"currentPassword"`
}

// User is a user as clients see one: never the password hash or a provider's token.
type User struct {
	ID            string     `json:"id"`
	Email         string     `json:"email"`
	Username      string     `json:"username"`
	DisplayName   *string    `json:"displayName"`
	Avatar        *string    `json:"avatar"`
	Role          string     `json:"role"`
	IsActive      bool       `json:"isActive"`
	IsOAuthUser   bool       `json:"isOauthUser"`
	OAuthProvider *string    `json:"oauthProvider"`
	EmailVerified bool       `json:"emailVerified"`
	LastLoginAt   *time.Time `json:"lastLoginAt"`
	CreatedAt     time.Time  `json:"createdAt"`
	UpdatedAt     time.Time  `json:"updatedAt"`
	PendingEmail  *string    `json:"pendingEmail"` // takes effect when it is verified
	HasPassword   bool       `json:"hasPassword"`
}

// NewUser returns what clients may see of u.
func NewUser(u models.User) User {
	var pending *string
	if address := u.Pending(time.Now()); address != "" {
		pending = &address
	}
	return User{
		ID: u.ID, Email: u.Email, Username: u.Username, DisplayName: u.DisplayName, Avatar: u.Avatar,
		Role: string(u.Role), IsActive: u.IsActive, IsOAuthUser: u.IsOAuthUser, OAuthProvider: u.OAuthProvider,
		EmailVerified: u.EmailVerified, LastLoginAt: u.LastLoginAt, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		PendingEmail: pending, HasPassword: u.HasPassword(),
	}
}

// UserPage is one page of GET /users. NextCursor is empty on the last page.
type UserPage struct {
	Users      []User `json:"users"`
	NextCursor string `json:"nextCursor"`
}

// Auth is the answer to a log-in or a refresh. Durations are in seconds. RefreshToken is absent
// where it goes by cookie.
type Auth struct {
	Token            string `json:"token"`
	TokenType        string `json:"tokenType"`
	ExpiresIn        int64  `json:"expiresIn"`
	RefreshToken     string `json:"refreshToken,omitempty"`
	RefreshExpiresIn int64  `json:"refreshExpiresIn"`
	User             User   `json:"user"`
}
