package routes_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/domain/models"
	"gofiber-auth/interfaces/api/routes"
)

var (
	lin    = models.ExternalIdentity{Provider: "line", Subject: "U1", Name: "Lin"}
	gustav = models.ExternalIdentity{Provider: "google", Subject: "1001", Email: "gustav@example.com", EmailVerified: true}
)

type oauthAuth struct {
	auth

	IsNewUser bool
}

func TestLoggingInThroughAProvider(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, isNew := range []bool{true, false} {
		q := a.come(t, gustav)
		if q.Get("state") != "mine" || q.Has("error") || strings.Count(q.Get("code"), ".") != 0 {
			t.Fatalf("the front end is called with %v", q)
		}
		var got oauthAuth
		a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(q.Get("code"))).want(t, 200, "").into(t, &got)
		if got.IsNewUser != isNew || got.User.Email != "gustav@example.com" || !got.User.EmailVerified {
			t.Errorf("logged in as %+v", got)
		}
		a.send(t, "GET", "/api/v1/users/me", got.Token, "").want(t, 200, "")
		a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(q.Get("code"))).want(t, 400, "invalid_code")
		a.send(t, "GET", "/api/v1/users/me", got.Token, "").want(t, 401, "unauthorized") // its code came again
	}
	metrics := string(a.send(t, "GET", "/metrics", "", "").body)
	for _, line := range []string{
		`oauth_logins_total{provider="google",status="success"} 2`,
		`oauth_logins_total{provider="google",status="invalid_code"} 2`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// By cookie, without a challenge: the browser that began goes on, another does not.
func TestTheCookieTiesTheFlowToTheBrowser(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for name, tt := range map[string]struct {
		cookie func(own string) string
		want   string
	}{
		"its own":             {func(own string) string { return own }, ""},
		"its own among other": {func(own string) string { return "a=b; oauth-000000000000=x; " + own + "; c=d" }, ""},
		"none":                {func(string) string { return "" }, "invalid_state"},
		"of another flow": {func(string) string {
			_, other := a.provider(t, "GET", "/api/v1/auth/google", "")
			return other
		}, "invalid_state"},
		"its name with another value": {func(own string) string { n, _, _ := strings.Cut(own, "="); return n + "=forged" }, "invalid_state"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, own := a.provider(t, "GET", "/api/v1/auth/google?state=a%20b%26c", "")
			path := callbackPath(t, address, gustav)
			got := a.send(t, "GET", path, "", "", "Cookie", tt.cookie(own))
			q := got.frontend(t)
			if q.Get("error") != tt.want || q.Get("state") != "a b&c" || q.Has("code") != (tt.want == "") {
				t.Errorf("the front end is called with %v", q)
			}
			cookies := (&http.Response{Header: got.header}).Cookies()
			second := a.send(t, "GET", path, "", "", "Cookie", own).frontend(t)
			if tt.want != "" { // a visit of another browser uses nothing up
				if len(cookies) != 0 || !second.Has("code") {
					t.Errorf("afterwards the browser that began gets %v and %v", cookies, second)
				}
				return
			}
			name, _, _ := strings.Cut(own, "=")
			if len(cookies) != 1 || cookies[0].Name != name || cookies[0].Value != "" || cookies[0].Expires.Year() > 2010 {
				t.Errorf("the cookie is not dropped: %v", cookies)
			}
			if second.Get("error") != "invalid_state" {
				t.Errorf("the second time: %v", second)
			}
		})
	}
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		a := newAPI(t)
		a.deps.SecureCookies = secure
		a.app = routes.New(a.deps)
		got := a.send(t, "GET", "/api/v1/auth/line?redirect=true", "", "").want(t, 302, "")
		if to := got.header.Get("Location"); !strings.HasPrefix(to, "https://line.example/authorize?") {
			t.Errorf("the browser is sent to %q", to)
		}
		c := (&http.Response{Header: got.header}).Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.MaxAge != 600 || c.Path != "/" || c.Domain != "" ||
			strings.HasPrefix(c.Name, "__Host-") != secure || len(c.Value) < 22 {
			t.Errorf("Set-Cookie %+v", c)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", got.header)
		}
	}
}

// A page that begins flow after flow in somebody's browser does not make its requests too long.
func TestTooManyCookiesAreDropped(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var cookies []string
	for i := range 300 {
		cookies = append(cookies, fmt.Sprintf("oauth-%012x=%s", i, strings.Repeat("v", 22)))
	}
	got := a.send(t, "GET", "/api/v1/auth/line", "", "", "Cookie", strings.Join(cookies, "; ")).want(t, 200, "")
	dropped := 0
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Value == "" {
			dropped++
		}
	}
	if dropped != 300 {
		t.Errorf("%d of 300 cookies are dropped", dropped)
	}
}

func TestCallbacksOfProviders(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	flow := func() url.Values {
		address, _ := a.provider(t, "GET", startPath("google"), "")
		u, err := url.Parse(callbackPath(t, address, gustav))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	for name, tt := range map[string]struct {
		provider string
		change   func(q url.Values)
		want     string
		state    string
	}{
		"denied":           {"google", func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, "access_denied", "mine"},
		"denied with code": {"google", func(q url.Values) { q.Set("error", "access_denied") }, "access_denied", "mine"},
		"another error":    {"google", func(q url.Values) { q.Set("error", "<script>") }, "provider_error", "mine"},
		"denied, no state": {"google", func(q url.Values) { clear(q); q.Set("error", "access_denied") }, "invalid_state", ""},
		"nothing":          {"google", func(q url.Values) { clear(q) }, "invalid_state", ""},
		"mixed up":         {"line", func(url.Values) {}, "invalid_state", "mine"},
		"two states":       {"google", func(q url.Values) { q.Add("state", "another") }, "invalid_state", ""},
		"two codes":        {"google", func(q url.Values) { q.Add("code", "another") }, "provider_error", "mine"},
		"a wrong code":     {"google", func(q url.Values) { q.Set("code", "wrong") }, "provider_error", "mine"},
		"no text":          {"google", func(q url.Values) { q.Set("state", "\xff") }, "invalid_state", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := flow()
			tt.change(q)
			got := a.send(t, "GET", "/api/v1/auth/"+tt.provider+"/callback?"+q.Encode(), "", "").frontend(t)
			if got.Get("error") != tt.want || got.Get("state") != tt.state || got.Has("code") {
				t.Errorf("the front end is called with %v", got)
			}
		})
	}
}

func TestProvidersThatAreNotThere(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	for _, name := range []string{"facebook", "myspace", "Google", "%00", "..%2f"} {
		a.send(t, "GET", "/api/v1/auth/"+name, "", "").want(t, 404, "provider_not_found")
		a.send(t, "GET", "/api/v1/auth/"+name+"/callback?code=c&state=s", "", "").want(t, 404, "provider_not_found")
		a.send(t, "POST", "/api/v1/users/me/oauth-providers/"+name, ada.Token, "").want(t, 404, "provider_not_found")
	}
	a.send(t, "DELETE", "/api/v1/users/me/oauth-providers/facebook", ada.Token, "").want(t, 404, "not_found")
	a.send(t, "DELETE", "/api/v1/users/me/oauth-providers/myspace", ada.Token, "").want(t, 404, "provider_not_found")
	a.send(t, "GET", "/api/v1/auth/line?code_challenge=short", "", "").wantFields(t, "code_challenge format")
	a.send(t, "GET", "/api/v1/auth/line?code_challenge_method=plain", "", "").wantFields(t, "code_challenge required", "code_challenge_method unknown_value")
	a.send(t, "GET", "/api/v1/auth/line?code_challenge_method=S256", "", "").wantFields(t, "code_challenge required")
	a.send(t, "GET", "/api/v1/auth/line?state=a&state=b", "", "").wantFields(t, "state format")
	for path, allow := range map[string]string{"login": "POST", "exchange": "POST", "oauth/complete": "POST", "line": "GET"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if method == allow {
				continue
			}
			if got := a.send(t, method, "/api/v1/auth/"+path, "", "").want(t, 405, "method_not_allowed"); got.header.Get("Allow") != allow {
				t.Errorf("%s /auth/%s: Allow = %q", method, path, got.header.Get("Allow"))
			}
		}
	}
}

// A scanner or a browser that looks at a link before its reader does must not end the log-in.
func TestHeadAndPrefetchDoNotConsumeState(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	address, _ := a.provider(t, "GET", startPath("google"), "")
	path := callbackPath(t, address, gustav)
	if got := a.send(t, "HEAD", path, "", ""); got.status != 405 || got.header.Get("Allow") != "GET" {
		t.Errorf("HEAD = %d, Allow %q", got.status, got.header.Get("Allow"))
	}
	for _, header := range []string{"Sec-Purpose", "Purpose"} {
		a.send(t, "GET", path, "", "", header, "prefetch").want(t, 503, "unavailable")
	}
	if q := a.send(t, "GET", path, "", "").frontend(t); q.Get("code") == "" {
		t.Errorf("after a look: %v", q)
	}
}
