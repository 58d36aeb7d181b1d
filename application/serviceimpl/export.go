package serviceimpl

import (
	"context"
	"time"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// exportedEntries is how many entries of the audit log an export holds at most: about 4 MB. Only
// somebody who is attacked has more, and pages through the rest.
const (
	exportedEntries = 10_000
	exportedPage    = 1_000 // entries read at once
	exportedEvents  = 1_000 // that are kept for a week; nobody changes names as often
)

// ExportsDeps is all that Exports needs. Every field is required.
type ExportsDeps struct {
	Work       repositories.UnitOfWork
	Identities repositories.IdentityReader
	Sessions   repositories.SessionLister
	Audit      repositories.AuditReader
	Events     repositories.EventHistory
	Now        func() time.Time // UTC, in microseconds
	NewID      func() string    // a UUIDv7
}

// Exports gives people what is held about them.
type Exports struct{ ExportsDeps }

var _ services.Exporter = (*Exports)(nil)

// NewExports returns Exports on the given parts.
func NewExports(d ExportsDeps) *Exports { return &Exports{d} }

// Export implements services.Exporter. It is written down before anything is read, so it stands
// in the export itself.
func (e *Exports) Export(ctx context.Context, p models.Principal) (dto.Export, error) {
	now := e.Now()
	err := e.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		user, err := lock(ctx, r, p, false)
		if err != nil {
			return err
		}
		p.User = user
		return r.Audit.Append(ctx, entryOf(ctx, e.NewID(), models.AuditExported, user.ID, now, nil))
	})
	if err != nil {
		return dto.Export{}, err
	}
	identities, err := e.Identities.OfUser(ctx, p.User.ID)
	if err != nil {
		return dto.Export{}, err
	}
	sessions, err := e.Sessions.LiveOf(ctx, p.User.ID, now)
	if err != nil {
		return dto.Export{}, err
	}
	entries, truncated, err := e.entries(ctx, p.User.ID)
	if err != nil {
		return dto.Export{}, err
	}
	events, err := e.Events.EventsOf(ctx, p.User.ID, exportedEvents)
	if err != nil {
		return dto.Export{}, err
	}
	return dto.Export{
		ExportedAt: now, User: dto.NewUser(p.User), Version: p.User.Version, OAuthID: p.User.OAuthID,
		HasPassword: p.User.HasPassword(), Identities: dto.NewExportIdentities(identities),
		Sessions: dto.NewSessions(sessions, p.Session.ID),
		Audit:    dto.NewAuditEntries(entries), AuditTruncated: truncated,
		Events: dto.NewExportEvents(events),
	}, nil
}

// entries returns the newest entries about the user, and whether there are older ones.
func (e *Exports) entries(ctx context.Context, userID string) (all []models.AuditEntry, truncated bool, err error) {
	q := repositories.AuditQuery{UserID: userID, Limit: exportedPage}
	for {
		page, err := e.Audit.Page(ctx, q)
		if err != nil {
			return nil, false, err
		}
		if len(all) == exportedEntries {
			return asTheirsSee(all), len(page) > 0, nil
		}
		all = append(all, page...)
		if len(page) < exportedPage {
			return asTheirsSee(all), false, nil
		}
		q.Before = page[len(page)-1].ID
	}
}
