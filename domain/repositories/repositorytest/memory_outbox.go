package repositorytest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"gofiber-auth/domain"
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
func (m *Memory) MarkPublished(ctx context.Context, l repositories.Lease, acks []repositories.Published, at time.Time) error {
	return m.write(ctx, func(s *state) error {
		if err := s.leased(l); err != nil {
			return err
		}
		for _, ack := range acks {
			if e, ok := s.events[ack.EventID]; ok && e.publishedAt.IsZero() {
				e.publishedAt, e.ack = kept(at), ack
				s.events[ack.EventID] = e
			}
		}
		return nil
	})
}

// leased returns repositories.ErrLeaseLost unless the lease is the holder's.
func (s state) leased(l repositories.Lease) error {
	if l != (repositories.Lease{}) && s.leases[l.Name].holder != l.Holder {
		return repositories.ErrLeaseLost
	}
	return nil
}

// RequeueLost puts lost events on the queue again.
func (m *Memory) RequeueLost(ctx context.Context, lease repositories.Lease, l repositories.Loss, limit int) (requeued int64, err error) {
	err = m.write(ctx, func(s *state) error {
		if err := s.leased(lease); err != nil {
			return err
		}
		for _, e := range s.published() {
			lost := e.isLost(l) && (e.ack.StreamID != l.StreamID || e.ack.StreamSequence >= l.From) && !e.publishedAt.Before(kept(l.Since))
			d, gone := s.deletionOf(e.UserID)
			if lost && (!gone || d.ID == e.ID || d.isLost(l)) && requeued < int64(limit) {
				s.requeue(e)
				requeued++
			}
		}
		return nil
	})
	return requeued, err
}

func (e memoryEvent) isLost(l repositories.Loss) bool {
	return e.ack.StreamID != l.StreamID || e.ack.StreamSequence < l.First || e.ack.StreamSequence > l.Last ||
		slices.Contains(l.Deleted, e.ack.StreamSequence)
}

// published returns the published events in the order of user and version.
func (s state) published() []memoryEvent {
	var events []memoryEvent
	for _, e := range s.events {
		if !e.publishedAt.IsZero() {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b memoryEvent) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.Version, b.Version))
	})
	return events
}

// deletionOf returns the published event that says that the user was deleted.
func (s state) deletionOf(userID string) (memoryEvent, bool) {
	for _, e := range s.published() {
		if e.UserID == userID && e.Action == models.ActionDeleted {
			return e, true
		}
	}
	return memoryEvent{}, false
}

func (s state) requeue(e memoryEvent) {
	e.publishedAt, e.ack = time.Time{}, repositories.Published{}
	s.events[e.ID] = e
}

// Requeue puts published events on the queue again.
func (m *Memory) Requeue(ctx context.Context, sel repositories.Selection, after repositories.Place, limit int) (n int64, last repositories.Place, err error) {
	last = after
	err = m.write(ctx, func(s *state) error {
		for _, e := range s.published() {
			place := repositories.Place{UserID: e.UserID, Version: e.Version}
			behind := cmp.Or(cmp.Compare(e.UserID, after.UserID), cmp.Compare(e.Version, after.Version)) > 0
			_, gone := s.deletionOf(e.UserID)
			if !behind || n == int64(limit) || sel.UserID != "" && sel.UserID != e.UserID ||
				e.OccurredAt.Before(kept(sel.Since)) || gone && e.Action != models.ActionDeleted {
				continue
			}
			s.requeue(e)
			n, last = n+1, place
		}
		return nil
	})
	return n, last, err
}

// WithoutEvent finds the users whose newest event is gone.
func (m *Memory) WithoutEvent(ctx context.Context, sel repositories.Selection, after string, limit int) (found []repositories.Place, err error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		u, has := s.users[id], false
		for _, e := range s.events {
			has = has || e.UserID == id && e.Version == u.Version
		}
		if !has && id > after && len(found) < limit && (sel.UserID == "" || sel.UserID == id) && !u.UpdatedAt.Before(kept(sel.Since)) {
			found = append(found, repositories.Place{UserID: id, Version: u.Version})
		}
	}
	return found, nil
}

// Waiting counts the events that wait and happened before t.
func (m *Memory) Waiting(ctx context.Context, t time.Time) (n int64, err error) {
	s, err := m.read(ctx)
	for _, e := range s.pending() {
		if e.OccurredAt.Before(kept(t)) {
			n++
		}
	}
	return n, err
}

// LastPublished returns the newest acknowledgement.
func (m *Memory) LastPublished(ctx context.Context) (repositories.Published, time.Time, error) {
	s, err := m.read(ctx)
	if err != nil {
		return repositories.Published{}, time.Time{}, err
	}
	var newest memoryEvent
	for _, e := range s.published() {
		if c := e.publishedAt.Compare(newest.publishedAt); c > 0 || c == 0 && e.ack.StreamSequence > newest.ack.StreamSequence {
			newest = e
		}
	}
	if newest.publishedAt.IsZero() {
		return repositories.Published{}, time.Time{}, domain.ErrNotFound
	}
	return newest.ack, newest.publishedAt, nil
}

// LastSequence returns the highest acknowledged sequence of a stream.
func (m *Memory) LastSequence(ctx context.Context, streamID int64) (last uint64, err error) {
	s, err := m.read(ctx)
	for _, e := range s.published() {
		if e.ack.StreamID == streamID {
			last = max(last, e.ack.StreamSequence)
		}
	}
	return last, err
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
			if !e.publishedAt.IsZero() && e.publishedAt.Before(kept(t)) && s.isDelivered(e.OutboxEvent) && deleted < int64(limit) {
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
