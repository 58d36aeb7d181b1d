package models

import (
	"log/slog"
	"time"
)

// MailKind is what a mail is about; each has a template in each language.
type MailKind string

// The kinds of mail.
const (
	MailVerify          MailKind = "verify_email"     // to a new or changed address, with a link
	MailReset           MailKind = "reset_password"   // with a link
	MailEmailChanged    MailKind = "email_changed"    // to the address that was the account's
	MailPasswordChanged MailKind = "password_changed" // a notice
)

// Mail is a mail that has been promised and waits to be sent. It holds no token: one is made
// when it is sent, so that none lies in the database in the open.
type Mail struct {
	ID        string // a UUIDv7
	Kind      MailKind
	UserID    string // empty for a reset that was asked for by an address alone
	To        string // lower case
	Language  string // "en" or "th"
	RequestID string // of the request that caused it; may be empty
	// Detail is what the text names, such as a provider; never a secret.
	Detail map[string]string
	// RegistrationID is the pending registration that the mail is about; empty for all others.
	RegistrationID string
	CreatedAt      time.Time

	Attempts int // begun so far
	Refusals int // by the mail server, for good
}

// LogValue logs nothing of the person.
func (m Mail) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", m.ID), slog.String("kind", string(m.Kind)), slog.Int("attempts", m.Attempts))
}

// MailToken is what the database knows of a token that was mailed. A user has at most one of
// each purpose, the newest.
type MailToken struct {
	Hash      []byte // SHA-256 of the token
	Purpose   MailKind
	UserID    string
	Email     string // that it was sent to; it is good only while it is the user's
	ExpiresAt time.Time
}

// IsGoodFor reports whether the token, at that time, lets its bearer do to the user what its
// purpose says.
func (t MailToken) IsGoodFor(purpose MailKind, u User, now time.Time) bool {
	return t.Purpose == purpose && t.UserID == u.ID && t.Email == u.Email && u.IsActive && now.Before(t.ExpiresAt)
}
