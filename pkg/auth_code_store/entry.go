package authcode

import (
	"bytes"
	"time"

	"gofiber-auth/domain/repositories"
)

// entry is a value that is kept.
type entry struct {
	key     string
	value   []byte
	uses    int
	expires time.Time
	index   int // in the queue
}

// size is what the entry takes of the store's capacity; nil takes nothing.
func (e *entry) size() int64 {
	if e == nil {
		return 0
	}
	return int64(len(e.key)) + int64(len(e.value)) + overhead
}

// copy returns what callers see, who may do with it what they like.
func (e *entry) copy() repositories.OneTimeValue {
	return repositories.OneTimeValue{Value: bytes.Clone(e.value), Uses: e.uses}
}

// queue is a heap of entries; the one that expires first is the first. (Its methods are
// heap.Interface's.)
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].expires.Before(q[j].expires) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil // so that its value can go
	*q = (*q)[:last]
	return e
}
