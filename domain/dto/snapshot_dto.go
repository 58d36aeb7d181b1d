package dto

import "gofiber-auth/domain/models"

// SnapshotUser is a user as other services keep one: the fields of an event, and the version
// that they are of.
type SnapshotUser struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Version  int64  `json:"version"`
}

// NewSnapshotUser returns what other services may see of u.
func NewSnapshotUser(u models.User) SnapshotUser {
	return SnapshotUser{ID: u.ID, Email: u.Email, Username: u.Username, Version: u.Version}
}

// SnapshotPage is one page of GET /internal/users. NextCursor is empty on the last page.
// StreamSequence is the first page's on every page.
type SnapshotPage struct {
	Users          []SnapshotUser `json:"users"`
	NextCursor     string         `json:"nextCursor"`
	StreamSequence uint64         `json:"streamSequence"`
}
