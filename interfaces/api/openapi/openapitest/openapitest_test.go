package openapitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	user = `{"id":"01a19b98-1e3b-7b52-9d3e-5f1a2b3c4d5e","email":"grace@example.com","username":"grace_hopper",` +
		`"displayName":null,"avatar":null,"role":"user","isActive":true,"isOauthUser":false,"oauthProvider":null,` +
		`"emailVerified":false,"lastLoginAt":null,"createdAt":"2026-11-02T09:30:00.123456Z","updatedAt":"2026-11-02T09:30:00Z","pendingEmail":null,"hasPassword":true}`
	taken = `{"type":"/problems/email-taken","title":"Email taken","status":409,"code":"email_taken","detail":"…","requestId":"r-1"}`
	gone  = `{"type":"/problems/not-found","title":"Not found","status":404,"code":"not_found","detail":"…","requestId":"r-1"}`
	other = `{"type":"/problems/method-not-allowed","title":"…","status":405,"code":"method_not_allowed","detail":"…","requestId":"r-1"}`
	full  = `{"type":"/problems/overloaded","title":"…","status":503,"code":"overloaded","detail":"…","requestId":"r-1"}`
	wrong = `{"type":"/problems/validation-failed","title":"…","status":422,"code":"validation_failed","detail":"…","requestId":"r-1",` +
		`"errors":[{"field":"email","code":"format","message":"…"}]}`
)

type exchange struct {
	request string // "GET /path"
	status  int
	header  string // "Name: value" lines
	body    string
}

func (e exchange) check(t *testing.T) error {
	t.Helper()
	d, err := load()
	if err != nil {
		t.Fatal(err)
	}
	method, path, _ := strings.Cut(e.request, " ")
	header := http.Header{"X-Request-Id": {"r-1"}}
	for line := range strings.Lines(e.header) {
		name, value, _ := strings.Cut(line, ":")
		header.Set(name, strings.TrimSpace(value))
	}
	return d.check(httptest.NewRequest(method, path, nil), &http.Response{StatusCode: e.status, Header: header}, []byte(e.body))
}

const (
	asJSON    = "Content-Type: application/json\nCache-Control: no-store"
	asProblem = "Content-Type: application/problem+json"
)

func TestWhatTheDocumentDoesNotDescribeFails(t *testing.T) {
	t.Parallel()
	with := func(body, old, replacement string) string {
		t.Helper()
		if !strings.Contains(body, old) {
			t.Fatalf("%s is not in %s", old, body)
		}
		return strings.Replace(body, old, replacement, 1)
	}
	for name, e := range map[string]exchange{
		"no request id":                {"GET /api/v1/users/me", 200, asJSON + "\nX-Request-ID: ", user},
		"a wild request id":            {"GET /api/v1/users/me", 200, asJSON + "\nX-Request-ID: a b", user},
		"a user that may be cached":    {"GET /api/v1/users/me", 200, "Content-Type: application/json", user},
		"a user kept for a minute":     {"GET /api/v1/users/me", 200, "Content-Type: application/json\nCache-Control: max-age=60", user},
		"another media type":           {"GET /api/v1/users/me", 200, "Content-Type: text/plain\nCache-Control: no-store", user},
		"no media type":                {"GET /api/v1/users/me", 200, "Cache-Control: no-store", user},
		"a field too many":             {"GET /api/v1/users/me", 200, asJSON, with(user, `"role"`, `"passwordHash":"x","role"`)},
		"a field too many, in a page":  {"GET /api/v1/users", 200, asJSON, `{"users":[` + with(user, `"role"`, `"version":1,"role"`) + `],"nextCursor":""}`},
		"a field too few":              {"GET /api/v1/users/me", 200, asJSON, with(user, `"avatar":null,`, ``)},
		"null where nothing is absent": {"GET /api/v1/users/me", 200, asJSON, with(user, `"role":"user"`, `"role":null`)},
		"an unknown role":              {"GET /api/v1/users/me", 200, asJSON, with(user, `"role":"user"`, `"role":"root"`)},
		"an id that is no UUID":        {"GET /api/v1/users/me", 200, asJSON, with(user, `"01a19b98-1e3b-7b52-9d3e-5f1a2b3c4d5e"`, `"42"`)},
		"an id in upper case":          {"GET /api/v1/users/me", 200, asJSON, with(user, `01a19b98`, `01A19B98`)},
		"an address that is none":      {"GET /api/v1/users/me", 200, asJSON, with(user, `grace@example.com`, `grace@@example`)},
		"a time that is none":          {"GET /api/v1/users/me", 200, asJSON, with(user, `"2026-11-02T09:30:00Z"`, `"2026-13-02T09:30:00Z"`)},
		"a time that is not UTC":       {"GET /api/v1/users/me", 200, asJSON, with(user, `"2026-11-02T09:30:00Z"`, `"2026-11-02T09:30:00+07:00"`)},
		"not JSON":                     {"GET /api/v1/users/me", 200, asJSON, `<html>`},
		"an envelope":                  {"GET /api/v1/users/me", 200, asJSON, `{"data":` + user + `}`},
		"another success":              {"GET /api/v1/users/me", 201, asJSON, user},
		"a redirect":                   {"GET /api/v1/users/me", 301, "", ""},
		"a body with 204":              {"POST /api/v1/auth/logout", 204, asJSON, `{}`},
		"a body with a HEAD":           {"HEAD /api/v1/users/me", 200, asJSON, user},
		"a code of another route":      {"POST /api/v1/auth/login", 409, asProblem, taken},
		"a code of another status":     {"POST /api/v1/auth/register", 422, asProblem, with(taken, "409", "422")},
		"an edge code, other status":   {"GET /nowhere", 400, asProblem, with(gone, "404", "400")},
		"an unknown code":              {"POST /api/v1/auth/register", 409, asProblem, with(with(taken, "email_taken", "taken"), "email-taken", "taken")},
		"a status that is not its own": {"POST /api/v1/auth/register", 409, asProblem, with(taken, "409", "400")},
		"a type of another code":       {"POST /api/v1/auth/register", 409, asProblem, with(taken, "email-taken", "username-taken")},
		"another request id":           {"POST /api/v1/auth/register", 409, asProblem, with(taken, "r-1", "r-2")},
		"internal text":                {"POST /api/v1/auth/register", 409, asProblem, with(taken, `"title"`, `"sql":"SELECT","title"`)},
		"a problem as plain JSON":      {"POST /api/v1/auth/register", 409, asJSON, taken},
		"errors without a fault":       {"POST /api/v1/auth/register", 409, asProblem, with(taken, `"title"`, `"errors":[{"field":"email","code":"format","message":"…"}],"title"`)},
		"a fault without errors":       {"POST /api/v1/auth/register", 422, asProblem, with(wrong, `,"errors":[{"field":"email","code":"format","message":"…"}]`, ``)},
		"an unknown fault":             {"POST /api/v1/auth/register", 422, asProblem, with(wrong, `"format"`, `"odd"`)},
		"401 without a challenge":      {"GET /api/v1/users/me", 401, asProblem, with(with(with(taken, "email_taken", "unauthorized"), "email-taken", "unauthorized"), "409", "401")},
		"503 without a time":           {"GET /api/v1/users/me", 503, asProblem, full},
		"503 without a time, anywhere": {"GET /nowhere", 503, asProblem, full},
		"405 without Allow":            {"PUT /api/v1/auth/register", 405, asProblem, other},
		"an address of nobody's":       {"GET /nowhere", 200, asJSON, `{}`},
		"a page without its policy":    {"GET /docs", 200, "Content-Type: text/html\nETag: W/\"1\"", "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := e.check(t)
			if err == nil {
				t.Error("it passed")
			} else {
				t.Log(err)
			}
		})
	}
}
