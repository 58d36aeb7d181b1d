package dto

import (
	"encoding/json"
	"time"

	"gofiber-auth/domain/models"
)

// AuditQuery chooses a page of the audit log.
type AuditQuery struct {
	UserID string `json:"userId" validate:"omitempty,user_id"`      // empty: everybody's
	Action string `json:"action" validate:"omitempty,audit_action"` // empty: all
	Before string `json:"-"`                                        // the id that the page begins behind; empty is the newest
	Limit  int    `json:"-"`
}

// AuditEntry is an entry of the audit log as clients see it. What is absent is null.
type AuditEntry struct {
	ID        string            `json:"id"`
	Action    string            `json:"action"`
	UserID    *string           `json:"userId"`
	ActorID   *string           `json:"actorId"`
	IP        *string           `json:"ip"`
	UserAgent *string           `json:"userAgent"`
	RequestID *string           `json:"requestId"`
	At        time.Time         `json:"at"`
	Detail    map[string]string `json:"detail"`
}

// AuditPage is one page of the audit log. NextCursor is empty on the last page.
type AuditPage struct {
	Entries    []AuditEntry `json:"entries"`
	NextCursor string       `json:"nextCursor"`
}

// Export is all that is held about a user, but for secrets: of those it tells that they are there.
type Export struct {
	ExportedAt     time.Time        `json:"exportedAt"`
	User           User             `json:"user"`
	Version        int64            `json:"version"` // of the user's newest event
	OAuthID        *string          `json:"oauthId"` // at the provider that made the account
	HasPassword    bool             `json:"hasPassword"`
	Identities     []ExportIdentity `json:"identities"`
	Sessions       []Session        `json:"sessions"`
	Audit          []AuditEntry     `json:"audit"`
	AuditTruncated bool             `json:"auditTruncated"` // whether there are older entries than these
	Events         []ExportEvent    `json:"events"`         // that other services got, as far as they are kept
}

// ExportEvent is what other services were told of the user.
type ExportEvent struct {
	ID         string    `json:"id"`
	Version    int64     `json:"version"`
	Action     string    `json:"action"`
	Email      string    `json:"email"`
	Username   string    `json:"username"`
	RequestID  *string   `json:"requestId"`
	OccurredAt time.Time `json:"occurredAt"`
}

// ExportIdentity is an identity with what its provider told of the person.
type ExportIdentity struct {
	LinkedIdentity

	UpdatedAt       time.Time       `json:"updatedAt"`
	Profile         json.RawMessage `json:"profile"` // as the provider told it; null where it told nothing
	HasAccessToken  bool            `json:"hasAccessToken"`
	HasRefreshToken bool            `json:"hasRefreshToken"`
}

// NewAuditEntries returns the entries as clients see them; never nil.
func NewAuditEntries(entries []models.AuditEntry) []AuditEntry {
	seen := make([]AuditEntry, len(entries))
	for i, e := range entries {
		seen[i] = AuditEntry{
			ID: e.ID, Action: string(e.Action), UserID: orNull(e.UserID), ActorID: orNull(e.ActorID), IP: orNull(e.IP),
			UserAgent: orNull(e.UserAgent), RequestID: orNull(e.RequestID), At: e.At, Detail: e.Detail,
		}
	}
	return seen
}

// NewExportEvents returns the events as their user sees them; never nil.
func NewExportEvents(events []models.OutboxEvent) []ExportEvent {
	seen := make([]ExportEvent, len(events))
	for i, e := range events {
		seen[i] = ExportEvent{
			ID: e.ID, Version: e.Version, Action: string(e.Action), Email: e.Email, Username: e.Username,
			RequestID: orNull(e.RequestID), OccurredAt: e.OccurredAt,
		}
	}
	return seen
}

// NewExportIdentities returns the identities with what is held of them; never nil.
func NewExportIdentities(identities []models.OAuthProvider) []ExportIdentity {
	linked := NewLinkedIdentities(identities)
	seen := make([]ExportIdentity, len(identities))
	for i, p := range identities {
		seen[i] = ExportIdentity{
			LinkedIdentity: linked[i], UpdatedAt: p.UpdatedAt, Profile: p.ProfileData,
			HasAccessToken: p.AccessToken != "", HasRefreshToken: p.RefreshToken != "",
		}
	}
	return seen
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
