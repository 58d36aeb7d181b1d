package harness

import (
	"errors"
	"testing"
	"time"
)

// Patience is far more than what is waited for takes.
const Patience = time.Minute

// ErrNotYet is for conditions that have nothing better to say.
var ErrNotYet = errors.New("not yet")

// Eventually waits for a condition, and fails with its last error.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	Within(t, Patience, what, condition)
}

// Within waits for a condition at most so long, and fails with its last error.
func Within(t testing.TB, patience time.Duration, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s: %v", patience, what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Await waits until c is closed.
func Await(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(Patience):
		t.Fatalf("not within %s: %s", Patience, what)
	}
}
