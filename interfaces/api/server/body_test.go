package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gofiber-auth/interfaces/api/server"
)

const limit = 64 << 10

var tooLarge = map[string]int{"65 KiB": 65 << 10, "1 MiB": 1 << 20, "20 MiB": 20 << 20}

// TestTooLargeReachesTheClient is about the answer: without Serve's lingering most of these
// clients see a reset connection in its place.
func TestTooLargeReachesTheClient(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	for name, size := range tooLarge {
		for framing, length := range map[string]int64{"with a length": int64(size), "chunked": -1} {
			t.Run("net/http, "+name+", "+framing, func(t *testing.T) {
				t.Parallel()
				client := &http.Client{Transport: new(http.Transport)}
				defer client.CloseIdleConnections()
				for range 5 { // a reset comes or not as the timing is
					req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.addr+"/things", io.LimitReader(zeros{}, int64(size)))
					if err != nil {
						t.Fatal(err)
					}
					req.ContentLength = length
					res, err := client.Do(req)
					if err != nil {
						t.Fatalf("no response: %v", err)
					}
					wantProblem(t, res, 413, "payload_too_large")
					_ = res.Body.Close()
				}
			})
		}
		// Many clients read nothing before they have sent everything.
		t.Run("writes first, "+name+", with a length", func(t *testing.T) {
			t.Parallel()
			head := fmt.Sprintf("POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
			wantProblem(t, r.raw(t, "POST", head+strings.Repeat("a", size)), 413, "payload_too_large")
		})
		t.Run("writes first, "+name+", chunked", func(t *testing.T) {
			t.Parallel()
			const chunk = 1 << 10
			body := strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat("a", chunk)), size/chunk) + "0\r\n\r\n"
			wantProblem(t, r.raw(t, "POST", "POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"+body), 413, "payload_too_large")
		})
	}
}

// A chunked body that is too large is refused with all that belongs to a response.
func TestTooLargeInChunksKeepsTheRequest(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.addr+"/things", io.LimitReader(zeros{}, limit+1))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-ID", "in-chunks")
	req.Header.Set("Origin", origin)
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	wantProblem(t, res, 413, "payload_too_large")
	if res.Header.Get("X-Request-ID") != "in-chunks" || res.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("headers %v", res.Header)
	}
}

func TestLargestBody(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	body := strings.Repeat("a", limit)
	for name, request := range map[string]string{
		"with a length": fmt.Sprintf("POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", limit, body),
		"chunked":       fmt.Sprintf("POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", limit, body),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := r.raw(t, "POST", request)
			got, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || string(got) != fmt.Sprintf(`{"size":%d}`, limit) {
				t.Errorf("status %d, body %s; want a body of 64 KiB to be taken", res.StatusCode, got)
			}
		})
	}
	t.Run("after Expect", func(t *testing.T) {
		t.Parallel()
		c := r.dial(t)
		_, _ = fmt.Fprintf(c, "POST /things HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", limit)
		from := bufio.NewReader(c)
		if res := read(t, from, "POST"); res.StatusCode != http.StatusContinue {
			t.Fatalf("status = %d, want 100", res.StatusCode)
		}
		_, _ = io.WriteString(c, body)
		if res := read(t, from, "POST"); res.StatusCode != 200 {
			t.Errorf("status = %d, want 200", res.StatusCode)
		}
	})
}

// TestFormsAreNotParsed: fasthttp would parse them before anybody asks, into files even.
func TestFormsAreNotParsed(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	res := r.raw(t, "POST", "POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 4\r\n\r\nnope")
	if got, _ := io.ReadAll(res.Body); string(got) != `{"size":4}` {
		t.Errorf("status %d, body %s; want the body as it came", res.StatusCode, got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestSlowClientsAreCutOff: neither headers nor bodies may drip, however steadily.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond
	r := start(t, server.Options{ReadTimeout: patience, IdleTimeout: patience}, nil)
	for name, beginning := range map[string]string{
		"nothing comes":  "",
		"headers drip":   "GET /things/1 HTTP/1.1\r\nHost: a\r\nX-Slow: ",
		"a body drips":   "POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
		"chunks drip":    "POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
		"a body is late": "POST /things HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, begun := r.dial(t), time.Now()
			_, _ = io.WriteString(c, beginning)
			stop := make(chan struct{})
			defer close(stop)
			if strings.Contains(name, "drip") {
				go func() {
					tick := time.NewTicker(20 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
							_, _ = c.Write([]byte("a"))
						}
					}
				}()
			}
			from := bufio.NewReader(c)
			res := read(t, from, "GET")
			if res.StatusCode == http.StatusContinue {
				res = read(t, from, "GET")
			}
			wantProblem(t, res, 408, "request_timeout")
			if took := time.Since(begun); took < patience || took > time.Minute {
				t.Errorf("cut off after %v, want about %v", took, patience)
			}
		})
	}
	t.Run("nothing more comes", func(t *testing.T) {
		t.Parallel()
		c := r.dial(t)
		_, _ = io.WriteString(c, "GET /things/1 HTTP/1.1\r\nHost: a\r\n\r\n")
		from := bufio.NewReader(c)
		read(t, from, "GET")
		if rest, err := io.ReadAll(from); err != nil || len(rest) > 0 {
			t.Errorf("an idle connection ended with %q, %v; want it closed without a word", rest, err)
		}
	})
	t.Run("the answer is not read", func(t *testing.T) {
		t.Parallel()
		testUnreadAnswer(t)
	})
}

// testUnreadAnswer asks again and again and reads nothing, until the server's writes block.
func testUnreadAnswer(t *testing.T) {
	r := start(t, server.Options{WriteTimeout: 300 * time.Millisecond}, nil)
	c := r.dial(t)
	ask := bytes.Repeat([]byte("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"), 1000)
	for {
		if _, err := c.Write(ask); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after a minute the server still waits for the client to read")
			}
			return // cut off
		}
	}
}
