package nats

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"gofiber-auth/domain"
)

// TestStalledNetwork has a network that takes everything and delivers nothing for a while.
func TestStalledNetwork(t *testing.T) {
	t.Parallel()
	bus := startBus(t)
	wire := startWire(t, address(bus))
	f := newFixture(t, connect(t, ConnectOptions{URL: wire.addr, AckTimeout: 300 * time.Millisecond}), userEvents)
	f.awaitReady(t)
	events := newEvents(20)

	wire.stall()
	begin := time.Now()
	for i, r := range f.Publish(t.Context(), events) {
		if !errors.Is(r.Err, domain.ErrUnavailable) {
			t.Errorf("event %d: %v, want %v", i, r.Err, domain.ErrUnavailable)
		}
	}
	if d := time.Since(begin); d > patience {
		t.Errorf("giving up took %v", d)
	}
	if detail, err := f.Check(t.Context()); detail != "down: no answer" || err == nil {
		t.Errorf("Check() = %q, %v", detail, err)
	}

	wire.flow()
	for _, e := range events {
		f.publishAtLast(t, e)
	}
	if n := streamInfo(t, operator(t, bus), "USER_EVENTS").State.Msgs; n != 20 {
		t.Errorf("the stream holds %d messages, want 20", n)
	}
}

// wire forwards connections to an address and can hold everything back.
type wire struct {
	addr    string
	flowing sync.RWMutex // held for writing while nothing flows
}

func startWire(t *testing.T, target string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	var conns []net.Conn
	var accepting, forwarding sync.WaitGroup
	accepting.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			conns = append(conns, near, far)
			forwarding.Go(func() { w.forward(near, far) })
			forwarding.Go(func() { w.forward(far, near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		for _, c := range conns {
			c.Close()
		}
		forwarding.Wait()
	})
	return w
}

func (w *wire) forward(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		w.flowing.RLock()
		_, err = to.Write(buf[:n])
		w.flowing.RUnlock()
		if err != nil {
			return
		}
	}
}

func (w *wire) stall() { w.flowing.Lock() }
func (w *wire) flow()  { w.flowing.Unlock() }
