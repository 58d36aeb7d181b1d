package routes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/interfaces/api/openapi/openapitest"
	"gofiber-auth/interfaces/api/problem"
)

// The routes and the OpenAPI document name the same operations.
func TestRoutesAndDocumentAgree(t *testing.T) {
	t.Parallel()
	var served []string
	for _, r := range newAPI(t).app.GetRoutes(true) {
		if r.Method == "HEAD" { // Fiber's, with every GET
			continue
		}
		path := r.Path
		for _, name := range r.Params {
			path = strings.Replace(path, ":"+name, "{"+name+"}", 1)
		}
		served = append(served, r.Method+" "+path)
	}
	slices.Sort(served)
	documented := openapitest.Routes(t)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("documented (-) and served (+) differ:\n%s", diff)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ready := func(status int, want string) {
		t.Helper()
		got := a.send(t, "GET", "/health/ready", "", "")
		var body struct{ Status string }
		got.into(t, &body)
		if got.status != status || body.Status != want {
			t.Errorf("ready = %d %s, want %d %s", got.status, got.body, status, want)
		}
	}
	a.send(t, "GET", "/health", "", "").want(t, 200, "")
	a.send(t, "GET", "/health/live", "", "").want(t, 200, "")
	ready(200, "ok")
	a.bus.set("down: not connected")
	ready(200, "degraded")
	a.database.set("down: no answer")
	ready(503, "unavailable")
	a.send(t, "GET", "/health/live", "", "").want(t, 200, "")
	a.database.set("ok")
	a.bus.set("ok")
	a.draining.Store(true)
	ready(503, "unavailable")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "")
	a.send(t, "GET", "/api/v1/users/"+ada.User.ID, ada.Token, "")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"wrong"}`)
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`)
	a.send(t, "GET", "/api/v1/nowhere/ada@example.com", "", "")
	got := string(a.send(t, "GET", "/metrics", "", "").want(t, 200, "").body)
	for _, want := range []string{
		`http_requests_total{method="GET",route="/api/v1/users/me",status="200"} 1`,
		`http_requests_total{method="GET",route="/api/v1/users/:id",status="403"} 1`,
		`http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`http_request_duration_seconds_count{method="GET",route="/api/v1/users/me"} 1`,
		`user_registrations_total 1`,
		`user_logins_total{status="success"} 1`,
		`user_logins_total{status="invalid_credentials"} 1`,
		`go_goroutines`,
		`process_open_fds`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(got, "ada@example.com") || strings.Contains(got, ada.User.ID) {
		t.Error("somebody's data stands in a metric")
	}
}

func TestEdge(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	for name, tc := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code, allow        string
	}{
		"unknown route":             {method: "GET", path: "/api/v1/nowhere", status: 404, code: "not_found"},
		"unknown root":              {method: "GET", path: "/", status: 404, code: "not_found"},
		"unknown problem":           {method: "GET", path: "/problems/no-such-thing", status: 404, code: "not_found"},
		"unknown file of the docs":  {method: "GET", path: "/docs/..%2fopenapi.yaml", status: 404, code: "not_found"},
		"fixed name before pattern": {method: "GET", path: "/api/v1/auth/register", status: 405, code: "method_not_allowed", allow: "POST"},
		"wrong method":              {method: "PUT", path: "/api/v1/users/me", status: 405, code: "method_not_allowed", allow: "DELETE, GET, HEAD, PATCH"},
		"not JSON":                  {method: "POST", path: "/api/v1/auth/login", body: "a=b", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		"JSON with a charset":       {method: "POST", path: "/api/v1/auth/login", body: `{"username":"nobody","password":"x"}`, headers: []string{"Content-Type", "Application/JSON; charset=utf-8"}, status: 401, code: "invalid_credentials"},
		"no body":                   {method: "POST", path: "/api/v1/auth/login", status: 400, code: "invalid_json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := a.send(t, tc.method, tc.path, "", tc.body, append(tc.headers, "X-Request-ID", "edge-1")...).want(t, tc.status, tc.code)
			if got.header.Get("X-Request-ID") != "edge-1" {
				t.Errorf("X-Request-ID = %q", got.header.Get("X-Request-ID"))
			}
			allow := strings.Split(strings.ReplaceAll(got.header.Get("Allow"), " ", ""), ",")
			slices.Sort(allow)
			if strings.Join(allow, ", ") != tc.allow {
				t.Errorf("Allow = %q, want %q", got.header.Get("Allow"), tc.allow)
			}
		})
	}
	me := a.send(t, "GET", "/api/v1/users/me", ada.Token, "", "Origin", frontend, "X-Request-ID", "not allowed: spaces")
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": frontend, "Access-Control-Allow-Credentials": "true",
	} {
		if got := me.header.Get(header); got != want {
			t.Errorf("%s = %q, want %q", header, got, want)
		}
	}
	if id := me.header.Get("X-Request-ID"); len(id) != 36 {
		t.Errorf("X-Request-ID = %q, want a new UUID", id)
	}
	for header := range a.send(t, "GET", "/api/v1/users/me", ada.Token, "", "Origin", "https://evil.example.com").header {
		if strings.HasPrefix(header, "Access-Control-") {
			t.Errorf("a stranger's origin gets %s", header)
		}
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	document := a.send(t, "GET", "/openapi.yaml", "", "").want(t, 200, "")
	if !strings.HasPrefix(string(document.body), "openapi: 3.1") && !strings.Contains(string(document.body[:200]), "openapi: 3.1") {
		t.Errorf("no OpenAPI document: %.100s", document.body)
	}
	page := a.send(t, "GET", "/docs", "", "").want(t, 200, "")
	if !strings.Contains(page.header.Get("Content-Security-Policy"), "script-src 'self'") || !strings.Contains(string(page.body), "<html") {
		t.Errorf("%v %.200s", page.header, page.body)
	}
	again := a.send(t, "GET", "/docs", "", "", "If-None-Match", page.header.Get("ETag"))
	if again.status != 304 || len(again.body) != 0 {
		t.Errorf("unchanged page = %d with %d bytes", again.status, len(again.body))
	}
	for _, e := range problem.Catalog() {
		got := a.send(t, "GET", e.Type, "", "").want(t, 200, "")
		if !strings.Contains(string(got.body), e.Code) {
			t.Errorf("%s does not explain %s", e.Type, e.Code)
		}
	}
}
