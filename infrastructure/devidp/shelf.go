package devidp

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// shelfRoom is how much a shelf holds; what is put on a full one pushes the oldest off.
const shelfRoom = 10_000

// shelf keeps for a time what random tokens stand for. It knows hashes of the tokens only, so
// that how long a look-up takes tells nothing of a token.
type shelf[V any] struct {
	now func() time.Time
	ttl time.Duration

	mu     sync.Mutex
	places map[[sha256.Size]byte]*list.Element
	byAge  *list.List // of item[V], the oldest in front
}

type item[V any] struct {
	key   [sha256.Size]byte
	value V
	until time.Time
}

func newShelf[V any](now func() time.Time, ttl time.Duration) *shelf[V] {
	return &shelf[V]{now: now, ttl: ttl, places: map[[sha256.Size]byte]*list.Element{}, byAge: list.New()}
}

// put keeps a value and returns its token, which begins with prefix.
func (s *shelf[V]) put(prefix string, value V) string {
	token := prefix + newToken()
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidy()
	s.places[key] = s.byAge.PushBack(item[V]{key: key, value: value, until: s.now().Add(s.ttl)})
	return token
}

// get returns the value of a token and leaves it there.
func (s *shelf[V]) get(token string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _, ok := s.find(token)
	return i.value, ok
}

// take returns the value of a token and removes it: of many calls at once, one gets it.
func (s *shelf[V]) take(token string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, place, ok := s.find(token)
	if ok {
		s.remove(place)
	}
	return i.value, ok
}

func (s *shelf[V]) find(token string) (item[V], *list.Element, bool) {
	place, ok := s.places[sha256.Sum256([]byte(token))]
	if !ok {
		return item[V]{}, nil, false
	}
	i, ok := place.Value.(item[V])
	if !ok || !s.now().Before(i.until) {
		return item[V]{}, nil, false
	}
	return i, place, true
}

// tidy makes room for one more.
func (s *shelf[V]) tidy() {
	for place := s.byAge.Front(); place != nil; place = s.byAge.Front() {
		i, ok := place.Value.(item[V])
		if ok && s.now().Before(i.until) && s.byAge.Len() < shelfRoom {
			return
		}
		s.remove(place)
	}
}

func (s *shelf[V]) remove(place *list.Element) {
	if i, ok := s.byAge.Remove(place).(item[V]); ok {
		delete(s.places, i.key)
	}
}

// newToken returns 256 random bits.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
