package repositorytest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// memoryAudit is the audit log within a unit of work.
type memoryAudit struct{ *state }

func (r memoryAudit) Append(ctx context.Context, e models.AuditEntry) error {
	if _, ok := r.audit[e.ID]; ok {
		return errors.New("append audit entry: the id is in use")
	}
	e.UserID, e.ActorID = idOrNothing(e.UserID), idOrNothing(e.ActorID)
	e.IP, e.UserAgent, e.RequestID, e.At = clean(e.IP), clean(e.UserAgent), clean(e.RequestID), kept(e.At)
	detail := map[string]string{}
	for key, value := range e.Detail {
		detail[clean(key)] = clean(value)
	}
	e.Detail = detail
	if r.isGone(e.UserID) || r.isGone(e.ActorID) {
		e.IP, e.UserAgent = "", ""
	}
	r.audit[e.ID] = e
	return gone(ctx)
}

// isGone reports whether the id is that of a user who is not there.
func (s *state) isGone(id string) bool {
	_, ok := s.users[id]
	return id != "" && !ok
}

func (r memoryAudit) Forget(ctx context.Context, userID string) error {
	userID = strings.ToLower(userID)
	for id, e := range r.audit {
		if userID == "" || e.UserID != userID && e.ActorID != userID {
			continue
		}
		if !r.isGone(userID) {
			return errors.New("forget a person: the user is there")
		}
		e.IP, e.UserAgent = "", ""
		if e.UserID == userID {
			e.Detail = map[string]string{}
		}
		r.audit[id] = e
	}
	return gone(ctx)
}

func idOrNothing(id string) string {
	if !isID(id) {
		return ""
	}
	return strings.ToLower(id)
}

// AuditLog is the audit log in memory.
type AuditLog struct{ *Memory }

// Page returns domain.ErrNotFound where q.Before is no id.
func (m AuditLog) Page(ctx context.Context, q repositories.AuditQuery) ([]models.AuditEntry, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	if q.Before != "" && !isID(q.Before) {
		return nil, domain.ErrNotFound
	}
	var page []models.AuditEntry
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(s.audit))) {
		e := s.audit[id]
		if (q.Before == "" || id < strings.ToLower(q.Before)) && (q.UserID == "" || e.UserID == strings.ToLower(q.UserID)) &&
			(q.Action == "" || e.Action == q.Action) && len(page) < q.Limit {
			e.Detail = maps.Clone(e.Detail)
			page = append(page, e)
		}
	}
	return page, nil
}

// youngest is how old an entry has to be before it can go.
const youngest = 30 * time.Minute

// DeleteAuditBefore removes the oldest first. As a database does, it refuses what is too young.
func (m AuditLog) DeleteAuditBefore(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = m.write(ctx, func(s *state) error {
		old := slices.SortedFunc(maps.Values(s.audit), func(a, b models.AuditEntry) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
		})
		for _, e := range old {
			if !e.At.Before(kept(t)) || deleted >= int64(limit) {
				break
			}
			if time.Since(e.At) <= youngest {
				return errors.New("delete old audit entries: the entry is too young")
			}
			delete(s.audit, e.ID)
			deleted++
		}
		return nil
	})
	if err != nil {
		deleted = 0
	}
	return deleted, err
}

// EventsOf goes by the versions.
func (m *Memory) EventsOf(ctx context.Context, userID string, limit int) ([]models.OutboxEvent, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	var events []models.OutboxEvent
	for _, e := range s.events {
		if e.UserID == strings.ToLower(userID) {
			events = append(events, e.OutboxEvent)
		}
	}
	slices.SortFunc(events, func(a, b models.OutboxEvent) int { return cmp.Compare(b.Version, a.Version) })
	return events[:min(max(0, limit), len(events))], nil
}
