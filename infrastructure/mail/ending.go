package mail

import (
	"context"
	"net"
	"sync"
	"time"
)

// endingConn is a connection that ends with a context. Deadlines that are set on it may come
// sooner than the context's, but not later: the library moves its own on and on.
type endingConn struct {
	net.Conn

	end    time.Time // the zero time: none
	unlink func() bool
	close  func() error
}

// endWith returns conn, which is closed when ctx ends.
func endWith(ctx context.Context, conn net.Conn) net.Conn {
	c := &endingConn{Conn: conn, close: sync.OnceValue(conn.Close)}
	c.end, _ = ctx.Deadline()
	c.unlink = context.AfterFunc(ctx, func() { _ = c.close() })
	return c
}

// Close may be called again.
func (c *endingConn) Close() error {
	c.unlink()
	return c.close()
}

func (c *endingConn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.sooner(t)) }
func (c *endingConn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.sooner(t)) }
func (c *endingConn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.sooner(t)) }

func (c *endingConn) sooner(t time.Time) time.Time {
	if !c.end.IsZero() && (t.IsZero() || t.After(c.end)) {
		return c.end
	}
	return t
}
