package hashing

import (
	"container/list"
	"sync"
	"time"
)

// job is one computation on its way through the queue.
type job struct {
	run    func()
	queued time.Time
	done   chan struct{} // closed once err is final
	err    error         // why run has no result
	place  *list.Element // in the queue; nil once a worker has it or it left
}

// queue holds the jobs that wait for one of a fixed number of workers, oldest first. Unlike
// a channel it lets a job leave from the middle, so that nobody waits behind the departed.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	waiting list.List // of *job
	taken   int       // jobs at workers
	room    int       // most jobs, waiting and taken: a free worker's next job needs no place
	closed  bool
}

func newQueue(workers, length int) *queue {
	q := &queue{room: workers + length}
	q.changed.L = &q.mu
	return q
}

// push appends j, or reports why it cannot and how many jobs are ahead.
func (q *queue) push(j *job) (ahead int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ahead = q.waiting.Len() + q.taken
	switch {
	case q.closed:
		return 0, errClosed
	case ahead >= q.room:
		return ahead, errFull
	}
	j.place = q.waiting.PushBack(j)
	q.changed.Signal()
	return ahead, nil
}

// pop waits for the oldest job. It returns nil once the queue is closed.
func (q *queue) pop() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting.Len() == 0 && !q.closed {
		q.changed.Wait()
	}
	if q.closed {
		return nil
	}
	j := q.waiting.Remove(q.waiting.Front()).(*job)
	j.place = nil
	q.taken++
	return j
}

// release says that a job that pop returned is done.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken--
}

// leave takes j out of the queue, and reports false and how many jobs are ahead if it is
// not in it any more.
func (q *queue) leave(j *job) (ahead int, left bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.place == nil {
		return 0, false
	}
	q.waiting.Remove(j.place)
	j.place = nil
	return q.waiting.Len() + q.taken, true
}

// close ends every pop and returns the jobs that waited.
func (q *queue) close() (left []*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for e := q.waiting.Front(); e != nil; e = e.Next() {
		j := e.Value.(*job)
		j.place = nil
		left = append(left, j)
	}
	q.waiting.Init()
	q.changed.Broadcast()
	return left
}
