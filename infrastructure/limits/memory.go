package limits

import (
	"encoding/binary"
	"sync"
	"time"

	"gofiber-auth/domain/services"
)

const (
	keySize = 16 // bytes of a hashed key: more than anybody could make collide

	// slots is how many keys are kept, in 6 MB. A key is needed for as long as it is ahead: a
	// client's address for a minute, an account for a quarter of an hour.
	slots = 1 << 18

	// ways is in how many slots a key may be. Where all are taken, the one least ahead makes
	// room: what somebody has used up is what nobody can wash out with keys that are new.
	ways = 8
)

// memory is counts in the memory of this process, of a fixed size: a table without pointers, in
// which a key is looked for in few places.
type memory struct {
	now   func() time.Time
	start time.Time

	mu    sync.Mutex
	table []slot
}

// slot is a key and until when it is ahead, since the start of the process.
type slot struct {
	key   [keySize]byte
	until time.Duration
}

func newMemory(size int, now func() time.Time) *memory {
	return &memory{now: now, start: now(), table: make([]slot, size)}
}

// take counts one, if it may be.
func (m *memory) take(l services.Limit, key string) (allowed bool, ahead time.Duration) {
	interval, span := rate(l)
	now := m.now().Sub(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.find(key)
	if found {
		ahead = min(max(0, s.until-now), span)
	}
	if ahead+interval > span {
		return false, ahead
	}
	ahead += interval
	m.set(s, key, now+ahead)
	return true, ahead
}

// raise notes that a key is so far ahead at least. Of what others counted the answers may come in
// any order, so it takes nothing back.
func (m *memory) raise(key string, ahead time.Duration) {
	until := m.now().Sub(m.start) + ahead
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, found := m.find(key); !found || s.until < until {
		m.set(s, key, until)
	}
}

// forget makes a key as good as new.
func (m *memory) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, found := m.find(key); found {
		*s = slot{}
	}
}

// find returns the slot of a key or, where it has none, the one that it may have.
func (m *memory) find(key string) (place *slot, found bool) {
	first := int(binary.LittleEndian.Uint64([]byte(key)) % uint64(len(m.table)/ways) * ways) //nolint:gosec // less than the table's length
	set := m.table[first : first+ways]
	place = &set[0]
	for i := range set {
		if string(set[i].key[:]) == key {
			return &set[i], true
		}
		if set[i].until < place.until {
			place = &set[i]
		}
	}
	return place, false
}

func (m *memory) set(s *slot, key string, until time.Duration) {
	copy(s.key[:], key)
	s.until = until
}
