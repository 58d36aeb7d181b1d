package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// someone is a person that nobody has seen.
func (w *world) someone() fakeidp.Answer {
	return fakeidp.Answer{Subject: w.name("s"), Email: w.email("someone"), Verified: true, Name: "Ada Lovelace"}
}

// TestStates has callbacks that must not count.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	is := func(t *testing.T, why string, q url.Values, want string) {
		t.Helper()
		if q.Get("error") != want || q.Has("code") {
			t.Errorf("%s: the front end gets %v, want the error %s", why, q, want)
		}
	}
	t.Run("replayed", func(t *testing.T) {
		b := w.newBrowser()
		f := b.begin(t, fakeidp.Google, true)
		callback := b.decide(t, f, w.someone())
		first := b.comeBack(t, callback)
		is(t, "the same callback again", b.comeBack(t, callback), "invalid_state")
		is(t, "the same state with a new code", b.comeBack(t, replace(t, callback, "code", "another")), "invalid_state")
		if status, _, p := w.exchange(t, first.Get("code"), f.verifier); status != http.StatusOK {
			t.Errorf("the first callback's code: %d %q, want 200", status, p.Code)
		}
	})
	t.Run("of another provider", func(t *testing.T) {
		for _, at := range fakeidp.Names {
			for _, of := range fakeidp.Names {
				if at != of {
					b := w.newBrowser()
					callback := b.decide(t, b.begin(t, of, true), w.someone())
					is(t, of+" at "+at, b.comeBack(t, strings.Replace(callback, "/"+of+"/", "/"+at+"/", 1)), "invalid_state")
				}
			}
		}
	})
	t.Run("made up", func(t *testing.T) {
		b := w.newBrowser()
		for _, query := range []string{
			"", "code=a", "state=a", "code=a&state=", "code=a&state=" + strings.Repeat("A", 43), "error=access_denied", "error=access_denied&state=a",
			"code=a&state=" + strings.Repeat("A", 2000), "code=a&state=%00", "code=a&state=%zz", "state=%ff&code=%ff",
		} {
			is(t, query, b.comeBack(t, "/api/v1/auth/google/callback?"+query), "invalid_state")
		}
	})
	t.Run("in another browser", func(t *testing.T) {
		b := w.newBrowser()
		callback := b.decide(t, b.begin(t, fakeidp.Google, false), w.someone())
		is(t, "no cookie, no challenge", w.newBrowser().comeBack(t, callback), "invalid_state")

		b = w.newBrowser()
		callback = b.decide(t, b.begin(t, fakeidp.Google, false), w.someone())
		other := w.newBrowser()
		other.begin(t, fakeidp.Google, false)
		is(t, "cookies of another flow", other.comeBack(t, callback), "invalid_state")

		b = w.newBrowser()
		denied := b.decide(t, b.begin(t, fakeidp.Google, false), fakeidp.Answer{Denied: "access_denied"})
		is(t, "an error in another browser", w.newBrowser().comeBack(t, denied), "invalid_state")
	})
	t.Run("cookie of one flow at another", func(t *testing.T) {
		b := w.newBrowser()
		first, second := b.begin(t, fakeidp.Google, false), b.begin(t, fakeidp.LINE, false)
		mixed := replace(t, b.decide(t, second, w.someone()), "state", stateOf(t, first))
		is(t, "the state of the first at the second's provider", b.comeBack(t, mixed), "invalid_state")
	})
	t.Run("code of another flow", func(t *testing.T) {
		for _, provider := range fakeidp.Names {
			victim, attacker := w.newBrowser(), w.newBrowser()
			target := victim.begin(t, provider, true)
			theirs := victim.decide(t, target, w.someone())
			stolen := attacker.decide(t, attacker.begin(t, provider, true), w.someone())
			u, err := url.Parse(stolen)
			if err != nil {
				t.Fatal(err)
			}
			q := victim.comeBack(t, replace(t, theirs, "code", u.Query().Get("code")))
			is(t, provider, q, "provider_error")
		}
		w.Forgive("code_verifier is not that")
	})
	t.Run("in one browser, out of order", func(t *testing.T) {
		b := w.newBrowser()
		var flows []flow
		var callbacks []string
		for i := range 12 {
			f := b.begin(t, fakeidp.Names[i%3], i%2 == 0)
			flows = append(flows, f)
			callbacks = append(callbacks, b.decide(t, f, w.someone()))
		}
		for _, i := range []int{7, 0, 11, 3, 1, 2, 10, 4, 9, 8, 5, 6} {
			if got, _, _ := b.finish(t, flows[i], callbacks[i]); got != "ok" {
				t.Errorf("flow %d: %q, want ok", i, got)
			}
		}
	})
	t.Run("the challenge is enough, whatever the cookies", func(t *testing.T) {
		b, other := w.newBrowser(), w.newBrowser()
		other.begin(t, fakeidp.Google, false)
		f := b.begin(t, fakeidp.Google, true)
		if got, _, _ := other.finish(t, f, b.decide(t, f, w.someone())); got != "ok" {
			t.Errorf("the log-in ends with %q, want ok", got)
		}
	})
}

// TestFrontEndStates has the front end's state come back as it was, whatever is in it.
func TestFrontEndStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, state := range []string{
		"plain", "a b", "a+b", "a%20b", "%", "&code=evil&x=", "#fragment", "?", "=", "/../..", `"quoted"`, `\`, "<script>", "ภาษาไทย", "🙂", "e\u0301", "a;b",
		"https://evil.example/?a=b", `{"next":"/a b","n":1}`, strings.Repeat("s", 500), "0", "null", "[]", ",", "'", "a\tb",
	} {
		for _, denied := range []string{"", "access_denied"} {
			b := w.newBrowser()
			got, err := b.open(t.Context(), http.MethodGet, "/api/v1/auth/line?"+url.Values{"state": {state}}.Encode(), "")
			if err != nil {
				t.Fatal(err)
			}
			a := w.someone()
			a.Denied = denied
			q := b.comeBack(t, b.decide(t, flow{provider: fakeidp.LINE, url: urlOf(t, got)}, a))
			if q.Get("state") != state || q.Get("error") != denied || q.Get("code") == "evil" {
				t.Errorf("the state %q comes back as %q, with %v", state, q.Get("state"), q)
			}
		}
	}
}

// TestProvidersErrors has providers send people back with errors.
func TestProvidersErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for denied, want := range map[string]string{
		"access_denied": "access_denied", "server_error": "provider_error", "temporarily_unavailable": "provider_error",
		"invalid_request": "provider_error", "login_required": "provider_error", "<script>": "provider_error", "account_disabled": "provider_error",
		"invalid_state": "provider_error",
	} {
		for _, provider := range fakeidp.Names {
			b := w.newBrowser()
			f := b.begin(t, provider, true)
			callback := b.decide(t, f, fakeidp.Answer{Denied: denied})
			if q := b.comeBack(t, callback); q.Get("error") != want || q.Has("code") || q.Get("state") != f.state {
				t.Errorf("%s says %s: the front end gets %v, want %s", provider, denied, q, want)
			}
			if q := b.comeBack(t, callback); q.Get("error") != "invalid_state" {
				t.Errorf("%s says %s, again: the front end gets %v, want invalid_state", provider, denied, q)
			}
			if q := b.comeBack(t, "/api/v1/auth/"+provider+"/callback?code=a&state="+url.QueryEscape(stateOf(t, f))); q.Get("error") != "invalid_state" {
				t.Errorf("a code after %s's error: the front end gets %v, want invalid_state", provider, q)
			}
		}
	}
}

// TestRedirectingStart begins flows as links do.
func TestRedirectingStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, provider := range fakeidp.Names {
		b := w.newBrowser()
		got, err := b.open(t.Context(), http.MethodGet, "/api/v1/auth/"+provider+"?redirect=true&state=front-end-state", "")
		if err != nil {
			t.Fatal(err)
		}
		if got.status != http.StatusFound || !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d with Cache-Control %q, want 302 and no-store", provider, got.status, got.header.Get("Cache-Control"))
		}
		f := flow{provider: provider, url: got.header.Get("Location")}
		q := b.comeBack(t, b.decide(t, f, w.someone()))
		if status, _, p := w.exchange(t, q.Get("code"), ""); status != http.StatusOK || q.Get("state") != "front-end-state" {
			t.Errorf("%s: exchange = %d %q with state %q", provider, status, p.Code, q.Get("state"))
		}
	}
}

// TestRoutes asks for what is not there, or not so.
func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"LINE_CLIENT_ID": "", "LINE_CLIENT_SECRET": ""})
	member := w.register(t, w.email("member"))
	challenge := s256(strings.Repeat("v", 43))
	for request, want := range map[string]struct {
		status int
		code   string
	}{
		"GET /auth/line":                              {404, "provider_not_found"}, // not configured, and no development provider stands in
		"GET /auth/line/callback?code=a&state=b":      {404, "provider_not_found"},
		"GET /auth/github":                            {404, "provider_not_found"},
		"GET /auth/GOOGLE":                            {404, "provider_not_found"},
		"GET /auth/github/callback":                   {404, "provider_not_found"},
		"GET /auth/..%2fgoogle":                       {404, ""},
		"GET /auth/google%00":                         {404, ""},
		"POST /users/me/oauth-providers/github":       {404, "provider_not_found"},
		"POST /users/me/oauth-providers/line":         {404, "provider_not_found"},
		"GET /auth/register":                          {405, "method_not_allowed"},
		"GET /auth/exchange":                          {405, "method_not_allowed"},
		"GET /auth/oauth/complete":                    {405, "method_not_allowed"},
		"POST /auth/google":                           {405, "method_not_allowed"},
		"PUT /auth/google":                            {405, "method_not_allowed"},
		"POST /auth/google/callback":                  {405, "method_not_allowed"},
		"DELETE /auth/google/callback":                {405, "method_not_allowed"},
		"POST /users/me/oauth-providers":              {405, "method_not_allowed"},
		"PATCH /users/me/oauth-providers/google":      {405, "method_not_allowed"},
		"GET /auth/google?code_challenge_method=S256": {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=plain&code_challenge=" + challenge:              {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=s256&code_challenge=" + challenge:               {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=S256&code_challenge=short":                      {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=S256&code_challenge=" + challenge + "x":         {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=S256&code_challenge=" + strings.Repeat("!", 43): {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=S256&code_challenge=" + challenge[:42] + "%3D":  {422, "validation_failed"},
		"GET /auth/google?code_challenge_method=S256&code_challenge=" + challenge:               {200, ""},
		"GET /auth/google?redirect=false":                                                       {200, ""},
		"GET /dev/idp":                                                                          {404, ""},
		"GET /../../dev/idp":                                                                    {404, ""},
	} {
		method, path, _ := strings.Cut(request, " ")
		status, header, body, err := w.do(t.Context(), method, "/api/v1"+path, member.Token, "")
		var p problem
		if err == nil && status >= 400 {
			err = json.Unmarshal(body, &p)
		}
		if err != nil || status != want.status || want.code != "" && p.Code != want.code {
			t.Errorf("%s = %d %s %v, want %d %s", request, status, body, err, want.status, want.code)
		}
		if status == http.StatusMethodNotAllowed && header.Get("Allow") == "" {
			t.Errorf("%s: there is no Allow", request)
		}
	}
	for _, path := range []string{"/dev/idp", "/dev/idp/", "/dev/idp/google/authorize", "/demo", "/"} {
		if status, _, body, err := w.do(t.Context(), http.MethodGet, path, "", ""); err != nil || status != http.StatusNotFound {
			t.Errorf("GET %s = %d %.80s %v, want 404", path, status, body, err)
		}
	}
	for _, request := range []string{"GET /users/me/oauth-providers", "POST /users/me/oauth-providers/google", "DELETE /users/me/oauth-providers/google"} {
		method, path, _ := strings.Cut(request, " ")
		for _, token := range []string{"", "garbage"} {
			status, header, body, err := w.do(t.Context(), method, "/api/v1"+path, token, "")
			if err != nil || status != http.StatusUnauthorized || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s with %q = %d %s %v, want 401", request, token, status, body, err)
			}
		}
	}
}

// TestPreview has programs look at links before people open them, which must not use them up.
func TestPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodOptions} {
		b := w.newBrowser()
		f := b.begin(t, fakeidp.Google, true)
		callback := b.decide(t, f, w.someone())
		if _, err := b.open(t.Context(), method, callback, ""); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := b.finish(t, f, callback); got != "ok" {
			t.Errorf("after %s of the callback the log-in ends with %q, want ok", method, got)
		}
	}
}

// TestParametersTwice sends what may come once more often.
func TestParametersTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, more := range []string{"&state=other", "&code=other", "&error=access_denied", "&error=server_error"} {
		b := w.newBrowser()
		f := b.begin(t, fakeidp.Google, true)
		if q := b.comeBack(t, b.decide(t, f, w.someone())+more); q.Has("code") || q.Get("error") == "" {
			t.Errorf("a callback with %s: the front end gets %v, want an error", more, q)
		}
	}
	challenge := "code_challenge_method=S256&code_challenge=" + s256("one")
	for _, query := range []string{challenge + "&code_challenge=" + s256("two"), "state=one&state=two"} {
		w.refused(t, http.MethodGet, "/auth/google?"+query, "", "", http.StatusUnprocessableEntity, "validation_failed")
	}
}

// TestBodies sends bodies that are not as they should be.
func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, path := range []string{"/auth/exchange", "/auth/oauth/complete"} {
		for body, want := range map[string]struct {
			status int
			code   string
		}{
			`{`:    {400, "invalid_json"},
			`[]`:   {0, ""},
			`"a"`:  {0, ""},
			`null`: {0, ""},
			`{}`:   {422, "validation_failed"},
			`{"code":1,"ticket":1,"email":"a@example.com"}`:                                                                 {0, ""},
			`{"code":["a"],"ticket":["a"],"email":"a@example.com"}`:                                                         {0, ""},
			`{"code":null,"ticket":null,"email":"a@example.com"}`:                                                           {422, "validation_failed"},
			`{"code":"","ticket":"","email":"a@example.com"}`:                                                               {422, "validation_failed"},
			`{"code":"a","codeVerifier":7,"ticket":"a","email":{}}`:                                                         {0, ""},
			`{"code":"` + strings.Repeat("a", 70_000) + `"}`:                                                                {413, "payload_too_large"},
			`{"code":"\u0000","ticket":"\u0000","email":"a@example.com"}`:                                                   {0, ""},
			`{"code":"` + strings.Repeat("a", 43) + `","ticket":"` + strings.Repeat("a", 43) + `","email":"a@example.com"}`: {400, map[bool]string{true: "invalid_code", false: "invalid_ticket"}[path == "/auth/exchange"]},
		} {
			status, p := w.call(t, http.MethodPost, path, "", body, nil)
			if want.status != 0 && (status != want.status || p.Code != want.code) {
				t.Errorf("%s %.80s = %d %q, want %d %q", path, body, status, p.Code, want.status, want.code)
			}
			if status < 400 || status >= 500 {
				t.Errorf("%s %.80s = %d, want 4xx", path, body, status)
			}
		}
		status, _, _, err := w.do(t.Context(), http.MethodPost, "/api/v1"+path, "", "")
		if err != nil || status < 400 || status >= 500 {
			t.Errorf("%s without a body = %d %v, want 4xx", path, status, err)
		}
	}
}

// replace puts a value in the query of a callback.
func replace(t *testing.T, callback, name, value string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	return fmt.Sprintf("%s?%s", u.Path, q.Encode())
}

func stateOf(t *testing.T, f flow) string {
	t.Helper()
	u, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}
