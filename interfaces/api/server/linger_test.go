package server_test

import (
	"bufio"
	"bytes"
	"io"
	"testing"

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
