// Package repositories holds the ports to the database. Every method returns
// domain.ErrUnavailable when the database is away and domain.ErrOverloaded when its pool
// gave no connection in time; what else a method returns, its comment says.
package repositories

import "context"

// Set is the repositories that share one transaction.
type Set struct {
	Users      Users
	Sessions   Sessions
	Identities Identities
	Tokens     MailTokens
	Mails      Mails
	Audit      Audit
	Outbox     Outbox

	Registrations Registrations
	Devices       Devices
}

// UnitOfWork runs fn in one transaction: committed if fn returns nil, else rolled back.
// fn may run again after a serialization failure, so it touches nothing but r.
type UnitOfWork interface {
	Do(ctx context.Context, fn func(ctx context.Context, r Set) error) error
}
