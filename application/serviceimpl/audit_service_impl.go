package serviceimpl

import (
	"context"
	"strings"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// AuditLog reads the audit log.
type AuditLog struct{ entries repositories.AuditReader }

var _ services.AuditLog = (*AuditLog)(nil)

// NewAuditLog returns the AuditLog of the given entries.
func NewAuditLog(entries repositories.AuditReader) *AuditLog { return &AuditLog{entries} }

// Audit implements services.AuditLog.
func (l *AuditLog) Audit(ctx context.Context, q dto.AuditQuery) ([]models.AuditEntry, bool, error) {
	if err := checkBody(q); err != nil {
		return nil, false, err
	}
	entries, err := l.entries.Page(ctx, repositories.AuditQuery{
		Before: q.Before, UserID: q.UserID, Action: models.AuditAction(q.Action), Limit: q.Limit + 1,
	})
	if err != nil {
		return nil, false, err
	}
	return entries[:min(q.Limit, len(entries))], len(entries) > q.Limit, nil
}

// OwnAudit implements services.AuditLog.
func (l *AuditLog) OwnAudit(ctx context.Context, p models.Principal, q dto.AuditQuery) ([]models.AuditEntry, bool, error) {
	q.UserID = p.User.ID
	entries, more, err := l.Audit(ctx, q)
	return asTheirsSee(entries), more, err
}

// asTheirsSee takes out of entries about a user from where others acted, whom the user need not
// find. Where nobody is known to have acted, as at a log-in that failed, it is what the user
// wants to know.
func asTheirsSee(entries []models.AuditEntry) []models.AuditEntry {
	for i, e := range entries {
		if e.ActorID != "" && e.ActorID != e.UserID {
			entries[i].IP, entries[i].UserAgent = "", ""
		}
	}
	return entries
}

// auditActions is every action, for the rule of validation.
func auditActions() string {
	var names []string
	for _, action := range models.AuditActions() {
		names = append(names, string(action))
	}
	return strings.Join(names, " ")
}
