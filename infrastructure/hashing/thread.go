package hashing

import "runtime"

// runLow runs work on a thread of its own whose priority was lowered, and sends nil to
// ready; or, where lowering fails, on any thread after sending why.
//
// The thread ends with the goroutine, which never unlocks it: a lowered priority cannot be
// raised again without privileges. The runtime starts no thread from a locked one, so
// nothing inherits it.
func runLow(lower func() error, ready chan<- error, work func()) {
	runtime.LockOSThread()
	if isMainThread() {
		// Not this one: the process's signals are handled on it first. While it is held
		// here, the next goroutine is on another.
		elsewhere := make(chan struct{})
		over := make(chan struct{})
		go func() {
			defer close(over)
			runtime.LockOSThread()
			close(elsewhere)
			lowerAndRun(lower, ready, work)
		}()
		<-elsewhere
		runtime.UnlockOSThread()
		<-over
		return
	}
	lowerAndRun(lower, ready, work)
}

func lowerAndRun(lower func() error, ready chan<- error, work func()) {
	err := lower()
	if err != nil {
		runtime.UnlockOSThread()
	}
	ready <- err
	work()
}
