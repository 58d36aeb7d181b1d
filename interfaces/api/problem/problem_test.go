package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain"
	"gofiber-auth/interfaces/api/problem"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// promised is the status and the title of every code that the domain has. A code that is
// missing here fails the test, so nobody releases one without having thought of both.
var promised = map[string]struct {
	status int
	title  string
}{
	"internal":                  {500, "Internal error"},
	"invalid_json":              {400, "Invalid JSON"},
	"validation_failed":         {422, "Validation failed"},
	"invalid_state":             {400, "Invalid state"},
	"invalid_code":              {400, "Invalid code"},
	"invalid_ticket":            {400, "Invalid ticket"},
	"unauthorized":              {401, "Not authenticated"},
	"invalid_token":             {400, "Invalid token"},
	"invalid_refresh_token":     {401, "Invalid refresh token"},
	"refresh_token_reused":      {401, "Refresh token used again"},
	"already_verified":          {409, "Verified already"},
	"rate_limited":              {429, "Too many requests"},
	"token_expired":             {401, "Access token expired"},
	"invalid_credentials":       {401, "Invalid credentials"},
	"login_required":            {401, "Proof of the account needed"},
	"forbidden":                 {403, "Forbidden"},
	"access_denied":             {403, "Access denied"},
	"account_disabled":          {403, "Account disabled"},
	"wrong_password":            {403, "Wrong password"},
	"reauthentication_required": {403, "Log in again"},
	"registration_closed":       {403, "Registration closed"},
	"email_domain_not_allowed":  {403, "E-mail domain not allowed"},
	"not_found":                 {404, "Not found"},
	"provider_not_found":        {404, "Identity provider not found"},
	"email_taken":               {409, "E-mail address taken"},
	"username_taken":            {409, "Username taken"},
	"account_exists":            {409, "Account exists"},
	"email_required":            {409, "E-mail address needed"},
	"provider_already_linked":   {409, "Identity linked already"},
	"last_login_method":         {409, "Last way to log in"},
	"last_admin":                {409, "Last admin"},
	"provider_error":            {503, "Identity provider failed"},
	"overloaded":                {503, "Overloaded"},
	"unavailable":               {503, "Unavailable"},
}

func TestEveryDomainError(t *testing.T) {
	t.Parallel()
	for _, e := range domain.Errors() {
		t.Run(e.Code, func(t *testing.T) {
			t.Parallel()
			want, ok := promised[e.Code]
			if !ok {
				t.Fatalf("%q is new: promise its status and title here, and give it the title in catalog.go", e.Code)
			}
			p := problem.For(fmt.Errorf("registering: %w", e.Because(errors.New("secret cause"))))
			if p.Status != want.status || p.Title != want.title || p.Code != e.Code || p.Detail != e.Detail {
				t.Errorf("For(%s) = %+v, want %+v", e.Code, p, want)
			}
			if p.Type != "/problems/"+strings.ReplaceAll(e.Code, "_", "-") {
				t.Errorf("type = %q", p.Type)
			}
			if text, _ := json.Marshal(p); strings.Contains(string(text), "secret") {
				t.Errorf("the cause is in the document: %s", text)
			}
		})
	}
	if len(promised) != len(domain.Errors()) {
		t.Errorf("%d codes are promised and the domain has %d", len(promised), len(domain.Errors()))
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"unknown":                   {errors.New("pq: relation users"), 500, "internal"},
		"a kind nobody knows":       {&domain.Error{Kind: 99, Code: "odd", Detail: "secret"}, 500, "internal"},
		"an internal of its own":    {&domain.Error{Code: "odd", Detail: "secret"}, 500, "internal"},
		"deadline":                  {fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "overloaded"},
		"deadline, taken for a bug": {domain.ErrInternal.Because(context.DeadlineExceeded), 503, "overloaded"},
		"deadline, known better":    {domain.ErrUnavailable.Because(context.DeadlineExceeded), 503, "unavailable"},
		"canceled":                  {context.Canceled, 503, "unavailable"},
		"a bug over Fiber's error":  {domain.ErrInternal.Because(fiber.ErrNotFound), 500, "internal"},

		"Fiber 400":             {fiber.ErrBadRequest, 400, "bad_request"},
		"Fiber 404":             {fiber.NewError(404, "Cannot GET /secret"), 404, "not_found"},
		"Fiber 405":             {fiber.ErrMethodNotAllowed, 405, "method_not_allowed"},
		"Fiber 408":             {fiber.ErrRequestTimeout, 408, "request_timeout"},
		"Fiber 413":             {fiber.ErrRequestEntityTooLarge, 413, "payload_too_large"},
		"Fiber 415":             {fiber.ErrUnsupportedMediaType, 415, "unsupported_media_type"},
		"Fiber 431":             {fiber.ErrRequestHeaderFieldsTooLarge, 431, "header_too_large"},
		"Fiber 417, not ours":   {fiber.ErrExpectationFailed, 400, "bad_request"},
		"Fiber 503":             {fiber.ErrServiceUnavailable, 503, "unavailable"},
		"Fiber 502, not ours":   {fiber.ErrBadGateway, 500, "internal"},
		"Fiber 0, not a status": {fiber.NewError(0), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := problem.For(tt.err)
			if p.Status != tt.status || p.Code != tt.code {
				t.Errorf("For() = %d %s, want %d %s", p.Status, p.Code, tt.status, tt.code)
			}
			if text, _ := json.Marshal(p); strings.Contains(string(text), "secret") || strings.Contains(string(text), "pq:") {
				t.Errorf("internal text left: %s", text)
			}
		})
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	seen := map[string]problem.Entry{}
	for _, e := range problem.Catalog() {
		if _, twice := seen[e.Code]; twice {
			t.Errorf("%s is listed twice", e.Code)
		}
		seen[e.Code] = e
		if e.Title == "" || e.Detail == "" || e.Status < 400 || e.Type != "/problems/"+strings.ReplaceAll(e.Code, "_", "-") {
			t.Errorf("half an entry: %+v", e)
		}
	}
	for code := range promised {
		if _, ok := seen[code]; !ok {
			t.Errorf("%s is missing", code)
		}
	}
	for _, status := range []int{400, 405, 408, 413, 415, 431} {
		p := problem.For(fiber.NewError(status))
		if e := seen[p.Code]; e.Status != status || e.Title != p.Title {
			t.Errorf("%d is answered with %s, and the catalog has %+v", status, p.Code, e)
		}
	}
}

// app answers GET / with err.
func app(log io.Writer, err error) *fiber.App {
	a := fiber.New(fiber.Config{
		Immutable:    true,
		ErrorHandler: problem.ErrorHandler(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
	})
	a.Get("/things/:id", func(*fiber.Ctx) error { return err })
	return a
}

func TestGolden(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest("GET", "/things/1", nil)
	req.Header.Set("X-Request-ID", "0190a5d4-0000-7000-8000-000000000001")
	res, err := app(io.Discard, domain.InvalidFields(
		domain.FieldError{Field: "email", Code: "format", Message: "must be an e-mail address"},
		domain.FieldError{Field: "password", Code: "too_short", Message: "must have at least 8 characters"},
	)).Test(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 422 || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	var got bytes.Buffer
	if err := json.Indent(&got, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	const golden = "testdata/validation_failed.golden.json"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("clients parse this (-want +got):\n%s", diff)
	}
}

func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	const realm = `Bearer realm="gofiber-auth"`
	for name, tt := range map[string]struct {
		err           error
		authorization string
		challenge     string
		retryAfter    string
	}{
		"no token":                        {domain.ErrUnauthorized, "", realm, ""},
		"a token that is not valid":       {domain.ErrUnauthorized, "Bearer x", realm + `, error="invalid_token"`, ""},
		"a token that is expired":         {domain.ErrTokenExpired, "Bearer x", realm + `, error="invalid_token", error_description="The access token expired"`, ""},
		"a wrong password beside a token": {domain.ErrCredentials, "Bearer x", realm, ""},
		"forbidden":                       {domain.ErrForbidden, "Bearer x", "", ""},
		"overloaded":                      {domain.ErrOverloaded.After(1200 * time.Millisecond), "", "", "2"},
		"overloaded for a moment":         {domain.ErrOverloaded.After(time.Millisecond), "", "", "1"},
		"overloaded for who knows":        {domain.ErrOverloaded.After(0), "", "", "1"},
		"too late":                        {context.DeadlineExceeded, "", "", "1"},
		"unavailable":                     {domain.ErrUnavailable, "", "", "2"},
		"not found":                       {domain.ErrNotFound, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest("GET", "/things/1", nil)
			if tt.authorization != "" {
				req.Header.Set("Authorization", tt.authorization)
			}
			res, err := app(io.Discard, tt.err).Test(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Header.Get("WWW-Authenticate"); got != tt.challenge {
				t.Errorf("WWW-Authenticate = %q, want %q", got, tt.challenge)
			}
			if got := res.Header.Get("Retry-After"); got != tt.retryAfter {
				t.Errorf("Retry-After = %q, want %q", got, tt.retryAfter)
			}
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q, want no-store: a problem belongs to one request", got)
			}
			if res.Header.Get("X-Request-ID") == "" {
				t.Error("no X-Request-ID")
			}
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
	for name, tt := range map[string]struct {
		err   error
		level string
		cause string // in the line
	}{
		"ours":       {fmt.Errorf("insert: %w", errors.New("disk full")), "ERROR", "insert: disk full"},
		"away":       {domain.ErrUnavailable.Because(errors.New("connection refused")), "ERROR", "connection refused"},
		"too much":   {domain.ErrOverloaded.Because(errors.New("queue full")), "WARN", "queue full"},
		"theirs":     {domain.ErrEmailTaken.Because(errors.New("users_email_key")), "DEBUG", "users_email_key"},
		"an address": {errors.New(`duplicate key (email)=(ada@example.com) of <Ada@Example.com>`), "ERROR", "duplicate key"},
		"a URL":      {errors.New("dial postgres://auth:ada@example.com:5432/auth"), "ERROR", "dial postgres:"},
		"a token":    {errors.New("token " + jwt + " and Authorization: bearer " + jwt), "ERROR", "token [token]"},
		"Fiber's":    {fiber.NewError(404, "Cannot GET /things/ada@example.com"), "DEBUG", "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			req := httptest.NewRequest("GET", "/things/ada@example.com?token="+jwt, nil)
			if _, err := app(&log, tt.err).Test(req); err != nil {
				t.Fatal(err)
			}
			line := log.String()
			if strings.Count(line, "\n") != 1 {
				t.Errorf("want one line, got:\n%s", line)
			}
			for _, want := range []string{`"level":"` + tt.level + `"`, tt.cause, `"route":"/things/:id"`, `"method":"GET"`} {
				if !strings.Contains(line, want) {
					t.Errorf("%s is not in %s", want, line)
				}
			}
			for _, secret := range []string{"ada", "Ada", "example.com", "eyJ"} {
				if strings.Contains(line, secret) {
					t.Errorf("%q is in %s", secret, line)
				}
			}
		})
	}
}

// TestPartOfAnAnswerIsReplaced: a handler that fails half-way leaves nothing of its body.
func TestPartOfAnAnswerIsReplaced(t *testing.T) {
	t.Parallel()
	a := app(io.Discard, nil)
	a.Get("/half", func(c *fiber.Ctx) error {
		if err := c.Type("html").SendString("<p>half"); err != nil {
			return err
		}
		return domain.ErrNotFound
	})
	res, err := a.Test(httptest.NewRequest("GET", "/half", nil))
	if err != nil {
		t.Fatal(err)
	}
	var p problem.Problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Code != "not_found" || res.Header.Get("Content-Type") != problem.ContentType {
		t.Errorf("%s: %+v, %v", res.Header.Get("Content-Type"), p, err)
	}
}

// TestBeforeRouting: the request failed before Fiber and its middleware saw it.
func TestBeforeRouting(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := app(&log, nil)
	var ctx fasthttp.RequestCtx
	ctx.Request.SetRequestURI("/secret?secret")
	c := a.AcquireCtx(&ctx)
	defer a.ReleaseCtx(c)
	if err := a.ErrorHandler(c, fiber.ErrRequestHeaderFieldsTooLarge); err != nil {
		t.Fatal(err)
	}
	var p problem.Problem
	if err := json.Unmarshal(ctx.Response.Body(), &p); err != nil {
		t.Fatal(err)
	}
	if id := string(ctx.Response.Header.Peek("X-Request-ID")); id == "" || p.RequestID != id || p.Code != "header_too_large" {
		t.Errorf("X-Request-ID = %q, problem %+v", id, p)
	}
	if got := problem.Code(c); got != "header_too_large" {
		t.Errorf("Code() = %q", got)
	}
	if line := log.String(); !strings.Contains(line, `"route":"unmatched"`) || strings.Contains(line, "secret") {
		t.Errorf("the log holds the raw path, or no route: %s", line)
	}
}
