package devidp

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	s := newShelf[int](func() time.Time { return now }, time.Minute)
	tokens := make([]string, shelfRoom+1)
	for n := range tokens {
		tokens[n] = s.put("", n)
	}
	if _, ok := s.get(tokens[0]); ok || s.byAge.Len() != shelfRoom || len(s.places) != shelfRoom {
		t.Errorf("the oldest is there: %t; %d are held, %d are known", ok, s.byAge.Len(), len(s.places))
	}
	if n, ok := s.get(tokens[1]); !ok || n != 1 {
		t.Errorf("the next is %d, %t", n, ok)
	}
	now = now.Add(time.Minute)
	if _, ok := s.get(tokens[shelfRoom]); ok {
		t.Error("one is there after its time")
	}
	s.put("", 1)
	if s.byAge.Len() != 1 || len(s.places) != 1 {
		t.Errorf("%d are held, %d are known", s.byAge.Len(), len(s.places))
	}
}

func TestShelfGivesOnce(t *testing.T) {
	t.Parallel()
	s := newShelf[string](time.Now, time.Minute)
	token := s.put("prefix-", "value")
	var won atomic.Int32
	var takers sync.WaitGroup
	for range 20 {
		takers.Go(func() {
			if value, ok := s.take(token); ok && value == "value" {
				won.Add(1)
			}
		})
	}
	takers.Wait()
	if won.Load() != 1 || s.byAge.Len() != 0 || len(s.places) != 0 {
		t.Errorf("%d of 20 got it; %d are held", won.Load(), s.byAge.Len())
	}
}
