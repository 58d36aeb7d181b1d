package dto

import "time"

// AuditQuery chooses a page of the audit log.
type AuditQuery struct {
	UserID string // empty: everybody's
	Action string // empty: all
	Before string // the id that the page begins behind; empty is the newest
	Limit  int
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

// Export is all that is held about a user.
type Export struct {
	ExportedAt  time.Time        `json:"exportedAt"`
	User        User             `json:"user"`
	HasPassword bool             `json:"hasPassword"`
	Identities  []ExportIdentity `json:"identities"`
	Sessions    []Session        `json:"sessions"`
	Audit       []AuditEntry     `json:"audit"`
}

// ExportIdentity is an identity with what its provider told of the person.
type ExportIdentity struct {
	LinkedIdentity

	Profile        map[string]any `json:"profile"`
	HasAccessToken bool           `json:"hasAccessToken"`
}
