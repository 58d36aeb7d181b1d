package simulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/fakeidp"
)

// withinTime is how long a provider may keep a person waiting.
const withinTime = 10 * time.Second

// say answers with a status, a type and a body.
func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// endless answers with 20 MB of a text that never ends.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"access_token":"`)
	chunk := bytes.Repeat([]byte("a"), 1<<20)
	for range 20 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// reset ends the connection.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// half ends the connection in the middle of the answer.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"access_token":"abc",`)
	panic(http.ErrAbortHandler)
}

// badAnswers is what may come in place of an answer of any endpoint.
var badAnswers = map[string]http.HandlerFunc{
	"500":                   say(500, "text/plain", "oops"),
	"500 with a good form":  say(500, "application/json", `{"id":"1","access_token":"abc"}`),
	"401":                   say(401, "application/json", `{"error":"invalid_client"}`),
	"429":                   say(429, "application/json", `{"error":"slow_down"}`),
	"204":                   say(204, "application/json", ""),
	"200 without a body":    say(200, "application/json", ""),
	"200 with an error":     say(200, "application/json", `{"error":"invalid_grant","error_description":"no"}`),
	"200 and an error list": say(200, "application/json", `{"error":{"message":"no","type":"OAuthException","code":190}}`),
	"HTML":                  say(200, "text/html", "<html><body>Please log in</body></html>"),
	"HTML said to be JSON":  say(200, "application/json", "<html><body>Please log in</body></html>"),
	"a list":                say(200, "application/json", `[{"access_token":"abc"}]`),
	"null":                  say(200, "application/json", `null`),
	"a text":                say(200, "application/json", `"abc"`),
	"half of JSON":          say(200, "application/json", `{"access_token":"abc`),
	"types wrong":           say(200, "application/json", `{"access_token":{"a":1},"id_token":7,"id":["1"]}`),
	"UTF-16":                say(200, "application/json; charset=utf-16", "\xff\xfe{\x00}\x00"),
	"nested deep":           say(200, "application/json", strings.Repeat(`{"a":`, 20_000)),
	"endless":               endless,
	"connection reset":      reset,
	"connection cut":        half,
}

// TestAnswers has the endpoints that the service asks answer what they should not. The
// person gets provider_error and there is nothing of them.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	refused := func(t *testing.T, provider string, a fakeidp.Answer) {
		t.Helper()
		a.Subject, a.Email, a.Verified = w.name("s"), w.email("answers"), true
		b := w.newBrowser()
		f := b.begin(t, provider, true)
		callback := b.decide(t, f, a)
		if got, _, _ := b.finish(t, f, callback); got != "provider_error" {
			t.Errorf("the log-in ends with %q, want provider_error", got)
		}
		if got, _, _ := b.finish(t, f, callback); got != "invalid_state" {
			t.Errorf("the callback of a failed log-in, again: %q, want invalid_state", got)
		}
		if users := w.users(t, a.Email); len(users) != 0 {
			t.Errorf("there is a user now: %v", users)
		}
	}
	for name, answer := range badAnswers {
		for _, provider := range fakeidp.Names {
			t.Run(provider+", token, "+name, func(t *testing.T) {
				refused(t, provider, fakeidp.Answer{TokenAnswer: answer})
			})
		}
		t.Run("facebook, profile, "+name, func(t *testing.T) {
			refused(t, fakeidp.Facebook, fakeidp.Answer{ProfileAnswer: answer})
		})
	}
	for name, change := range map[string]func(a map[string]any){
		"no access token":      func(a map[string]any) { delete(a, "access_token") },
		"empty access token":   func(a map[string]any) { a["access_token"] = "" },
		"access token a list":  func(a map[string]any) { a["access_token"] = []string{"a"} },
		"an error beside it":   func(a map[string]any) { a["error"] = "invalid_grant" },
		"another token's type": func(a map[string]any) { a["token_type"] = "mac" },
	} {
		for _, provider := range fakeidp.Names {
			t.Run(provider+", token, "+name, func(t *testing.T) { refused(t, provider, fakeidp.Answer{Token: change}) })
		}
	}
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		for name, change := range map[string]func(a map[string]any){
			"no id_token":   func(a map[string]any) { delete(a, "id_token") },
			"null id_token": func(a map[string]any) { a["id_token"] = nil },
		} {
			t.Run(provider+", token, "+name, func(t *testing.T) { refused(t, provider, fakeidp.Answer{Token: change}) })
		}
	}
	for name, change := range map[string]func(p map[string]any){
		"id absent":          func(p map[string]any) { delete(p, "id") },
		"id empty":           func(p map[string]any) { p["id"] = "" },
		"id null":            func(p map[string]any) { p["id"] = nil },
		"id a number":        func(p map[string]any) { p["id"] = 10001 },
		"id a list":          func(p map[string]any) { p["id"] = []string{"1"} },
		"id too long":        func(p map[string]any) { p["id"] = strings.Repeat("1", 300) },
		"an error beside it": func(p map[string]any) { p["error"] = map[string]any{"code": 190} },
	} {
		t.Run("facebook, profile, "+name, func(t *testing.T) { refused(t, fakeidp.Facebook, fakeidp.Answer{Profile: change}) })
	}
	if events := w.published(t, func(e event) bool { return strings.HasPrefix(e.Email, "answers") }); len(events) != 0 {
		t.Errorf("the bus has told %v, want nothing", events)
	}
}

// TestRedirectsAreNotFollowed has endpoints send the service elsewhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var visits atomic.Int64
	elsewhere := visited(t, &visits)
	for _, status := range []int{301, 302, 303, 307, 308} {
		away := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, status) }
		for _, provider := range fakeidp.Names {
			got, _, _ := w.newBrowser().outcome(t, provider, fakeidp.Answer{Subject: w.name("s"), Email: w.email("away"), TokenAnswer: away})
			if got != "provider_error" {
				t.Errorf("%s: token endpoint answers %d: %q, want provider_error", provider, status, got)
			}
		}
		got, _, _ := w.newBrowser().outcome(t, fakeidp.Facebook, fakeidp.Answer{Subject: w.name("s"), Email: w.email("away"), ProfileAnswer: away})
		if got != "provider_error" {
			t.Errorf("Graph answers %d: %q, want provider_error", status, got)
		}
		handler := http.HandlerFunc(away)
		google := w.Providers[fakeidp.Google]
		google.KeysAnswer.Store(&handler)
		got, _, _ = w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{Subject: w.name("s"), Email: w.email("away"), Verified: true})
		google.KeysAnswer.Store(nil)
		if got != "provider_error" {
			t.Errorf("the keys' URL answers %d: %q, want provider_error", status, got)
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the service has followed %d redirects", n)
	}
}
