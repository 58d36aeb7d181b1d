package hashing

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// workerNice is how far below the rest of the process a worker is: it gets all of an idle CPU
// and a tenth of a contended one. The lowest priority, 19, gains other requests a millisecond
// and would get 1.5 %. The garbage collector stops the world by having every thread stop
// itself, so for a thread that is not scheduled everybody waits (docs/adr/0002).
const workerNice = 10

// lowerPriority makes the calling thread alone yield to others: Linux keeps niceness by thread.
func lowerPriority() error {
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return fmt.Errorf("read the thread's priority: %w", err)
	}
	nice := 20 - raw // the system call's answer is never negative
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, min(nice+workerNice, 19)); err != nil {
		return fmt.Errorf("lower the thread's priority: %w", err)
	}
	return nil
}

func isMainThread() bool { return unix.Gettid() == unix.Getpid() }
