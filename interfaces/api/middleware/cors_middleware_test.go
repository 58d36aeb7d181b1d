package middleware_test

import (
	"io"
	"strings"
	"testing"

	"gofiber-auth/interfaces/api/middleware"
)

const front = "https://app.example.com"

func TestCORS(t *testing.T) {
	t.Parallel()
	app := newApp(io.Discard, middleware.CORS([]string{"http://localhost:3000", front}), ok)
	res, _ := send(t, app, request("GET", "Origin", front))
	wantHeaders(t, res, map[string]string{
		"Access-Control-Allow-Origin":      front,
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Expose-Headers":    "X-Request-ID, Retry-After, RateLimit",
		"Access-Control-Allow-Methods":     "",
		"Vary":                             "Origin",
	})
}

func TestCORSPreflight(t *testing.T) {
	t.Parallel()
	app := newApp(io.Discard, middleware.CORS([]string{front}), ok)
	res, _ := send(t, app, request("OPTIONS", "Origin", front,
		"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,content-type"))
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 204 || len(body) > 0 {
		t.Errorf("status = %d, body %q; want 204 and none", res.StatusCode, body)
	}
	wantHeaders(t, res, map[string]string{
		"Access-Control-Allow-Origin":      front,
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":     "GET, HEAD, POST, PUT, PATCH, DELETE",
		"Access-Control-Allow-Headers":     "Authorization, Content-Type, X-Request-ID",
		"Access-Control-Max-Age":           "600",
		"Vary":                             "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
	})
	t.Run("OPTIONS that is no preflight", func(t *testing.T) {
		t.Parallel()
		if res, _ := send(t, app, request("OPTIONS", "Origin", front)); res.StatusCode != 200 {
			t.Errorf("status = %d, want what the route says", res.StatusCode)
		}
	})
}

func TestCORSOthersGetNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		allowed []string
		origin  string
	}{
		"no origin":        {[]string{front}, ""},
		"another":          {[]string{front}, "https://evil.example"},
		"null":             {[]string{front}, "null"},
		"a longer one":     {[]string{front}, front + ".evil.example"},
		"a part of it":     {[]string{front}, "https://app.example"},
		"another scheme":   {[]string{front}, "http://app.example.com"},
		"another port":     {[]string{front}, front + ":8443"},
		"a path":           {[]string{front}, front + "/"},
		"two of them":      {[]string{front}, front + ", https://evil.example"},
		"a star is no one": {[]string{"*"}, "https://evil.example"},
		"nobody allowed":   {nil, front},
		"empty allowed":    {[]string{""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApp(io.Discard, middleware.CORS(tt.allowed), ok)
			for _, method := range []string{"GET", "OPTIONS"} {
				req := request(method, "Access-Control-Request-Method", "PATCH")
				if tt.origin != "" {
					req.Header.Set("Origin", tt.origin)
				}
				res, _ := send(t, app, req)
				for header := range res.Header {
					if strings.HasPrefix(header, "Access-Control-") {
						t.Errorf("%s: %s = %q, want no CORS header at all", method, header, res.Header.Get(header))
					}
				}
				if got := res.Header.Get("Vary"); got != "Origin" {
					t.Errorf("%s: Vary = %q: a cache would give this answer to %s", method, got, front)
				}
			}
		})
	}
}

func TestCORSForgivesItsConfiguration(t *testing.T) {
	t.Parallel()
	app := newApp(io.Discard, middleware.CORS([]string{"HTTPS://App.Example.com/"}), ok)
	res, _ := send(t, app, request("GET", "Origin", front))
	wantHeaders(t, res, map[string]string{"Access-Control-Allow-Origin": front})
}
