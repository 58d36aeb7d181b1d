package repositorytest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// pending returns the events that wait, oldest first.
func (s state) pending() []models.OutboxEvent {
	var events []models.OutboxEvent
	for _, id := range slices.Sorted(maps.Keys(s.events)) {
		if e := s.events[id]; e.publishedAt.IsZero() {
			events = append(events, e.OutboxEvent)
		}
	}
	return events
}

// Heads returns the oldest unpublished event of each user.
func (m *Memory) Heads(ctx context.Context, limit int) ([]models.OutboxEvent, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	lowest := map[string]models.OutboxEvent{}
	for _, e := range s.pending() {
		if low, ok := lowest[e.UserID]; !ok || e.Version < low.Version {
			lowest[e.UserID] = e
		}
	}
	heads := slices.SortedFunc(maps.Values(lowest), func(a, b models.OutboxEvent) int { return cmp.Compare(a.ID, b.ID) })
	return heads[:min(max(0, limit), len(heads))], nil
}

// MarkPublished takes acknowledged events off the queue.
func (m *Memory) MarkPublished(ctx context.Context, acks []repositories.Published, at time.Time) error {
	return m.write(ctx, func(s *state) error {
		for _, ack := range acks {
			if e, ok := s.events[ack.EventID]; ok && e.publishedAt.IsZero() {
				e.publishedAt = kept(at)
				s.events[ack.EventID] = e
			}
		}
		return nil
	})
}

// Backlog counts the events that wait.
func (m *Memory) Backlog(ctx context.Context) (pending int64, oldest time.Time, err error) {
	s, err := m.read(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	events := s.pending()
	if len(events) == 0 {
		return 0, time.Time{}, nil
	}
	return int64(len(events)), events[0].OccurredAt, nil
}

// DeletePublished removes events that were published before t.
func (m *Memory) DeletePublished(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = m.write(ctx, func(s *state) error {
		for id, e := range s.events {
			if !e.publishedAt.IsZero() && e.publishedAt.Before(kept(t)) && deleted < int64(limit) {
				delete(s.events, id)
				deleted++
			}
		}
		return nil
	})
	return deleted, err
}

// Acquire takes or renews the lease by the clock of the process.
func (m *Memory) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	err = m.write(ctx, func(s *state) error {
		now := time.Now()
		if l, ok := s.leases[name]; !ok || l.holder == holder || !l.expires.After(now) {
			s.leases[name] = memoryLease{holder, now.Add(ttl)}
			held = true
		}
		return nil
	})
	return held && err == nil, err
}

// Release ends the lease if holder has it.
func (m *Memory) Release(ctx context.Context, name, holder string) error {
	return m.write(ctx, func(s *state) error {
		if s.leases[name].holder == holder {
			delete(s.leases, name)
		}
		return nil
	})
}
