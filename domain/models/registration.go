package models

import (
	"log/slog"
	"slices"
	"strings"
	"time"
)

// RegistrationMode says who may make an account.
type RegistrationMode string

// The modes. The zero value is open.
const (
	RegistrationOpen     RegistrationMode = "open"
	RegistrationVerified RegistrationMode = "verified" // with an address that is proved
	RegistrationClosed   RegistrationMode = "closed"   // admins and operators alone
)

// RegistrationPolicy is who may make an account, and with which addresses. The zero value lets
// everyone in.
type RegistrationPolicy struct {
	Mode    RegistrationMode
	Domains []string // lower case; empty: all
}

// IsVerified reports whether an address must be proved before it has an account.
func (p RegistrationPolicy) IsVerified() bool { return p.Mode == RegistrationVerified }

// IsClosed reports whether people may not register themselves.
func (p RegistrationPolicy) IsClosed() bool { return p.Mode == RegistrationClosed }

// Allows reports whether an account that no admin makes may have the address.
func (p RegistrationPolicy) Allows(email string) bool {
	_, domain, _ := strings.Cut(NormalizeEmail(email), "@")
	return len(p.Domains) == 0 || slices.Contains(p.Domains, domain)
}

// Registration is a registration that waits for the proof of its address. It is no user: nothing
// is reserved, and several of one address may wait.
type Registration struct {
	ID           string // a UUIDv7
	Email        string // lower case
	Username     string
	PasswordHash string // empty where an identity registers
	DisplayName  *string
	TicketHash   []byte // of the ticket that stands for the identity; nil where a password registers
	Language     string // "en", "th" or empty
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// LogValue logs nothing of the person.
func (r Registration) LogValue() slog.Value { return slog.GroupValue(slog.String("id", r.ID)) }
