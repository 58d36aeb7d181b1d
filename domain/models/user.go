// Package models holds the entities of the service and their rules.
package models

import (
	"log/slog"
	"strings"
	"time"
)

// Role is what a user may do on this service. It never leaves it in an event.
type Role string

// The roles.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// User is one identity. Times are UTC with microseconds, the precision of the database.
type User struct {
	ID            string // a UUIDv7
	Email         string // lower case
	Username      string // as typed; unique without regard to case
	PasswordHash  string // empty where the user has no password
	DisplayName   *string
	Avatar        *string // an https URL
	Role          Role
	IsActive      bool
	IsOAuthUser   bool    // whether the account was made by a provider; stays as it was
	OAuthProvider *string // the first provider
	OAuthID       *string // the user's subject at the first provider
	EmailVerified bool
	PendingEmail  *PendingEmail // nil: no change of address waits for its proof
	Language      string        // "en" or "th", of the user's last request; empty where it is not known
	Version       int64         // the version of the newest event of this user; the first is 1
	LastLoginAt   *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// PendingEmail is an address that replaces the present one when its mailbox is proved.
type PendingEmail struct {
	Address   string // lower case
	ExpiresAt time.Time
}

// Pending returns the address that waits for its proof, or "" where none does at that time.
func (u User) Pending(now time.Time) string {
	if u.PendingEmail == nil || !now.Before(u.PendingEmail.ExpiresAt) {
		return ""
	}
	return u.PendingEmail.Address
}

// LogValue keeps everything but the id out of the logs.
func (u User) LogValue() slog.Value { return slog.GroupValue(slog.String("id", u.ID)) }

// HasPassword reports whether the user can log in with a password.
func (u User) HasPassword() bool { return u.PasswordHash != "" }

// IsActiveAdmin reports whether the user counts when the last admin is looked for.
func (u User) IsActiveAdmin() bool { return u.IsActive && u.Role == RoleAdmin }

// NormalizeEmail returns the form in which an e-mail address is stored and compared.
func NormalizeEmail(email string) string { return strings.ToLower(email) }

// SetEmail gives the user another e-mail address and reports whether that is a change of
// identity. A new address is not verified, and none waits beside it.
func (u *User) SetEmail(email string) (changed bool) {
	email = NormalizeEmail(email)
	if email == u.Email {
		return false
	}
	u.Email, u.EmailVerified, u.PendingEmail = email, false, nil
	return true
}

// AwaitEmail makes an address wait for its proof, in place of one that waits already, and reports
// whether that is a change. The present address ends the wait.
func (u *User) AwaitEmail(email string, expiresAt time.Time) (changed bool) {
	email = NormalizeEmail(email)
	if email == u.Email {
		changed = u.PendingEmail != nil
		u.PendingEmail = nil
		return changed
	}
	u.PendingEmail = &PendingEmail{Address: email, ExpiresAt: expiresAt}
	return true
}

// SetUsername gives the user another username and reports whether that is a change of
// identity; another spelling of the same letters is one.
func (u *User) SetUsername(username string) (changed bool) {
	changed = username != u.Username
	u.Username = username
	return changed
}

// Current returns an event that tells the user as it is, at its present version, for when the
// event of that version is no longer kept. It is no new event: Version stays.
func (u *User) Current(id string) OutboxEvent {
	action := ActionUpdated
	if u.Version == 1 {
		action = ActionCreated
	}
	return OutboxEvent{
		ID: id, UserID: u.ID, Version: u.Version, Action: action,
		Email: u.Email, Username: u.Username, OccurredAt: u.UpdatedAt,
	}
}

// Event returns the next event of the user and moves Version on to it: append it to the
// outbox in the transaction that saves the user.
func (u *User) Event(id string, action Action, requestID string, at time.Time) OutboxEvent {
	u.Version++
	return OutboxEvent{
		ID: id, UserID: u.ID, Version: u.Version, Action: action,
		Email: u.Email, Username: u.Username, RequestID: requestID, OccurredAt: at,
	}
}
