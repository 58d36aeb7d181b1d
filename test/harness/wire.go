package harness

import (
	"net"
	"sync"
	"testing"
)

// Wire passes bytes to a server and back, and can be disturbed.
type Wire struct {
	Addr   string // of its near end: host:port
	target string

	mu    sync.Mutex
	l     net.Listener
	conns []net.Conn
	watch Watch

	stalled sync.RWMutex // while it is locked, nothing passes and nothing is closed
}

// Watch looks at bytes on their way, to the server or back, and says what becomes of them.
// Both directions of all connections call it at the same time.
type Watch func(toServer bool, chunk []byte) Fate

// Fate is what becomes of bytes on their way.
type Fate int

// The fates.
const (
	Pass  Fate = iota
	Drop       // nothing arrives, and the connection stays
	Sever      // nothing arrives, and all connections are closed; new ones are taken
)

// NewWire returns a wire to a server at host:port, which need not be there.
func NewWire(t testing.TB, target string) *Wire {
	t.Helper()
	w := &Wire{target: target, Addr: "127.0.0.1:" + FreePort(t)}
	w.Mend(t)
	t.Cleanup(w.Cut)
	return w
}

// Mend takes connections again after Cut.
func (w *Wire) Mend(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", w.Addr)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.l = l
	w.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", w.target)
			if err != nil {
				near.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, near, far)
			w.mu.Unlock()
			go w.pass(far, near, true)
			go w.pass(near, far, false)
		}
	}()
}

// pass takes bytes from one end to the other until either is closed.
func (w *Wire) pass(to, from net.Conn, toServer bool) {
	defer to.Close()
	defer from.Close()
	chunk := make([]byte, 32<<10)
	for {
		n, err := from.Read(chunk)
		if n > 0 && !w.forward(to, chunk[:n], toServer) || err != nil {
			return
		}
	}
}

// forward reports whether the connection goes on.
func (w *Wire) forward(to net.Conn, chunk []byte, toServer bool) bool {
	w.stalled.RLock()
	defer w.stalled.RUnlock()
	w.mu.Lock()
	watch := w.watch
	w.mu.Unlock()
	if watch != nil {
		switch watch(toServer, chunk) {
		case Drop:
			return true
		case Sever:
			w.Sever()
			return false
		case Pass:
		}
	}
	_, err := to.Write(chunk)
	return err == nil
}

// Watch has f look at all bytes from now on; nil: nobody does.
func (w *Wire) Watch(f Watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch = f
}

// Stall lets nothing pass until Resume, and closes nothing.
func (w *Wire) Stall() { w.stalled.Lock() }

// Resume lets pass what has waited since Stall.
func (w *Wire) Resume() { w.stalled.Unlock() }

// Sever ends every connection and takes new ones.
func (w *Wire) Sever() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sever()
}

// Cut ends every connection and takes no more.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.l.Close()
	w.sever()
}

func (w *Wire) sever() {
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}
