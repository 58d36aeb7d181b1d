package hashing

import (
	"os"
	"runtime"
	"sync"
)

// raised is by how much all pools together have raised GOMAXPROCS. It is global because
// GOMAXPROCS is.
var raised struct {
	sync.Mutex
	by int
}

// raiseProcs gives the Go scheduler n more processors, or fewer. A goroutine that computes
// keeps its processor for 10 ms, and whatever is next on it waits; with as many processors
// as workers on top, somebody else's turn never waits for one of them.
//
// The runtime no longer follows a changed cgroup limit by itself after this.
func raiseProcs(n int) {
	raised.Lock()
	defer raised.Unlock()
	if n != 0 {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
		raised.by += n
	}
}

// usableCPUs returns how many CPUs the process may keep busy, at least 1.
func usableCPUs() int {
	raised.Lock()
	defer raised.Unlock()
	// The runtime counts the CPUs of the affinity mask and rounds a cgroup's limit up, to no
	// less than 2.
	procs := runtime.GOMAXPROCS(0) - raised.by
	if limit, ok := cgroupLimit(os.DirFS("/")); ok {
		// Rounded down: whoever exceeds the limit is halted, other requests included, for
		// the rest of its period, and no priority helps.
		procs = min(procs, int(limit))
	}
	return max(procs, 1)
}
