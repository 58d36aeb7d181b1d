package models

import "time"

// RefreshToken is what the database knows of a refresh token: never the token itself. It is kept
// when it has been used, as long as its session, so that its reuse is noticed.
type RefreshToken struct {
	Hash      []byte // SHA-256 of the token
	SessionID string
	Parent    []byte // hash of the token that it is the successor of; empty for the first
	CreatedAt time.Time
	UsedAt    *time.Time // its first use; nil: not used yet
	Salt      []byte     // of a used token: its successor is derived from the token with this
}

// Refresh is a refresh token that a client presents.
type Refresh struct {
	Principal Principal // of the token's session
	Token     RefreshToken
	Successor RefreshToken // Hash and UsedAt alone; zero: the token has not been used
}

// IsReuse reports whether two parties hold the token: it has been used before, and either longer
// ago than the grace that parallel tabs and lost answers get, or its successor is in use.
func (r Refresh) IsReuse(now time.Time, grace time.Duration) bool {
	return r.Token.UsedAt != nil && (r.Successor.UsedAt != nil || now.Sub(*r.Token.UsedAt) > grace)
}
