package repositorytest

import (
	"errors"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
)

// oneTime is a store with what its tests say of it.
type oneTime struct{ repositories.OneTimeStore }

func (s oneTime) put(t *testing.T, key, value string, ttl time.Duration) {
	t.Helper()
	noError(t, "Put()", s.Put(t.Context(), key, []byte(value), ttl))
}

func (s oneTime) want(t *testing.T, key, value string, uses int) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	wantValue(t, "Get()", got, err, value, uses)
}

func (s oneTime) wantUse(t *testing.T, key, value string, keep time.Duration, uses int) {
	t.Helper()
	got, err := s.Use(t.Context(), key, keep)
	wantValue(t, "Use()", got, err, value, uses)
}

// putUsed puts a value and uses it once for each of keeps. Where a use came after the end of
// the value, on a busy machine, it begins anew.
func (s oneTime) putUsed(t *testing.T, key string, ttl time.Duration, keeps ...time.Duration) {
	t.Helper()
	soon(t, "the value is used in time", func() bool {
		s.put(t, key, "value", ttl)
		for i, keep := range keeps {
			got, err := s.Use(t.Context(), key, keep)
			if errors.Is(err, domain.ErrNotFound) {
				return false
			}
			wantValue(t, "Use()", got, err, "value", i+1)
		}
		return true
	})
}

func (s oneTime) wantTaken(t *testing.T, key, value string) {
	t.Helper()
	got, err := s.Take(t.Context(), key)
	wantValue(t, "Take()", repositories.OneTimeValue{Value: got}, err, value, 0)
}

func wantValue(t *testing.T, what string, got repositories.OneTimeValue, err error, value string, uses int) {
	t.Helper()
	noError(t, what, err)
	if string(got.Value) != value || got.Uses != uses {
		t.Fatalf("%s = %.80q with %d uses, want %.80q with %d", what, got.Value, got.Uses, value, uses)
	}
}

func (s oneTime) wantAbsent(t *testing.T, key string) {
	t.Helper()
	wantError(t, "Get()", errOf(s.Get(t.Context(), key)), domain.ErrNotFound)
	wantError(t, "Use()", errOf(s.Use(t.Context(), key, time.Minute)), domain.ErrNotFound)
	wantError(t, "Take()", errOf(s.Take(t.Context(), key)), domain.ErrNotFound)
}

// soonAbsent waits until a value has grown too old.
func (s oneTime) soonAbsent(t *testing.T, key string) {
	t.Helper()
	soon(t, "the value is too old", func() bool {
		_, err := s.Get(t.Context(), key)
		if errors.Is(err, domain.ErrNotFound) {
			return true
		}
		noError(t, "Get()", err)
		return false
	})
	s.wantAbsent(t, key)
}
