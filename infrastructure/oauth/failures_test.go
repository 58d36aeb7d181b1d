package oauth

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestProviderFails has what each call of a provider may get for an answer.
func TestProviderFails(t *testing.T) {
	t.Parallel()
	leak := `{"error":"` + email + `","error_description":"` + clientSecret + ` ` + accessToken + `"}`
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"status 500":               {say(http.StatusInternalServerError, leak), "status 500"},
		"status 400 with a reason": {say(http.StatusBadRequest, `{"error":"invalid_request"}`), "status 400 (invalid_request)"},
		"a redirect":               {redirect(http.StatusFound), "status 302"},
		"a redirect to nowhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://"+clientSecret+"\x7f/"+email)
			w.WriteHeader(http.StatusSeeOther)
		}, "call: "},
		"garbage":          {say(http.StatusOK, "\x00\xff<html>"+clientSecret), "not a "},
		"nothing":          {say(http.StatusOK, ""), "not a "},
		"null":             {say(http.StatusOK, "null"), "call: "},
		"half an object":   {say(http.StatusOK, `{"access_token":"`+accessToken), "not a "},
		"an endless one":   {endless, "too long"},
		"a cut connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "failed halfway"},
		"a broken header":  {notHTTP("HTTP/1.1 " + email + "\r\n\r\n"), "not HTTP"},
		"half a body":      {notHTTP("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" + clientSecret), "failed halfway"},
	}
	for name, test := range tests {
		for _, k := range allKinds {
			for _, path := range []string{"/token", "/userinfo", "/certs"} {
				f := newFake(t, k)
				if path == "/userinfo" && k.provider == "google" {
					delete(f.person, "email")
				} else if path == "/userinfo" && k.method != nil || path == "/certs" && (k.method == nil || k.name == lineWeb.name) {
					continue // there is no such call
				}
				t.Run(name+"/"+k.name+path, func(t *testing.T) {
					t.Parallel()
					f.overrides[path] = test.handler
					_, err := logIn(t, f, f.provider())
					refused(t, f, err, test.want)
					if f.called("/elsewhere") != 0 {
						t.Error("a redirect was followed")
					}
				})
			}
		}
	}
}

// TestErrorInsideAnswer has errors with status 200.
func TestErrorInsideAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, body, want string }{
		"as the standard has it": {"/token", `{"error":"invalid_grant","access_token":"x","id_token":"x.y.z"}`, "is an error (invalid_grant)"},
		"as Facebook has it":     {"/token", `{"error":{"message":"` + email + `","code":190},"access_token":"x"}`, "is an error (code 190)"},
		"in words of its own":    {"/token", `{"error":"` + email + `","access_token":"x"}`, "is an error"},
		"no access_token":        {"/token", `{"id_token":"x.y.z","token_type":"Bearer"}`, "no access_token"},
		"an empty access_token":  {"/token", `{"access_token":"","token_type":"Bearer"}`, "no access_token"},
		"access_token a number":  {"/token", `{"access_token":1,"token_type":"Bearer"}`, "no access_token"},
		"another kind of token":  {"/token", `{"access_token":"x","token_type":"mac"}`, "bearer"},
		"the Graph API's":        {"/userinfo", `{"error":{"message":"` + email + `","code":190},"id":"1"}`, "is an error (code 190)"},
	}
	for name, test := range tests {
		for _, k := range allKinds {
			if test.path == "/userinfo" && k.method != nil {
				continue
			}
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.overrides[test.path] = say(http.StatusOK, test.body)
				_, err := logIn(t, f, f.provider())
				refused(t, f, err, test.want)
			})
		}
	}
	t.Run("a token that is no header", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, graph)
		f.token = map[string]any{"access_token": accessToken + "\r\nX: y"}
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "userinfo call")
	})
}

// TestHang proves that a log-in ends within its bound, whichever call hangs and however.
func TestHang(t *testing.T) {
	t.Parallel()
	before := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }
	halfway := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"access_token":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for name, handler := range map[string]http.HandlerFunc{"before the answer": before, "halfway": halfway} {
		for k, path := range map[string]string{"google": "/token", "line": "/certs", "facebook": "/userinfo"} {
			t.Run(name+"/"+k, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, map[string]kind{"google": google, "line": lineApp, "facebook": graph}[k])
				f.overrides[path] = handler
				deps := f.deps()
				deps.bound = 200 * time.Millisecond
				begun := time.Now()
				_, err := logIn(t, f, f.kind.make(f.client(), deps))
				refused(t, f, err, "no answer in time")
				if took := time.Since(begun); took > time.Minute {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
	t.Run("the caller goes", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		ctx, cancel := context.WithCancel(t.Context())
		f.overrides["/token"] = func(w http.ResponseWriter, r *http.Request) { cancel(); before(w, r) }
		_, err := logInAs(ctx, f, f.provider(), subject)
		refused(t, f, err, "canceled")
	})
	t.Run("nobody is there", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		p := f.provider()
		f.server.Close()
		_, err := logIn(t, f, p)
		refused(t, f, err, "connection refused")
	})
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func redirect(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?"+email, status)
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"access_token":"`)
	for chunk := []byte(strings.Repeat("x", 64<<10)); ; {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// notHTTP answers with bytes as they are, and ends the connection.
func notHTTP(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, answer)
		conn.Close()
	}
}
