package models

import "time"

// RefreshGrace is how long after its first use a refresh token may come again: several tabs of
// one browser refresh at once, and an answer may be lost on its way.
const RefreshGrace = 10 * time.Second

// RefreshToken is what the database knows of a refresh token: never the token itself. It is kept
// when it has been used, as long as its session, so that who brings it again is found out.
type RefreshToken struct {
	Hash      []byte // SHA-256 of the token
	SessionID string
	Parent    []byte // hash of the token that it is a successor of; empty for the first
	CreatedAt time.Time
	UsedAt    *time.Time // its first use; nil: not used yet
	Salt      []byte     // of a used token: its successor is derived from the token with this
}

// Refresh is a refresh token that somebody has brought.
type Refresh struct {
	Principal     Principal // of the token's session
	Token         RefreshToken
	SuccessorUsed bool // whether a successor of the token has been used
}

// IsReuse reports whether the token comes from two hands: it has been used before, and either so
// long ago that nobody who holds its successor would still send it, or the successor is in use.
func (r Refresh) IsReuse(now time.Time) bool {
	return r.Token.UsedAt != nil && (r.SuccessorUsed || now.Sub(*r.Token.UsedAt) > RefreshGrace)
}
