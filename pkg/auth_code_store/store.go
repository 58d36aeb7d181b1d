// Package authcode keeps short-lived single-use values, such as OAuth states and one-time
// codes, in the memory of one process. It is for log-in through providers, which is still to
// come; nothing uses it yet.
package authcode

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"time"
)

// ErrNotFound says that there is no such code: never given out, used already, or expired.
var ErrNotFound = errors.New("no such code")

// ErrFull says that too many codes are waiting to be used.
var ErrFull = errors.New("too many codes")

// Store maps codes to values. Each code works once, within the store's lifetime of it. It
// keeps the codes' SHA-256 hashes only. The zero value is not usable; see New.
type Store[T any] struct {
	lifetime time.Duration
	capacity int
	now      func() time.Time

	mu      sync.Mutex
	entries map[[sha256.Size]byte]entry[T]
	sweepAt time.Time
}

type entry[T any] struct {
	value   T
	expires time.Time
}

// New returns an empty store whose codes live for lifetime, of at most capacity codes, by
// the given clock.
func New[T any](lifetime time.Duration, capacity int, now func() time.Time) *Store[T] {
	return &Store[T]{lifetime: lifetime, capacity: capacity, now: now, entries: map[[sha256.Size]byte]entry[T]{}}
}

// Put keeps value and returns its code: 256 random bits, URL-safe. It returns ErrFull when
// the store holds as many codes as it may.
func (s *Store[T]) Put(value T) (code string, err error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // it never fails: crypto/rand ends the process instead
	code = base64.RawURLEncoding.EncodeToString(random)
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.After(s.sweepAt) || len(s.entries) >= s.capacity {
		s.sweep(now)
	}
	if len(s.entries) >= s.capacity {
		return "", ErrFull
	}
	s.entries[sha256.Sum256([]byte(code))] = entry[T]{value: value, expires: now.Add(s.lifetime)}
	return code, nil
}

// Take returns the value of the code and forgets it; of many calls at once, one gets it. It
// returns ErrNotFound.
func (s *Store[T]) Take(code string) (T, error) {
	key := sha256.Sum256([]byte(code))
	s.mu.Lock()
	defer s.mu.Unlock()
	e, found := s.entries[key]
	delete(s.entries, key)
	if !found || !s.now().Before(e.expires) {
		var none T
		return none, ErrNotFound
	}
	return e.value, nil
}

// sweep forgets what has expired; at most once per lifetime, unless the store is full.
func (s *Store[T]) sweep(now time.Time) {
	for key, e := range s.entries {
		if !now.Before(e.expires) {
			delete(s.entries, key)
		}
	}
	s.sweepAt = now.Add(s.lifetime)
}
