package nats

import (
	"context"
	"time"
)

const (
	firstLook   = 100 * time.Millisecond // after a stream could not be had
	longestLook = 5 * time.Second
)

// watch looks after the stream each time the connection comes: consumers may wait for it
// long before the first event.
func (p *Publisher) watch(ctx context.Context) {
	for {
		select {
		case <-p.came:
			p.prepare(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// prepare tries until events can be published or the bus is away again.
func (p *Publisher) prepare(ctx context.Context) {
	for wait := firstLook; ; wait = min(2*wait, longestLook) {
		if p.Connection.check() != nil {
			return
		}
		if _, err := p.Stream(ctx); err == nil {
			if p.OnReady != nil {
				p.OnReady()
			}
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
