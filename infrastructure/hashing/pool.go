package hashing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

// The queue's length where none is given.
const (
	queueTime = 5 * time.Second
	minQueue  = 128
)

// Why a job is refused; the cause within domain.ErrOverloaded.
var (
	errFull   = errors.New("password queue is full")
	errClosed = errors.New("password pool is closed")
)

var _ services.PasswordHasher = (*Pool)(nil)

// Options are a Pool's settings. Only Cost is required.
type Options struct {
	Cost    int              // of bcrypt, for new hashes: 4 to 15
	Workers int              // hashes computed at a time; 0 is the CPUs that the process may use
	Queue   int              // hashes that wait; 0 is 5 seconds of work, at least 128
	Log     *slog.Logger     // nil discards
	Metrics *metrics.Metrics // nil keeps them to itself
}

// Pool hashes and verifies passwords on a fixed number of workers with a bounded queue, first
// come, first served. The workers run below the priority of everything else, on processors of
// their own, so that requests that hash nothing stay fast while it is full. It is safe for
// concurrent use. Close it to end its workers.
type Pool struct {
	scheme  scheme
	queue   *queue
	pace    *pace
	metrics *metrics.Metrics
	workers sync.WaitGroup
	raised  int // by how much the pool raised GOMAXPROCS
	once    sync.Once
}

// New starts a pool. It panics if Cost is out of range.
func New(o Options) *Pool { return newPool(o, lowerPriority) }

// newPool is New with the way to lower the priority of the calling thread.
func newPool(o Options, lower func() error) *Pool {
	if o.Cost < minCost || o.Cost > maxCost {
		panic(fmt.Sprintf("hashing: cost %d is not within %d and %d", o.Cost, minCost, maxCost))
	}
	if o.Workers <= 0 {
		o.Workers = usableCPUs()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	p := &Pool{scheme: newScheme(o.Cost), metrics: o.Metrics}
	p.pace = newPace(p.scheme, o.Workers)
	if o.Queue <= 0 {
		o.Queue = max(minQueue, p.pace.within(queueTime))
	}
	p.queue = newQueue(o.Workers, o.Queue)
	p.start(o, lower)
	return p
}

// start runs the workers and gives those of low priority processors of their own.
func (p *Pool) start(o Options, lower func() error) {
	ready := make(chan error)
	for range o.Workers {
		p.workers.Go(func() { runLow(lower, ready, p.work) })
	}
	var refused error
	for range o.Workers {
		if err := <-ready; err != nil {
			refused = err
		} else {
			p.raised++
		}
	}
	raiseProcs(p.raised)
	o.Log.Info("password pool started", "workers", o.Workers, "low_priority", p.raised, "queue", o.Queue, "cost", o.Cost)
	if refused != nil {
		o.Log.Warn("password workers keep normal priority: other requests are slower while passwords are hashed", "error", refused)
	}
}

// Close ends the workers after the jobs that they are at, fails those that wait, and returns
// when all of them are gone. What comes later fails as in a full queue.
func (p *Pool) Close() {
	p.once.Do(func() {
		for _, j := range p.queue.close() {
			p.metrics.PasswordQueue.Dec()
			j.err = errClosed
			close(j.done)
		}
		p.workers.Wait()
		raiseProcs(-p.raised)
	})
}

// Hash implements services.PasswordHasher.
func (p *Pool) Hash(ctx context.Context, password string) (string, error) {
	var hash string
	var failed error
	if err := p.do(ctx, func() { hash, failed = p.scheme.hash(password) }); err != nil {
		return "", err
	}
	return hash, failed
}

// Verify implements services.PasswordHasher. The password goes in as it was typed: hashes of
// this service are compared after NFC, imported ones are not.
func (p *Pool) Verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	err = p.do(ctx, func() { ok, stale = p.scheme.verify(hash, password) })
	return ok, stale, err
}

// do runs a job on a worker and waits for it. Once a worker is at it, it is waited for even
// if ctx ends: its result is already paid for.
func (p *Pool) do(ctx context.Context, run func()) error {
	j := &job{run: run, queued: time.Now(), done: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return p.overloaded(0, err)
	}
	// Before the push, so that a quick worker cannot take the gauge below zero.
	p.metrics.PasswordQueue.Inc()
	if ahead, err := p.queue.push(j); err != nil {
		p.metrics.PasswordQueue.Dec()
		if errors.Is(err, errFull) {
			p.metrics.PasswordRejected.Inc()
		}
		return p.overloaded(ahead, err)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if ahead, left := p.queue.leave(j); left {
			p.metrics.PasswordQueue.Dec()
			return p.overloaded(ahead, ctx.Err())
		}
		<-j.done
	}
	if errors.Is(j.err, errClosed) {
		return p.overloaded(0, j.err)
	}
	return j.err
}

// overloaded is the answer to a job that will not be done, with the given number ahead of it.
func (p *Pool) overloaded(ahead int, cause error) error {
	return domain.ErrOverloaded.After(p.pace.retry(ahead)).Because(cause)
}

// work is a worker's life.
func (p *Pool) work() {
	for j := p.queue.pop(); j != nil; j = p.queue.pop() {
		p.compute(j)
	}
}

// compute does one job. A job that panics fails alone.
func (p *Pool) compute(j *job) {
	begin := time.Now()
	p.metrics.PasswordQueue.Dec()
	p.metrics.PasswordBusy.Inc()
	p.metrics.PasswordWait.Observe(begin.Sub(j.queued).Seconds())
	defer func() {
		if v := recover(); v != nil {
			j.err = fmt.Errorf("password hashing panicked: %v\n%s", v, debug.Stack())
		}
		p.pace.observe(time.Since(begin))
		p.metrics.PasswordBusy.Dec()
		p.queue.release()
		close(j.done)
	}()
	j.run()
}
