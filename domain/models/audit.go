package models

import (
	"log/slog"
	"time"
)

// AuditAction is what was done, in the words of the audit log. An action never changes its name.
type AuditAction string

// The actions.
const (
	AuditRegistered      AuditAction = "registered"
	AuditLoggedIn        AuditAction = "logged_in"
	AuditLogInFailed     AuditAction = "login_failed"
	AuditLoggedOut       AuditAction = "logged_out"
	AuditRefreshReused   AuditAction = "refresh_token_reused"
	AuditCodeReused      AuditAction = "oauth_code_reused"
	AuditSessionEnded    AuditAction = "session_ended"
	AuditSessionsEnded   AuditAction = "sessions_ended" // all, or all but one
	AuditPasswordChanged AuditAction = "password_changed"
	AuditPasswordReset   AuditAction = "password_reset"
	AuditResetRequested  AuditAction = "password_reset_requested"
	AuditEmailAwaited    AuditAction = "email_change_started"
	AuditEmailChanged    AuditAction = "email_changed"
	AuditEmailVerified   AuditAction = "email_verified"
	AuditUsernameChanged AuditAction = "username_changed"
	AuditLinked          AuditAction = "identity_linked"
	AuditUnlinked        AuditAction = "identity_unlinked"
	AuditHandedOver      AuditAction = "account_handed_over" // to who proved the e-mail address
	AuditUserCreated     AuditAction = "user_created"        // by an admin
	AuditUserChanged     AuditAction = "user_changed"        // by an admin
	AuditUserDeleted     AuditAction = "user_deleted"
	AuditExported        AuditAction = "data_exported"
)

// AuditActions returns every action.
func AuditActions() []AuditAction {
	return []AuditAction{
		AuditRegistered, AuditLoggedIn, AuditLogInFailed, AuditLoggedOut, AuditRefreshReused, AuditCodeReused,
		AuditSessionEnded, AuditSessionsEnded, AuditPasswordChanged, AuditPasswordReset, AuditResetRequested,
		AuditEmailAwaited, AuditEmailChanged, AuditEmailVerified, AuditUsernameChanged, AuditLinked, AuditUnlinked, AuditHandedOver,
		AuditUserCreated, AuditUserChanged, AuditUserDeleted, AuditExported,
	}
}

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	ID        string // a UUIDv7
	Action    AuditAction
	UserID    string // whose account; empty where it is nobody's
	ActorID   string // who did it; empty where nobody had proved to be anybody, and for the system
	IP        string
	UserAgent string
	RequestID string
	At        time.Time
	Detail    map[string]string // never a secret, and no e-mail address
}

// LogValue logs nothing of the person.
func (e AuditEntry) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("action", string(e.Action)))
}
