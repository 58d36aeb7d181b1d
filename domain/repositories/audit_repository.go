package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Audit is the audit log within a transaction.
type Audit interface {
	// Append writes an entry, which is never changed again but to forget a person.
	Append(ctx context.Context, e models.AuditEntry) error
	// Forget takes out of all entries about a user, and by a user, what is personal: address, user
	// agent and detail. The ids stay.
	Forget(ctx context.Context, userID string) error
}

// AuditReader reads the audit log.
type AuditReader interface {
	// Page returns up to q.Limit entries, the newest first, or domain.ErrNotFound where q.Before
	// is no id.
	Page(ctx context.Context, q AuditQuery) ([]models.AuditEntry, error)
}

// AuditQuery chooses a page of the audit log.
type AuditQuery struct {
	Before string             // the id that the page begins behind; empty is the newest
	UserID string             // only about this user; empty is all
	Action models.AuditAction // only these; empty is all
	Limit  int
}

// ExpiredAudit removes what need not be kept longer.
type ExpiredAudit interface {
	// DeleteAuditBefore removes up to limit entries from before t and returns how many.
	DeleteAuditBefore(ctx context.Context, t time.Time, limit int) (int64, error)
}
