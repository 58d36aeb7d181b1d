package oauth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	keysFresh    = time.Hour        // then they are asked for again, on use
	keysKept     = 24 * time.Hour   // and used for so long while nobody answers
	unknownFor   = 10 * time.Second // a key that was asked for and is not there is not asked for again
	mostUnknown  = 256              // of such keys
	refreshBurst = 5                // so many refreshes at once,
	refreshEvery = 2 * time.Second  // and then one in this time
)

// keySet is the keys of a provider, asked for on first use and kept. A key that is not known is
// asked for once, by one call for all who wait, and so seldom that whoever forges tokens cannot
// make this service attack the provider.
type keySet struct {
	load  func(context.Context) ([]publicKey, error)
	now   func() time.Time
	bound time.Duration // for load
	limit *rate.Limiter

	mu      sync.Mutex
	keys    []publicKey
	loaded  time.Time            // when the keys came
	unknown map[string]time.Time // ids that were looked for in vain, and when
	flight  *flight              // the refresh that is under way; nil where none is
}

// flight is a refresh that others may wait for. It has landed when done is closed.
type flight struct {
	done chan struct{}
	err  error
}

func newKeySet(load func(context.Context) ([]publicKey, error), now func() time.Time, bound time.Duration) *keySet {
	return &keySet{
		load: load, now: now, bound: bound, unknown: map[string]time.Time{},
		limit: rate.NewLimiter(rate.Every(refreshEvery), refreshBurst),
	}
}

var (
	errUnknownKey = errors.New("id_token: the provider has no such key")
	errTooOften   = errors.New("id_token: the keys were refreshed too often to be refreshed for one more that is not known")
)

// find returns the key with that id for that algorithm. Without an id it returns the only key for
// the algorithm, if there is only one.
func (s *keySet) find(ctx context.Context, algorithm, id string) (any, error) {
	s.mu.Lock()
	key := s.pick(algorithm, id)
	fresh := s.now().Sub(s.loaded) < keysFresh
	if fresh && (key != nil || s.now().Sub(s.unknown[id]) < unknownFor) {
		s.mu.Unlock()
		if key == nil {
			return nil, errUnknownKey
		}
		return key, nil
	}
	f, own := s.refresh(ctx)
	s.mu.Unlock()

	err := errTooOften
	if f != nil {
		select {
		case <-f.done:
			err = f.err
		case <-ctx.Done():
			return nil, fmt.Errorf("jwks call: no answer in time: %w", ctx.Err())
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if key = s.pick(algorithm, id); key != nil {
		return key, nil // perhaps an old one, while the provider does not answer
	}
	if err != nil {
		return nil, err
	}
	if own { // who joined may have come after the provider answered, and may ask once more
		s.forget(id)
	}
	return nil, errUnknownKey
}

// pick returns the key among those that are not too old, or nil.
func (s *keySet) pick(algorithm, id string) (found any) {
	if s.now().Sub(s.loaded) >= keysKept {
		return nil
	}
	for _, k := range s.keys {
		switch {
		case k.algorithm != algorithm || id != "" && k.id != id:
		case found != nil:
			return nil // there is no telling which
		default:
			found = k.key
		}
	}
	return found
}

// refresh returns the refresh that is under way, or begins one of its own; nil where there have
// been too many. It does not end with the caller, since others wait for it as well; its own bound
// ends it.
func (s *keySet) refresh(ctx context.Context) (f *flight, own bool) {
	if s.flight != nil {
		return s.flight, false
	}
	if !s.limit.AllowN(s.now(), 1) {
		return nil, false
	}
	f = &flight{done: make(chan struct{})}
	s.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.bound)
	go func() {
		defer cancel()
		keys, err := s.load(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			s.keys, s.loaded = keys, s.now()
		}
		f.err, s.flight = err, nil
		close(f.done)
	}()
	return f, true
}

// forget notes that the provider has no key with that id.
func (s *keySet) forget(id string) {
	if len(s.unknown) >= mostUnknown {
		clear(s.unknown)
	}
	s.unknown[id] = s.now()
}
