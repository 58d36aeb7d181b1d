package hashing

import (
	"sync"
	"time"
)

// The bounds of what is told to a client that finds the queue full.
const (
	minRetry = time.Second
	maxRetry = time.Minute
)

// pace is the time that one job takes a worker, as it was measured lately. It is longer
// than the computation where workers have to share their CPUs.
type pace struct {
	mu      sync.Mutex
	perJob  time.Duration
	workers int
}

// newPace estimates the pace from a computation that takes a millisecond, a handful of times:
// the quickest of them had the CPU to itself.
func newPace(s scheme, workers int) *pace {
	quickest := time.Duration(1<<63 - 1)
	for range 3 {
		begin := time.Now()
		_ = s.compare(decoy(minCost), nil)
		quickest = min(quickest, time.Since(begin))
	}
	return &pace{perJob: quickest << (s.cost - minCost), workers: workers}
}

// observe takes a job's time into account, as an eighth of the average.
func (p *pace) observe(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.perJob += (d - p.perJob) / 8
}

// within returns how many jobs all workers get done in d.
func (p *pace) within(d time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(d * time.Duration(p.workers) / max(p.perJob, 1))
}

// retry returns when the workers will have done the given number of jobs, within the bounds.
func (p *pace) retry(jobs int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(p.perJob*time.Duration(jobs)/time.Duration(p.workers), minRetry), maxRetry)
}
