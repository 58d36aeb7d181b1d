package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/problem"
	"gofiber-auth/interfaces/api/server"
	"gofiber-auth/pkg/metrics"
)

// logBuffer collects log lines of all goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a server on a real port.
type running struct {
	addr    string
	log     *logBuffer
	metrics *metrics.Metrics
	app     *fiber.App
}

const origin = "http://localhost:3000"

// start serves the routes that routes adds, and the few of addRoutes, until the test ends.
func start(t *testing.T, o server.Options, routes func(*fiber.App)) *running {
	t.Helper()
	r := &running{log: new(logBuffer), metrics: metrics.New("test")}
	o.Log = slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Metrics, o.AllowedOrigins = r.metrics, []string{origin}
	r.app = server.New(o)
	if routes != nil {
		routes(r.app)
	}
	addRoutes(r.app)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(r.app, ln) }()
	t.Cleanup(func() {
		if err := r.app.ShutdownWithTimeout(time.Minute); err != nil {
			t.Errorf("Shutdown() = %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return r
}

func addRoutes(app *fiber.App) {
	app.Get("/things/:id", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"id": c.Params("id")}) })
	app.Delete("/things/:id", func(c *fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) })
	app.Post("/things", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"size": len(c.Body())}) })
	app.Get("/panic", func(*fiber.Ctx) error { panic("boom") })
}

// raw sends text as it is and returns the first response; method is what was asked, for
// responses to HEAD. The connection ends with the test.
func (r *running) raw(t *testing.T, method, text string) *http.Response {
	t.Helper()
	c := r.dial(t)
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("write: %v", err)
	}
	return read(t, bufio.NewReader(c), method)
}

func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

// read returns a response whose whole body has arrived.
func read(t *testing.T, from *bufio.Reader, method string) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no response: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("half a response: %v", err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res
}

// wantProblem checks everything that holds of every problem response.
func wantProblem(t *testing.T, res *http.Response, status int, code string) problem.Problem {
	t.Helper()
	if res.StatusCode != status {
		t.Errorf("status = %d, want %d", res.StatusCode, status)
	}
	if got := res.Header.Get("Content-Type"); got != problem.ContentType {
		t.Errorf("Content-Type = %q, want %q", got, problem.ContentType)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Vary": "Origin", "Server": "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	var p problem.Problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
		t.Fatalf("the body is no JSON: %v", err)
	}
	if p.Code != code || p.Status != status || p.Type != "/problems/"+strings.ReplaceAll(code, "_", "-") {
		t.Errorf("problem = %+v, want code %s, status %d", p, code, status)
	}
	if p.RequestID == "" || p.RequestID != res.Header.Get("X-Request-ID") {
		t.Errorf("requestId = %q, X-Request-ID = %q: want one id in both", p.RequestID, res.Header.Get("X-Request-ID"))
	}
	return p
}

// eventually waits for what the server does after the client has its answer.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within 10 s", what)
		case <-tick.C:
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)

	for name, tt := range map[string]struct {
		request string
		status  int
		code    string
		allow   string
	}{
		"unknown route":             {"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", ""},
		"trailing slash":            {"GET /panic/ HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", ""},
		"other case":                {"GET /Panic HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", ""},
		"other method":              {"PUT /things/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "method_not_allowed", "GET, HEAD, DELETE"},
		"other method of one":       {"GET /things HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "POST"},
		"OPTIONS without an origin": {"OPTIONS /things HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "POST"},
		"OPTIONS of a stranger":     {"OPTIONS /things HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", 405, "method_not_allowed", "POST"},
		"method FOO":                {"FOO /things HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "POST"},
		"method get":                {"get /panic HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "GET, HEAD"},
		"method FOO, unknown route": {"FOO /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", ""},
		"TRACE":                     {"TRACE /things/1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", "GET, HEAD, DELETE"},
		"CONNECT":                   {"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n", 404, "not_found", ""},
		"panic":                     {"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", 500, "internal", ""},

		"TLS to a plain port":      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request", ""},
		"no version":               {"GET /things/1\r\n\r\n", 400, "bad_request", ""},
		"bad length":               {"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n0123456789", 400, "bad_request", ""},
		"two lengths":              {"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, "bad_request", ""},
		"bad chunk":                {"POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400, "bad_request", ""},
		"long address":             {"GET /things/" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431, "header_too_large", ""},
		"long header":              {"GET /things/1 HTTP/1.1\r\nHost: a\r\nCookie: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", 431, "header_too_large", ""},
		"endless header":           {"GET /things/1 HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 4000), 431, "header_too_large", ""},
		"body too large":           {"POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("a", 65537), 413, "payload_too_large", ""},
		"body too large, HTTP/1.0": {"POST /things HTTP/1.0\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("a", 65537), 413, "payload_too_large", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := r.raw(t, "GET", tt.request)
			wantProblem(t, res, tt.status, tt.code)
			if got := res.Header.Get("Allow"); got != tt.allow {
				t.Errorf("Allow = %q, want %q", got, tt.allow)
			}
		})
	}
}

func TestRequestIDIsEchoed(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	for name, request := range map[string]string{
		"success": "GET /things/1 HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id-1\r\n\r\n",
		"404":     "GET /nowhere HTTP/1.1\r\nHost: a\r\nx-request-id: my.id-1\r\n\r\n",
		"405":     "FOO /things HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id-1\r\n\r\n",
		"413":     "POST /things HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id-1\r\nContent-Length: 99999999\r\n\r\n",
		"500":     "GET /panic HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id-1\r\n\r\n",
		"204":     "OPTIONS /things HTTP/1.1\r\nHost: a\r\nX-Request-ID: my.id-1\r\nOrigin: " + origin + "\r\nAccess-Control-Request-Method: POST\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := r.raw(t, "GET", request).Header.Get("X-Request-ID"); got != "my.id-1" {
				t.Errorf("X-Request-ID = %q, want the client's", got)
			}
		})
	}
}

func TestHEADHasNoBody(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	for name, tt := range map[string]struct {
		path   string
		status int
	}{"success": {"/things/1", 200}, "404": {"/nowhere", 404}, "405": {"/things", 405}, "500": {"/panic", 500}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := r.dial(t)
			_, _ = fmt.Fprintf(c, "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\nGET /things/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", tt.path)
			from := bufio.NewReader(c)
			if res := read(t, from, "HEAD"); res.StatusCode != tt.status || res.ContentLength <= 0 {
				t.Errorf("HEAD = %d with Content-Length %d, want %d and the length of GET's body", res.StatusCode, res.ContentLength, tt.status)
			}
			res := read(t, from, "GET") // were there a body, it would stand where this response begins
			body, _ := io.ReadAll(res.Body)
			if string(body) != `{"id":"2"}` {
				t.Errorf("the next response is %q", body)
			}
		})
	}
}

func TestNothingOfARequestReachesTheLog(t *testing.T) {
	t.Parallel()
	r := start(t, server.Options{}, nil)
	const secret = "s3cr3t"
	for _, request := range []string{
		"GET /nowhere/s3cr3t?token=s3cr3t HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer s3cr3t\r\n\r\n",
		"GET /things/s3cr3t?token=s3cr3t HTTP/1.1\r\nHost: a\r\nCookie: a=s3cr3t\r\n\r\n",
		"FOO /s3cr3t HTTP/1.1\r\nHost: a\r\n\r\n",
		"s3cr3t /s3cr3t HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /s3cr3t HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer s3cr3t\r\nbroken line s3cr3t\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: Bearer " + strings.Repeat(secret, 4000) + "\r\n\r\n",
		"POST /s3cr3t HTTP/1.1\r\nHost: a\r\nContent-Length: s3cr3t\r\n\r\n{}",
		"POST /s3cr3t HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\ns3cr3t",
	} {
		if got := r.raw(t, "GET", request).Header.Get("X-Request-ID"); got == "" {
			t.Errorf("no X-Request-ID for %.40q", request)
		}
	}
	eventually(t, "a line for each request", func() bool { return strings.Count(r.log.String(), `"msg":"request"`) == 8 })
	if log := r.log.String(); strings.Contains(log, secret) {
		t.Errorf("the log holds what came with a request:\n%s", log)
	}
}

func TestKeptValuesDoNotChange(t *testing.T) {
	t.Parallel()
	kept := make(chan []string, 2)
	r := start(t, server.Options{}, func(app *fiber.App) {
		app.Get("/keep/:v", func(c *fiber.Ctx) error {
			kept <- []string{c.Params("v"), c.Query("q"), c.Get("X-Value"), c.Cookies("cookie"), c.Path(), c.Method(), c.Hostname(), c.OriginalURL()}
			return nil
		})
	})
	c := r.dial(t)
	from := bufio.NewReader(c)
	ask := func(v string) []string {
		_, _ = fmt.Fprintf(c, "GET /keep/%[1]s?q=%[1]s HTTP/1.1\r\nHost: %[1]s\r\nX-Value: %[1]s\r\nCookie: cookie=%[1]s\r\n\r\n", v)
		read(t, from, "GET")
		return <-kept
	}
	first := ask("aaaaaaaa")
	want := "[aaaaaaaa aaaaaaaa aaaaaaaa aaaaaaaa /keep/aaaaaaaa GET aaaaaaaa /keep/aaaaaaaa?q=aaaaaaaa]"
	for range 50 {
		ask("bbbbbbbb") // the same connection, so the same buffers
	}
	if got := fmt.Sprint(first); got != want {
		t.Errorf("what a handler kept became %s, want %s", got, want)
	}
}
