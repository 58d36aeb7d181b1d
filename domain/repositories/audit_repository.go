package repositories

import (
	"context"
	"time"

	"gofiber-auth/domain/models"
)

// Audit is the audit log within a transaction.
type Audit interface {
	// Append writes an entry, which is never changed again but by Forget. Where its user or its
	// actor is gone, it is written without address and user agent: a request that crosses a
	// deletion leaves nothing of the person. It locks the user against deletion: call it behind
	// Users.ForUpdate or, where there is none, before other rows of the user are locked.
	Append(ctx context.Context, e models.AuditEntry) error
	// Forget takes out of all entries about a user and by a user what is personal: address and
	// user agent; of the former the detail, too. The ids stay. Call it behind Users.Delete: it
	// fails while the user is there, and there are such entries.
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
