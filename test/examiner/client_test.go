package examiner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

// request is one to an instance. A body that is not empty is JSON, unless the header says
// otherwise.
type request struct {
	method, path string // under /api/v1, unless it begins with //
	token        string
	body         string
	header       map[string]string // an empty value takes the header out; with a newline it is two
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    []byte
	problem problem
}

// problem is RFC 9457's, as the contract has it.
type problem struct {
	Type, Title, Code, Detail, RequestID, Ticket string
	Status                                       int
	Errors                                       []struct{ Field, Code, Message string }
}

// code is the problem's, with the field and its code where one is wrong.
func (a answer) code() string {
	if len(a.problem.Errors) > 0 {
		return a.problem.Code + " " + a.problem.Errors[0].Field + " " + a.problem.Errors[0].Code
	}
	return a.problem.Code
}

func (r request) url(base string) string {
	if path, root := strings.CutPrefix(r.path, "//"); root {
		return base + "/" + path
	}
	return base + "/api/v1" + r.path
}

// send makes a request and holds the answer to what all answers have in common. It may be
// called from any goroutine.
func (i *instance) send(t *testing.T, r request) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.url(i.base), strings.NewReader(r.body))
	if err != nil {
		t.Error(err)
		return answer{}
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for k, v := range r.header {
		switch {
		case k == "Host":
			req.Host = v
		case v == "" && k == "User-Agent":
			req.Header[k] = nil // else the client adds its own
		case v == "":
			req.Header.Del(k)
		default:
			req.Header[k] = strings.Split(v, "\n")
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows nothing
	if err != nil {
		t.Errorf("%s %s: %v", r.method, r.path, err)
		return answer{}
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header, cookies: res.Cookies()}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		t.Errorf("%s %s: %v", r.method, r.path, err)
		return a
	}
	i.conforms(t, r, &a)
	return a
}

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// conforms holds an answer to the contract's conventions.
func (i *instance) conforms(t *testing.T, r request, a *answer) {
	t.Helper()
	id := a.header.Get("X-Request-ID")
	if !requestIDPattern.MatchString(id) || len(a.header.Values("X-Request-ID")) != 1 {
		t.Errorf("%s %s = %d: X-Request-ID is %q", r.method, r.path, a.status, a.header.Values("X-Request-ID"))
	}
	kind := a.header.Get("Content-Type")
	switch {
	case a.status >= 400:
		i.problem(t, r, a)
	case a.status == http.StatusNoContent && len(a.body) > 0:
		t.Errorf("%s %s = 204 with a body: %s", r.method, r.path, a.body)
	case len(a.body) > 0 && strings.HasPrefix(r.path, "/") && !strings.HasPrefix(r.path, "//") && !strings.HasPrefix(kind, "application/json"):
		t.Errorf("%s %s = %d as %q, want JSON", r.method, r.path, a.status, kind)
	}
}

// problem holds an error to the contract's form of errors.
func (i *instance) problem(t *testing.T, r request, a *answer) {
	t.Helper()
	fault := func(what string) {
		t.Errorf("%s %s = %d %s: %s", r.method, r.path, a.status, a.body, what)
	}
	var members map[string]any
	p := &a.problem
	if err := json.Unmarshal(a.body, p); err != nil {
		fault(err.Error())
		return
	}
	_ = json.Unmarshal(a.body, &members) // it is an object, see above
	allowed := []string{"type", "title", "status", "code", "detail", "requestId", "errors", "ticket"}
	for name := range members {
		if !slices.Contains(allowed, name) {
			fault("a member " + name)
		}
	}
	for _, f := range p.Errors {
		if f.Field == "" || f.Code == "" || f.Message == "" {
			fault("an error of a field lacks something")
		}
	}
	switch {
	case a.status >= 500 && a.status != http.StatusServiceUnavailable:
		fault("that never happens")
	case a.header.Get("Content-Type") != "application/problem+json":
		fault("Content-Type " + a.header.Get("Content-Type"))
	case p.Status != a.status, p.Title == "", p.Code == "", p.Detail == "":
		fault("title, code, detail or the right status is missing")
	case p.Type != "/problems/"+strings.ReplaceAll(p.Code, "_", "-"):
		fault("type does not follow from code")
	case p.RequestID != a.header.Get("X-Request-ID"):
		fault("requestId is not X-Request-ID")
	case (p.Code == "validation_failed") != (members["errors"] != nil):
		fault("errors is there for validation_failed only, and always")
	case a.status == http.StatusUnauthorized && (p.Code == "unauthorized" || p.Code == "token_expired") && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer"):
		fault("no WWW-Authenticate")
	case a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") == "":
		fault("no Allow")
	case a.status == http.StatusTooManyRequests:
		limited(t, r, a)
	case bytes.Contains(a.body, []byte(".go:")) || bytes.Contains(a.body, []byte("goroutine ")) || bytes.Contains(a.body, []byte("SQLSTATE")):
		fault("internals")
	}
	text := string(a.body)
	if p.Ticket != "" {
		text = strings.ReplaceAll(text, p.Ticket, "")
		i.w.secret("ticket", p.Ticket)
	}
	if secrets := i.w.found(text); secrets != nil {
		fault("it holds secrets")
	}
}

var (
	itemPattern  = regexp.MustCompile(`^"[^"]+"(;[a-z*][a-z0-9_.*-]*=("[^"]*"|\d+|:[A-Za-z0-9+/=]*:))+$`)
	delayPattern = regexp.MustCompile(`^[1-9]\d{0,3}$`)
)

// limited holds a 429 to the fields of the IETF's draft.
func limited(t *testing.T, r request, a *answer) {
	t.Helper()
	if a.problem.Code != "rate_limited" {
		t.Errorf("%s %s = 429 %q", r.method, r.path, a.problem.Code)
	}
	if delay := a.header.Get("Retry-After"); !delayPattern.MatchString(delay) {
		t.Errorf("Retry-After is %q, want whole seconds", delay)
	}
	for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
		for item := range strings.SplitSeq(a.header.Get(name), ",") {
			if !itemPattern.MatchString(strings.TrimSpace(item)) {
				t.Errorf("%s is %q, want items of structured fields", name, a.header.Get(name))
			}
		}
	}
}

// must makes a request that has to end with the status, and decodes a success into out.
func (i *instance) must(t *testing.T, r request, status int, out any) answer {
	t.Helper()
	a := i.send(t, r)
	if a.status != status {
		t.Fatalf("%s %s = %d %s, want %d", r.method, r.path, a.status, a.body, status)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			t.Fatalf("%s %s: %v in %s", r.method, r.path, err, a.body)
		}
	}
	return a
}

// refuses makes a request that has to end with the status and the code; of a wrong field also
// the field and its code.
func (i *instance) refuses(t *testing.T, r request, status int, code string) answer {
	t.Helper()
	a := i.send(t, r)
	if a.status != status || a.problem.Code != code && a.code() != code {
		t.Errorf("%s %s %s = %d %s, want %d %s", r.method, r.path, r.body, a.status, a.body, status, code)
	}
	return a
}

// jsonOf decodes an answer that has to have the status. It is for goroutines, where must is not.
func jsonOf(a answer, status int, out any) error {
	if a.status != status {
		return fmt.Errorf("%d %s, want %d", a.status, a.body, status)
	}
	return json.Unmarshal(a.body, out)
}
