// Package authcode keeps short-lived values, such as OAuth states and one-time codes, in the
// memory of one process: what a service of a single instance uses where there is no Redis.
package authcode

import (
	"bytes"
	"container/heap"
	"context"
	"sync"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
)

// overhead is about what an entry takes beside its key and its value: the entry itself, its
// place in the map and in the heap, and what allocations are rounded up by.
const overhead = 256

// Store is a repositories.OneTimeStore in memory, bounded by bytes. It is safe for concurrent
// use. The zero value is not usable; see New.
type Store struct {
	capacity int64
	now      func() time.Time

	mu      sync.Mutex
	entries map[string]*entry
	oldest  queue // the same entries
	size    int64 // of all of them
}

// New returns an empty store of at most so many bytes, keys, values and the store's own
// overhead counted, by the given clock.
func New(capacityBytes int64, now func() time.Time) *Store {
	return &Store{capacity: capacityBytes, now: now, entries: map[string]*entry{}}
}

var _ repositories.OneTimeStore = (*Store)(nil)

// Put implements repositories.OneTimeStore.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	e := &entry{key: key, value: bytes.Clone(value), expires: s.now().Add(ttl)}
	before := s.entries[key]
	if s.size-before.size()+e.size() > s.capacity {
		return domain.ErrOverloaded
	}
	s.remove(before)
	s.entries[key] = e
	s.size += e.size()
	heap.Push(&s.oldest, e)
	return nil
}

// Get implements repositories.OneTimeStore.
func (s *Store) Get(ctx context.Context, key string) (repositories.OneTimeValue, error) {
	if err := ctx.Err(); err != nil {
		return repositories.OneTimeValue{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(key)
	if err != nil {
		return repositories.OneTimeValue{}, err
	}
	return e.copy(), nil
}

// Take implements repositories.OneTimeStore.
func (s *Store) Take(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(key)
	if err != nil {
		return nil, err
	}
	s.remove(e)
	return e.value, nil // nobody else has it any more
}

// Use implements repositories.OneTimeStore.
func (s *Store) Use(ctx context.Context, key string, keep time.Duration) (repositories.OneTimeValue, error) {
	if err := ctx.Err(); err != nil {
		return repositories.OneTimeValue{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(key)
	if err != nil {
		return repositories.OneTimeValue{}, err
	}
	e.uses++
	if e.uses == 1 {
		e.expires = s.now().Add(keep)
		heap.Fix(&s.oldest, e.index)
	}
	return e.copy(), nil
}

// find returns what is there under the key and not too old.
func (s *Store) find(key string) (*entry, error) {
	s.sweep()
	e, found := s.entries[key]
	if !found {
		return nil, domain.ErrNotFound
	}
	return e, nil
}

// sweep removes what is too old. Each entry is removed once, so that over time it costs no
// more than putting them did.
func (s *Store) sweep() {
	for now := s.now(); len(s.oldest) > 0 && !now.Before(s.oldest[0].expires); {
		s.remove(s.oldest[0])
	}
}

// remove removes an entry of the store; nil is none.
func (s *Store) remove(e *entry) {
	if e == nil {
		return
	}
	heap.Remove(&s.oldest, e.index)
	delete(s.entries, e.key)
	s.size -= e.size()
}
