package repositorytest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// memorySessions is the sessions within a unit of work.
type memorySessions struct{ *state }

func (r memorySessions) Create(ctx context.Context, s models.Session, t models.RefreshToken) error {
	if _, ok := r.users[s.UserID]; !ok {
		return domain.ErrNotFound
	}
	s.UserAgent, s.IP = clean(s.UserAgent), clean(s.IP)
	s.CreatedAt, s.LastUsedAt, s.ExpiresAt = kept(s.CreatedAt), kept(s.LastUsedAt), kept(s.ExpiresAt)
	r.sessions[s.ID] = s
	r.put(t)
	return gone(ctx)
}

func (r memorySessions) ByID(ctx context.Context, sessionID string) (models.Session, error) {
	s, ok := r.sessions[strings.ToLower(sessionID)]
	if !ok {
		return models.Session{}, errors.Join(gone(ctx), domain.ErrNotFound)
	}
	return s, gone(ctx)
}

func (r memorySessions) ByRefreshToken(ctx context.Context, hash []byte) (models.Refresh, error) {
	t, ok := r.tokens[string(hash)]
	if !ok {
		return models.Refresh{}, errors.Join(gone(ctx), domain.ErrNotFound)
	}
	s := r.sessions[t.SessionID]
	refresh := models.Refresh{Principal: models.Principal{User: copyUser(r.users[s.UserID]), Session: s}, Token: t}
	for _, next := range r.tokens {
		refresh.SuccessorUsed = refresh.SuccessorUsed || next.UsedAt != nil && bytes.Equal(next.Parent, hash)
	}
	return refresh, gone(ctx)
}

func (r memorySessions) Rotate(ctx context.Context, s models.Session, successor models.RefreshToken) error {
	at := kept(successor.CreatedAt)
	if parent := r.tokens[string(successor.Parent)]; parent.UsedAt == nil {
		parent.UsedAt = &at
		r.put(parent)
	}
	r.put(successor)
	s = r.sessions[s.ID]
	s.LastUsedAt = at
	r.sessions[s.ID] = s
	return gone(ctx)
}

func (r memorySessions) put(t models.RefreshToken) {
	t.Hash, t.Parent, t.CreatedAt = slices.Clone(t.Hash), slices.Clone(t.Parent), kept(t.CreatedAt)
	r.tokens[string(t.Hash)] = t
}

func (r memorySessions) Delete(ctx context.Context, sessionID string) error {
	r.deleteSession(strings.ToLower(sessionID))
	return gone(ctx)
}

func (r memorySessions) DeleteOfUser(ctx context.Context, userID, keep string) error {
	for id, s := range r.sessions {
		if s.UserID == strings.ToLower(userID) && id != strings.ToLower(keep) {
			r.deleteSession(id)
		}
	}
	return gone(ctx)
}

func (s *state) deleteSession(id string) {
	delete(s.sessions, id)
	maps.DeleteFunc(s.tokens, func(_ string, t models.RefreshToken) bool { return t.SessionID == id })
}

// LiveAfter returns domain.ErrNotFound where after is no id.
func (m *Memory) LiveAfter(ctx context.Context, after string, t time.Time, limit int) ([]models.Session, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	if after != "" && !isID(after) {
		return nil, domain.ErrNotFound
	}
	var page []models.Session
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		if session := s.sessions[id]; len(page) < limit && id > strings.ToLower(after) && session.IsLive(kept(t)) {
			page = append(page, session)
		}
	}
	return page, nil
}

// LiveAmong passes over what is no id.
func (m *Memory) LiveAmong(ctx context.Context, ids []string, t time.Time) ([]string, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	var live []string
	for _, id := range ids {
		if session, ok := s.sessions[strings.ToLower(id)]; ok && session.IsLive(kept(t)) {
			live = append(live, session.ID)
		}
	}
	return live, nil
}
