package authcode

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"gofiber-auth/domain/repositories"
)

// UsedStates is a repositories.UsedStates in the memory of one process, bounded by a number of
// states. It is safe for concurrent use. The zero value is not usable; see NewUsedStates.
type UsedStates struct {
	limit int
	now   func() time.Time

	mu     sync.Mutex
	known  map[string]struct{}
	oldest queue // the same states
}

var _ repositories.UsedStates = (*UsedStates)(nil)

// NewUsedStates returns an empty memory of at most limit states, by the given clock.
func NewUsedStates(limit int, now func() time.Time) *UsedStates {
	return &UsedStates{limit: limit, now: now, known: map[string]struct{}{}}
}

// MarkUsed implements repositories.UsedStates.
func (s *UsedStates) MarkUsed(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.oldest) > 0 && !now.Before(s.oldest[0].expires) {
		s.forgetOldest()
	}
	if _, used := s.known[key]; used {
		return false, nil
	}
	s.known[key] = struct{}{}
	heap.Push(&s.oldest, &entry{key: key, expires: now.Add(ttl)})
	if len(s.oldest) > s.limit {
		s.forgetOldest()
	}
	return true, nil
}

func (s *UsedStates) forgetOldest() {
	e := heap.Pop(&s.oldest).(*entry)
	delete(s.known, e.key)
}
