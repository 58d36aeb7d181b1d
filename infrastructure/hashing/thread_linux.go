package hashing

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// workerNice is how far below the process a worker is. A tenth of a contended CPU is left to
// it, all of an idle one. The lowest priority protects other requests no better and leaves
// 1.5 %: the garbage collector, which stops the world by asking every thread to stop, then
// waits for a worker to be scheduled, and everything with it (docs/adr/0002).
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
