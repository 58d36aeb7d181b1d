package redis

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// news is what was logged of whether Redis answers.
type news struct {
	up   atomic.Bool
	said sync.Map // why it does not, since it last did
}

// answered notes that Redis answers, and logs it where that is news.
func (c *Client) answered(ctx context.Context) {
	if !c.news.up.Load() && !c.news.up.Swap(true) {
		c.news.said.Clear()
		c.log.InfoContext(ctx, "connected to redis")
	}
}

// away notes why Redis does not answer, and logs it where that is news. One outage looks in
// several ways, which come in turn: each is told once, and not with every call.
func (c *Client) away(ctx context.Context, why string) {
	c.news.up.Store(false)
	if _, said := c.news.said.LoadOrStore(why, true); !said {
		c.log.WarnContext(ctx, "redis is away; what needs it fails until it is back", "reason", why)
	}
}

// quiet is the library's logger. What it would say is what calls return as errors, and its
// details hold addresses: so only its bare sentences remain, for who looks for them.
type quiet struct{ log *slog.Logger }

// Printf leaves out the details.
func (q quiet) Printf(ctx context.Context, format string, _ ...any) {
	q.log.DebugContext(ctx, "redis client", "detail", format)
}
