package models

import "time"

// Session is one log-in of one user. It ends by being deleted.
type Session struct {
	ID         string // a UUIDv7; the sid of its access tokens
	UserID     string
	Method     string // how it began: MethodPassword or a provider; empty where that was not recorded
	UserAgent  string // of the client that logged in, at most 512 bytes
	IP         string // of the client that logged in
	CreatedAt  time.Time
	LastUsedAt time.Time // when tokens were last issued for it
	ExpiresAt  time.Time // REFRESH_EXPIRES_IN after CreatedAt, never extended
}

// MethodPassword is the Method of a session that began by a password.
const MethodPassword = "password"

// BeganBy reports whether the session began by the method, as far as is known.
func (s Session) BeganBy(method string) bool { return s.Method == "" || s.Method == method }

// IsLive reports whether the session has not outlived its absolute lifetime.
func (s Session) IsLive(now time.Time) bool { return now.Before(s.ExpiresAt) }

// IsRecent reports whether the log-in is recent enough to stand for a password where a
// user has none.
func (s Session) IsRecent(now time.Time) bool { return now.Sub(s.CreatedAt) <= 10*time.Minute }

// Client is where a request came from.
type Client struct {
	IP        string
	UserAgent string
}

// Principal is who makes a request: the user and the session of the access token, as the
// database has them now.
type Principal struct {
	User    User
	Session Session
}
