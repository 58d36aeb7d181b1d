package models

import (
	"log/slog"
	"time"
)

// MailKind is what a mail is about; each has a template in each language.
type MailKind string

// The kinds of mail with a link.
const (
	MailVerify             MailKind = "verify_email"        // to the present address
	MailVerifyPending      MailKind = "verify_pending"      // to the address that is to replace it
	MailVerifyRegistration MailKind = "verify_registration" // to the address of a pending registration
	MailReset              MailKind = "reset_password"
)

// The kinds of mail that tell what happened. They hold no token.
const (
	MailEmailChangeStarted MailKind = "email_change_started"     // to the present address
	MailEmailChanged       MailKind = "email_changed"            // to the address that was the account's
	MailEmailTaken         MailKind = "email_taken"              // to the owner of an address that another request named
	MailUseProvider        MailKind = "use_provider"             // in place of a link to a new password; Detail: MailProvider
	MailPasswordChanged    MailKind = "password_changed"         //
	MailIdentityLinked     MailKind = "identity_linked"          // Detail: MailProvider
	MailIdentityUnlinked   MailKind = "identity_unlinked"        // Detail: MailProvider
	MailNewDevice          MailKind = "new_device"               // Detail: MailDevice, MailNetwork
	MailAdminChangedEmail  MailKind = "admin_changed_email"      // to the address that was the account's
	MailAdminChangedRole   MailKind = "admin_changed_role"       // Detail: MailRole
	MailAccountDeleted     MailKind = "account_deleted"          // to the address that was the account's
	MailDeletedByAdmin     MailKind = "account_deleted_by_admin" // to the address that was the account's
)

// The keys of Mail.Detail.
const (
	MailProvider = "provider" // its name in addresses
	MailRole     = "role"
	MailDevice   = "device"
	MailNetwork  = "network"
)

// Mail is a mail that has been promised and waits to be sent. It holds no token: one is made
// when it is sent, so that none lies in the database in the open.
type Mail struct {
	ID        string // a UUIDv7
	Kind      MailKind
	UserID    string // empty where the user is not known, or is being deleted
	To        string // lower case
	Language  string // "en" or "th"
	RequestID string // of the request that caused it; may be empty
	// Detail is what the text names, such as a provider; never a secret.
	Detail map[string]string
	// RegistrationID is the pending registration that the mail is about; empty for all others.
	RegistrationID string
	// Unproved says that the address was not proved to be the user's when a notice was enqueued:
	// the mail counts against the quota of the address, and is dropped beyond it.
	Unproved  bool
	CreatedAt time.Time

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
	Email     string // that it was sent to; the token is good only while it is the user's
	ExpiresAt time.Time
}

// IsGoodFor reports whether the token, at that time, lets its bearer do to the user what its
// purpose says.
func (t MailToken) IsGoodFor(purpose MailKind, u User, now time.Time) bool {
	address := u.Email
	if purpose == MailVerifyPending {
		address = u.Pending(now)
	}
	return t.Purpose == purpose && t.UserID == u.ID && t.Email == address && u.IsActive && now.Before(t.ExpiresAt)
}
