package serviceimpl

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/contextutil"
)

// entryOf returns the entry of what was just done to an account, by whoever makes the request.
// Append it in the transaction that does it. The detail is kept and shown: neither a secret nor
// an e-mail address belongs there.
func entryOf(ctx context.Context, id string, action models.AuditAction, userID string, now time.Time, detail map[string]string) models.AuditEntry {
	caller := contextutil.CallerOf(ctx)
	e := models.AuditEntry{
		ID: id, Action: action, UserID: userID, ActorID: caller.UserID, IP: caller.IP, UserAgent: caller.UserAgent,
		RequestID: contextutil.RequestID(ctx), At: now, Detail: map[string]string{},
	}
	for key, value := range detail {
		e.Detail[key] = value
	}
	if caller.Tool != "" {
		e.Detail["by"] = caller.Tool
	}
	return e
}

// oneselfOf is entryOf for somebody whom the request proves to be the user without an access
// token, such as by a password.
func oneselfOf(ctx context.Context, id string, action models.AuditAction, userID string, now time.Time, detail map[string]string) models.AuditEntry {
	e := entryOf(ctx, id, action, userID, now, detail)
	e.ActorID = userID
	return e
}

func methodOf(method string) map[string]string { return map[string]string{"method": method} }

func providerOf(provider string) map[string]string { return map[string]string{"provider": provider} }

// failedLogIns writes down who was not let in.
type failedLogIns struct {
	work  repositories.UnitOfWork
	now   func() time.Time
	newID func() string
}

// note writes down that somebody was refused at the account of userID, which is empty where
// nobody has the name that was given, and returns why: err. What is no refusal (an overload, a
// database that is away) is not written down. Whoever is refused waits for one transaction,
// known or not, so that the time does not tell. Where it fails, that is returned instead: an
// attempt that nobody would hear of is none.
func (f failedLogIns) note(ctx context.Context, userID, method string, err error) error {
	refusal, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return err
	}
	switch refusal.Code {
	case domain.ErrCredentials.Code, domain.ErrWrongPassword.Code, domain.ErrAccountDisabled.Code, domain.ErrAccountExists.Code,
		domain.ErrLoginRequired.Code:
	default:
		return err
	}
	detail := map[string]string{"method": method, "reason": refusal.Code}
	failed := entryOf(ctx, f.newID(), models.AuditLogInFailed, userID, f.now(), detail)
	if noted := f.work.Do(ctx, func(ctx context.Context, r repositories.Set) error { return r.Audit.Append(ctx, failed) }); noted != nil {
		return noted
	}
	return err
}

// appendEntries appends entries in their order.
func appendEntries(ctx context.Context, r repositories.Set, entries ...models.AuditEntry) error {
	for _, e := range entries {
		if err := r.Audit.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// ownChanges returns the entries of what users changed of their own accounts.
func ownChanges(ctx context.Context, newID func() string, before, after models.User, now time.Time) []models.AuditEntry {
	var entries []models.AuditEntry
	if before.Email != after.Email {
		entries = append(entries, entryOf(ctx, newID(), models.AuditEmailChanged, after.ID, now, nil))
	}
	if before.Username != after.Username {
		entries = append(entries, entryOf(ctx, newID(), models.AuditUsernameChanged, after.ID, now, nil))
	}
	return entries
}

// adminChanges returns the entry of what an admin changed of somebody's account, or none. It
// names the fields, and tells those that say what the user may do.
func adminChanges(ctx context.Context, newID func() string, before, after models.User, now time.Time) []models.AuditEntry {
	var fields []string
	detail := map[string]string{}
	for _, f := range []struct {
		name    string
		changed bool
	}{
		{"email", before.Email != after.Email},
		{"username", before.Username != after.Username},
		{"displayName", !sameText(before.DisplayName, after.DisplayName)},
		{"avatar", !sameText(before.Avatar, after.Avatar)},
		{"role", before.Role != after.Role},
		{"isActive", before.IsActive != after.IsActive},
	} {
		if f.changed {
			fields = append(fields, f.name)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	detail["fields"] = strings.Join(fields, ",")
	if before.Role != after.Role {
		detail["role"] = string(after.Role)
	}
	if before.IsActive != after.IsActive {
		detail["isActive"] = strconv.FormatBool(after.IsActive)
	}
	return []models.AuditEntry{entryOf(ctx, newID(), models.AuditUserChanged, after.ID, now, detail)}
}
