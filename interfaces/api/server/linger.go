package server

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A connection that is closed while the client still sends is reset, and a reset makes the
// client's kernel throw away the response that has just arrived. So after a refusal only the
// sending half is closed, and what still comes in is thrown away for a while: a client that
// reads gets its answer at once and hangs up.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 64 << 20
)

// listener hands out connections that can linger.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

type conn struct {
	net.Conn
	lingers atomic.Bool
}

// lingerAfter makes the connection linger when it is closed, if it can.
func lingerAfter(c net.Conn) {
	if c, ok := c.(*conn); ok {
		c.lingers.Store(true)
	}
}

// Close closes the connection, after a while if it lingers. Nobody waits for that: to fasthttp
// the connection is done, and a shutdown goes on without it.
func (c *conn) Close() error {
	if c.lingers.Swap(false) {
		c.drain()
	}
	return c.Conn.Close()
}

func (c *conn) drain() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes)) // however it ends, the next is Close
}
