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

// memoryDelivery is a user of whom events wait to be delivered by HTTP.
type memoryDelivery struct {
	eventID       string // the next to go out
	version, last int64  // of that event, and of the newest that waits
	failures      int
	next          time.Time
}

// ByHTTP is the unit of work whose events wait to be delivered by HTTP, too.
type ByHTTP struct{ *Memory }

// Do runs fn on a copy of the state, as Memory does.
func (m ByHTTP) Do(ctx context.Context, fn func(ctx context.Context, r repositories.Set) error) error {
	return m.do(ctx, fn, true)
}

// deliver puts an event behind those of its user that wait.
func (s *state) deliver(e models.OutboxEvent) {
	d, ok := s.deliveries[e.UserID]
	if !ok {
		d = memoryDelivery{eventID: e.ID, version: e.Version, next: time.Now()}
	}
	d.last = max(d.last, e.Version)
	s.deliveries[e.UserID] = d
}

// isDelivered reports whether the event does not wait to be delivered.
func (s *state) isDelivered(e models.OutboxEvent) bool {
	d, waits := s.deliveries[e.UserID]
	return !waits || e.Version < d.version || e.Version > d.last
}

// Due returns users' next events.
func (m *Memory) Due(ctx context.Context, q repositories.DeliveryQuery) ([]repositories.Delivery, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	var fresh, failed []memoryDelivery
	for _, d := range s.deliveries {
		switch {
		case d.failures == 0:
			fresh = append(fresh, d)
		case q.Early || !d.next.After(time.Now()):
			failed = append(failed, d)
		}
	}
	chosen := append(first(fresh, q.Fresh), first(failed, q.Failed)...)
	var due []repositories.Delivery
	for _, d := range first(chosen, len(chosen)) {
		due = append(due, repositories.Delivery{Event: s.events[d.eventID].OutboxEvent, Failures: d.failures})
	}
	return due, nil
}

// first returns the n whose turn it has been for longest.
func first(list []memoryDelivery, n int) []memoryDelivery {
	slices.SortFunc(list, func(a, b memoryDelivery) int {
		return cmp.Or(a.next.Compare(b.next), cmp.Compare(a.eventID, b.eventID))
	})
	return slices.Clone(list[:min(max(0, n), len(list))])
}

// Settle notes how tries ended.
func (m *Memory) Settle(ctx context.Context, results []repositories.DeliveryResult) error {
	return m.write(ctx, func(s *state) error {
		for _, result := range results {
			userID := s.events[result.EventID].UserID
			d, waits := s.deliveries[userID]
			switch {
			case !waits || d.eventID != result.EventID:
			case result.Failed:
				d.failures, d.next = d.failures+1, time.Now().Add(result.RetryIn)
				s.deliveries[userID] = d
			default:
				s.advance(userID, d)
			}
		}
		return nil
	})
}

// advance turns to the user's next event that waits.
func (s *state) advance(userID string, d memoryDelivery) {
	var next *models.OutboxEvent
	for _, e := range s.events {
		if e.UserID == userID && e.Version > d.version && e.Version <= d.last && (next == nil || e.Version < next.Version) {
			next = &e.OutboxEvent
		}
	}
	if next == nil {
		delete(s.deliveries, userID)
		return
	}
	s.deliveries[userID] = memoryDelivery{eventID: next.ID, version: next.Version, last: d.last, next: time.Now()}
}

// Hasten makes due what failed.
func (m *Memory) Hasten(ctx context.Context, limit int) (hastened int64, err error) {
	err = m.write(ctx, func(s *state) error {
		for _, userID := range slices.Sorted(maps.Keys(s.deliveries)) {
			if d := s.deliveries[userID]; d.failures > 0 && d.next.After(time.Now()) && hastened < int64(limit) {
				d.next = time.Now()
				s.deliveries[userID] = d
				hastened++
			}
		}
		return nil
	})
	return hastened, err
}

// Undelivered counts the events that wait.
func (m *Memory) Undelivered(ctx context.Context) (pending int64, oldest time.Time, err error) {
	s, err := m.read(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	head := ""
	for _, d := range s.deliveries {
		pending += d.last - d.version + 1
		if head == "" || d.eventID < head {
			head = d.eventID
		}
	}
	return pending, s.events[head].OccurredAt, nil
}
