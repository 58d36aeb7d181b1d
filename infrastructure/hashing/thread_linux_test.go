package hashing

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// onMain is the thread that does the work of a runLow that was called on the main one.
var onMain int

// An init function is the one place of a test that is sure to run on the main thread.
func init() {
	if unix.Gettid() == unix.Getpid() {
		runLow(func() error { return nil }, make(chan error, 1), func() { onMain = unix.Gettid() })
	}
}

func TestWorkersLeaveTheMainThreadAlone(t *testing.T) {
	t.Parallel()
	if onMain == 0 || onMain == unix.Getpid() {
		t.Errorf("work from the main thread %d runs on thread %d", unix.Getpid(), onMain)
	}
}

// Not parallel: it looks at GOMAXPROCS, which is the whole process's.
func TestWorkersYieldAndTheRestDoesNot(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	normal := niceness(t)
	p, q := New(Options{Cost: 4, Workers: 3}), New(Options{Cost: 4, Workers: 2})
	if got := runtime.GOMAXPROCS(0); got != before+5 {
		t.Errorf("GOMAXPROCS with pools of 3 and 2 workers = %d, want %d", got, before+5)
	}
	if got := usableCPUs(); got > before {
		t.Errorf("usableCPUs() beside other pools = %d of %d", got, before)
	}

	// All three at once, so that each worker has one.
	type thread struct{ nice, id int }
	var threads []thread
	seen := make(chan thread)
	release := make(chan struct{})
	done := make(chan error)
	for range 3 {
		go func() {
			done <- p.do(t.Context(), func() {
				seen <- thread{niceness(t), unix.Gettid()}
				<-release
			})
		}()
	}
	for range 3 {
		threads = append(threads, <-seen)
	}
	close(release)
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	distinct := map[int]bool{}
	for _, th := range threads {
		if th.nice != min(normal+workerNice, 19) {
			t.Errorf("a worker's niceness is %d, beside %d of others", th.nice, normal)
		}
		distinct[th.id] = true
	}
	if len(distinct) != 3 {
		t.Errorf("three workers have %d threads", len(distinct))
	}

	// The first to come is the first to go, and again.
	p.Close()
	p.Close()
	if got := runtime.GOMAXPROCS(0); got != before+2 {
		t.Errorf("GOMAXPROCS after the pool of 3 closed = %d, want %d", got, before+2)
	}
	q.Close()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS after all pools closed = %d, want %d", got, before)
	}
	for range 100 {
		runtime.LockOSThread()
		if got := niceness(t); got != normal {
			t.Errorf("a goroutine runs at niceness %d after the pools closed, want %d", got, normal)
		}
		runtime.UnlockOSThread()
		runtime.Gosched()
	}
}

// niceness of the calling thread.
func niceness(t *testing.T) int {
	t.Helper()
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Errorf("read priority: %v", err)
	}
	return 20 - raw
}
