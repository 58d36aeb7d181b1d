package repositorytest

import (
	"testing"
	"time"
)

var leaseTests = map[string]func(t *testing.T, s store){
	"one holder at a time, who may renew": func(t *testing.T, s store) {
		wantLease(t, s, "relay", "one", time.Minute, true)
		wantLease(t, s, "relay", "two", time.Minute, false)
		wantLease(t, s, "relay", "one", time.Minute, true)
		wantLease(t, s, "janitor", "two", time.Minute, true)
	},
	"who releases lets the next one in": func(t *testing.T, s store) {
		wantLease(t, s, "relay", "one", time.Minute, true)
		noError(t, "Release() by another", s.Leases.Release(t.Context(), "relay", "two"))
		wantLease(t, s, "relay", "two", time.Minute, false)
		noError(t, "Release()", s.Leases.Release(t.Context(), "relay", "one"))
		wantLease(t, s, "relay", "two", time.Minute, true)
	},
	"a lease that is not renewed is taken over": func(t *testing.T, s store) {
		wantLease(t, s, "relay", "one", 100*time.Millisecond, true)
		soon(t, "two has the lease of one", func() bool {
			held, err := s.Leases.Acquire(t.Context(), "relay", "two", time.Minute)
			noError(t, "Acquire()", err)
			return held
		})
		wantLease(t, s, "relay", "one", time.Minute, false)
	},
}

func wantLease(t *testing.T, s store, name, holder string, ttl time.Duration, want bool) {
	t.Helper()
	held, err := s.Leases.Acquire(t.Context(), name, holder, ttl)
	noError(t, "Acquire()", err)
	if held != want {
		t.Fatalf("%s has the lease %s: %v, want %v", holder, name, held, want)
	}
}
