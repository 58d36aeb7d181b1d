package redis

import (
	"context"
	"log/slog"
)

// up is the state while Redis answers; any other is why it does not.
const up = "up"

// answered notes that Redis answers, and logs it where that is news.
func (c *Client) answered(ctx context.Context) {
	if c.state.Swap(up) != up {
		c.log.InfoContext(ctx, "connected to redis")
	}
}

// away notes why Redis does not answer, and logs it where that is news.
func (c *Client) away(ctx context.Context, why string) {
	if c.state.Swap(why) != why {
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
