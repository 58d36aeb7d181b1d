package postgres

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"gofiber-auth/domain"
)

const (
	gatherQueries = 2   // how many queries of one gatherer run at a time
	gatherKeys    = 512 // how many keys one of them asks for
)

// gatherer answers look-ups by key, many with one query: those that come while queries run
// go out together when one of them ends. When nothing runs, a look-up goes out at once, alone.
// No look-up is answered by a query that began before it came.
type gatherer[V any] struct {
	// fetch returns what there is under the keys; several may be the same.
	fetch func(ctx context.Context, keys []string) (map[string]V, error)

	mu      sync.Mutex
	running int
	waiting []*lookup[V]
}

// lookup is somebody who waits for what is under a key.
type lookup[V any] struct {
	key   string
	done  chan struct{}
	value V
	err   error
}

// get returns what is under the key, or domain.ErrNotFound, or what fetch returned. It gives
// up when ctx ends, unless it runs the query itself, which is bounded in time.
func (g *gatherer[V]) get(ctx context.Context, key string) (V, error) {
	var none V
	if err := ctx.Err(); err != nil {
		return none, err
	}
	l := &lookup[V]{key: key, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, l)
	free := g.running < gatherQueries
	if free {
		g.running++
	}
	g.mu.Unlock()
	if free {
		// Without the end of ctx: the query may be for other requests, too.
		g.work(context.WithoutCancel(ctx), l)
	}
	select {
	case <-l.done:
		return l.value, l.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// work asks for what waits, in this goroutine until own is answered and then in another.
func (g *gatherer[V]) work(ctx context.Context, own *lookup[V]) {
	for {
		batch := g.take()
		if batch == nil {
			return
		}
		g.answer(ctx, batch)
		select {
		case <-own.done:
			if g.more() {
				go g.drain(ctx)
			}
			return
		default:
		}
	}
}

// drain asks for what waits until nothing does.
func (g *gatherer[V]) drain(ctx context.Context) {
	for batch := g.take(); batch != nil; batch = g.take() {
		g.answer(ctx, batch)
	}
}

// take returns who is to be answered next or, where nobody waits, gives the turn back.
func (g *gatherer[V]) take() []*lookup[V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.running--
		return nil
	}
	n := min(len(g.waiting), gatherKeys)
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return batch
}

// more reports whether somebody waits; if not, it gives the turn back.
func (g *gatherer[V]) more() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.running--
		return false
	}
	return true
}

func (g *gatherer[V]) answer(ctx context.Context, batch []*lookup[V]) {
	keys := make([]string, len(batch))
	for i, l := range batch {
		keys[i] = l.key
	}
	found, err := g.safely(ctx, keys)
	for _, l := range batch {
		value, ok := found[l.key]
		switch {
		case err != nil:
			l.err = err
		case !ok:
			l.err = domain.ErrNotFound
		default:
			l.value = value
		}
		close(l.done)
	}
}

// safely turns a panic into an error: most of those that wait for the query have nothing to
// do with the goroutine that runs it.
func (g *gatherer[V]) safely(ctx context.Context, keys []string) (found map[string]V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return g.fetch(ctx, keys)
}
