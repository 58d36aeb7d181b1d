package middleware_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/problem"
)

// newApp returns an app that answers every request to /things/:id with what handlers do; log
// gets its lines.
func newApp(log io.Writer, handlers ...fiber.Handler) *fiber.App {
	app := fiber.New(fiber.Config{Immutable: true, ErrorHandler: problem.ErrorHandler(logTo(log))})
	app.All("/things/:id", handlers...)
	return app
}

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func ok(c *fiber.Ctx) error { return c.SendString("ok") }

// send returns the response and the code of the problem in it, or "".
func send(t *testing.T, app *fiber.App, req *http.Request) (res *http.Response, code string) {
	t.Helper()
	res, err := app.Test(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var p problem.Problem
	if len(body) > 0 && res.Header.Get("Content-Type") == problem.ContentType {
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	}
	return res, p.Code
}

func request(method string, headers ...string) *http.Request {
	return requestTo(method, "/things/1?token=secret", headers...)
}

func requestTo(method, target string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

// wantHeaders checks headers; "" means that there is none.
func wantHeaders(t *testing.T, res *http.Response, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}
