package harness

import (
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Ports are taken from below those of outgoing connections: a client that keeps dialling a
// port of those where nobody listens may connect to itself there. They come in blocks, whose
// first port the process that has the block listens on as long as it lives, since the
// packages of "go test" run side by side.
const (
	firstPort  = 20_000
	lastPort   = 32_000
	blockPorts = 200
)

var ports struct {
	mu      sync.Mutex
	next    int
	end     int            // of the block; 0: there is none yet
	guards  []net.Listener // of the blocks so far; never closed
	skipped int            // blocks looked at
}

// FreePort returns a port of 127.0.0.1 that nobody has, a different one at each call.
func FreePort(t testing.TB) string {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	for {
		if ports.next == ports.end && !nextBlock() {
			t.Fatal("no port is free")
		}
		port := strconv.Itoa(ports.next)
		ports.next++
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
}

// nextBlock takes the next block that no other process has.
func nextBlock() bool {
	const blocks = (lastPort - firstPort) / blockPorts
	for ; ports.skipped < blocks; ports.skipped++ {
		first := firstPort + (os.Getpid()+ports.skipped)%blocks*blockPorts
		if guard, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first)); err == nil {
			ports.guards = append(ports.guards, guard)
			ports.next, ports.end = first+1, first+blockPorts
			ports.skipped++
			return true
		}
	}
	return false
}
