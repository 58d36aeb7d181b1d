package middleware_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"gofiber-auth/interfaces/api/middleware"
)

func TestJSONBody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		contentType, encoding, body string
		status                      int
		code                        string
	}{
		"JSON":                  {"application/json", "", "{}", 200, ""},
		"a charset":             {"application/json; charset=utf-8", "", "{}", 200, ""},
		"a parameter, no space": {"application/json;charset=utf-8", "", "{}", 200, ""},
		"other case":            {"Application/JSON", "", "{}", 200, ""},
		"nothing at all":        {"", "", "", 200, ""},
		"a type and no body":    {"text/plain", "", "", 200, ""},
		"no type":               {"", "", "{}", 415, "unsupported_media_type"},
		"text":                  {"text/plain", "", "{}", 415, "unsupported_media_type"},
		"a form":                {"application/x-www-form-urlencoded", "", "email=a", 415, "unsupported_media_type"},
		"a longer type":         {"application/jsonp", "", "{}", 415, "unsupported_media_type"},
		"merge patch":           {"application/merge-patch+json", "", "{}", 415, "unsupported_media_type"},
		"gzip":                  {"application/json", "gzip", "{}", 415, "unsupported_media_type"},
		"identity":              {"application/json", "identity", "{}", 200, ""},
		"not UTF-8":             {"application/json", "", "{\"a\":\"\xff\"}", 400, "invalid_json"},
		"64 KiB":                {"application/json", "", strings.Repeat(" ", 64<<10), 200, ""},
		"more than that":        {"application/json", "", strings.Repeat(" ", 64<<10+1), 413, "payload_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest("POST", "/things/1", strings.NewReader(tt.body))
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			if tt.encoding != "" {
				req.Header.Set("Content-Encoding", tt.encoding)
			}
			res, code := send(t, newApp(io.Discard, middleware.JSONBody(), ok), req)
			if res.StatusCode != tt.status || code != tt.code {
				t.Errorf("%d %q, want %d %q", res.StatusCode, code, tt.status, tt.code)
			}
		})
	}
}
