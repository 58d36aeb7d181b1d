package server_test

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"time"

	"gofiber-auth/interfaces/api/server"
)

const refusedBeginning = "POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"

// TestLingeringEnds: patience with who was refused has bounds in bytes and in time.
func TestLingeringEnds(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	t.Run("who goes on sending", func(t *testing.T) {
		t.Parallel()
		c := r.dial(t)
		_, _ = io.WriteString(c, refusedBeginning)
		wantProblem(t, read(t, bufio.NewReader(c), "POST"), 413, "payload_too_large")
		sent, piece := 0, bytes.Repeat([]byte("a"), 1<<20)
		for {
			n, err := c.Write(piece)
			if sent += n; err != nil {
				return
			}
			if sent > 256<<20 {
				t.Fatalf("the server took %d bytes of a body that it had refused", sent)
			}
		}
	})
	t.Run("who reads to the end", func(t *testing.T) {
		t.Parallel()
		wantSoonOnce(t, "the end comes right after the answer", func() time.Duration {
			c, begun := r.dial(t), time.Now()
			_, _ = io.WriteString(c, refusedBeginning)
			if answer, err := io.ReadAll(c); err != nil || !bytes.Contains(answer, []byte("payload_too_large")) {
				t.Errorf("%v, and %q", err, answer)
			}
			return time.Since(begun)
		})
	})
	t.Run("who holds the line", func(t *testing.T) {
		t.Parallel()
		c := r.dial(t)
		_, _ = io.WriteString(c, refusedBeginning)
		wantProblem(t, read(t, bufio.NewReader(c), "POST"), 413, "payload_too_large")
		eventually(t, "the connection is closed", func() bool {
			_, err := c.Write([]byte("a"))
			return err != nil
		})
	})
}

// TestShutdownDoesNotLinger: who was refused and stays does not hold up the end of the service.
func TestShutdownDoesNotLinger(t *testing.T) {
	t.Parallel()
	wantSoonOnce(t, "Shutdown does not wait", func() time.Duration {
		r := start(t, server.Options{}, nil)
		c := r.dial(t)
		_, _ = io.WriteString(c, refusedBeginning)
		wantProblem(t, read(t, bufio.NewReader(c), "POST"), 413, "payload_too_large")
		begun := time.Now()
		if err := r.app.ShutdownWithTimeout(time.Minute); err != nil {
			t.Fatal(err)
		}
		return time.Since(begun)
	})
}

// wantSoonOnce tries what must not take as long as a connection lingers. On a busy machine it
// may take as long for other reasons, but not every time.
func wantSoonOnce(t *testing.T, what string, try func() time.Duration) {
	t.Helper()
	var took []time.Duration
	for range 5 {
		last := try()
		if last < 4*time.Second { // a connection lingers for 5 s
			return
		}
		took = append(took, last)
	}
	t.Errorf("%s: it took %v", what, took)
}
