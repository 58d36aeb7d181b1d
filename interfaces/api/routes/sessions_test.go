package routes_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"gofiber-auth/interfaces/api/handlers"
)

const refreshPath = "/api/v1/auth/refresh"

func refreshBody(token string) string { return `{"refreshToken":"` + token + `"}` }

// sessionIDOf returns the sid of the access token.
func sessionIDOf(a auth) string {
	var claims struct{ SID string }
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(a.Token, ".")[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		panic(err)
	}
	return claims.SID
}

func (a *api) logIn(t *testing.T, name string, headers ...string) auth {
	t.Helper()
	var out auth
	body := `{"username":"` + name + `","password":"` + goodPassword + `"}`
	a.send(t, "POST", "/api/v1/auth/login", "", body, headers...).want(t, 200, "").into(t, &out)
	return out
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.send(t, "POST", refreshPath, "", `{}`).wantFields(t, "refreshToken required")
	a.send(t, "POST", refreshPath, "", `{"refreshToken":null}`).wantFields(t, "refreshToken required")
	a.send(t, "POST", refreshPath, "", `{"refreshToken":7}`).wantFields(t, "refreshToken type")
	a.send(t, "POST", refreshPath, "", "").want(t, 400, "invalid_json")
	a.send(t, "POST", refreshPath, "", refreshBody(ada.RefreshToken), "Content-Type", "text/plain").want(t, 415, "unsupported_media_type")
	a.send(t, "POST", refreshPath, "", refreshBody("x")).want(t, 401, "invalid_refresh_token")
	a.send(t, "POST", refreshPath, "", refreshBody(ada.Token)).want(t, 401, "invalid_refresh_token")
	// Without cookie mode a cookie means nothing.
	a.send(t, "POST", refreshPath, "", `{}`, "Cookie", "__Host-refresh="+ada.RefreshToken, "Origin", frontend).want(t, 422, "validation_failed")
	if got := a.send(t, "GET", refreshPath, "", "").want(t, 405, "method_not_allowed").header.Get("Allow"); got != "POST" {
		t.Errorf("Allow: %s", got)
	}
	a.send(t, "POST", "/api/v1/auth/logout", ada.Token, "").want(t, 204, "")
	a.send(t, "POST", refreshPath, "", refreshBody(ada.RefreshToken)).want(t, 401, "invalid_refresh_token")
}

// refreshCookie returns the cookie of an answer, which must be made as the contract says.
func (r answer) refreshCookie(t *testing.T) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: r.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("there are %d cookies", len(cookies))
	}
	c := cookies[0]
	if c.Name != "__Host-refresh" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Fatalf("the cookie is %s", r.header.Get("Set-Cookie"))
	}
	return c
}

// wantCleared fails the test unless the answer makes the browser drop the cookie.
func (r answer) wantCleared(t *testing.T) {
	t.Helper()
	if c := r.refreshCookie(t); c.Value != "" || c.Expires.IsZero() || c.Expires.After(time.Now()) {
		t.Errorf("the cookie is not cleared: %s", r.header.Get("Set-Cookie"))
	}
}

func TestCookieMode(t *testing.T) {
	t.Parallel()
	a := newAPI(t).withCookieMode(handlers.CookieAlways)
	begin := map[string]func() answer{
		"register": func() answer {
			return a.send(t, "POST", "/api/v1/auth/register", "", `{"email":"ada@example.com","username":"ada","password":"`+goodPassword+`"}`).want(t, 201, "")
		},
		"login": func() answer {
			a.register(t, "grace")
			return a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"grace","password":"`+goodPassword+`"}`).want(t, 200, "")
		},
		"exchange": func() answer {
			return a.send(t, "POST", "/api/v1/auth/exchange", "", exchangeBody(a.come(t, gustav).Get("code"))).want(t, 200, "")
		},
		"complete": func() answer {
			return a.send(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+a.ticket(t, lin)+`","email":"lin@example.com"}`).want(t, 201, "")
		},
	}
	for name, answer := range begin {
		begun := answer()
		cookie := begun.refreshCookie(t)
		var body map[string]any
		begun.into(t, &body)
		if _, there := body["refreshToken"]; there || body["refreshExpiresIn"] != 2592000.0 || cookie.MaxAge != 2592000 || len(cookie.Value) != 43 {
			t.Errorf("%s: %s with the cookie %s", name, begun.body, begun.header.Get("Set-Cookie"))
		}
		a.clock.pass(time.Minute)
		refreshed := a.send(t, "POST", refreshPath, "", `{}`, "Origin", frontend, "Cookie", "other=1; __Host-refresh="+cookie.Value).want(t, 200, "")
		next := refreshed.refreshCookie(t)
		refreshed.into(t, &body)
		left, _ := body["refreshExpiresIn"].(float64)
		if strings.Contains(string(refreshed.body), "refreshToken") || next.Value == cookie.Value || next.MaxAge != int(left) || left != 2592000-60 {
			t.Errorf("after %s: %s with the cookie %s", name, refreshed.body, refreshed.header.Get("Set-Cookie"))
		}
		token, _ := body["token"].(string)
		a.send(t, "POST", "/api/v1/auth/logout", token, "").want(t, 204, "").wantCleared(t)
		a.send(t, "POST", refreshPath, "", `{}`, "Origin", frontend, "Cookie", "__Host-refresh="+next.Value).want(t, 401, "invalid_refresh_token").wantCleared(t)
	}
}

func TestCookieModeRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t).withCookieMode(handlers.CookieAlways)
	token := a.send(t, "POST", "/api/v1/auth/register", "", `{"email":"ada@example.com","username":"ada","password":"`+goodPassword+`"}`).want(t, 201, "").refreshCookie(t).Value
	cookie := []string{"Cookie", "__Host-refresh=" + token}
	ours := append([]string{"Origin", frontend}, cookie...)
	a.send(t, "POST", refreshPath, "", "", ours...).want(t, 400, "invalid_json")
	a.send(t, "POST", refreshPath, "", `{}`, "Origin", frontend).want(t, 401, "invalid_refresh_token")
	a.send(t, "POST", refreshPath, "", refreshBody("x"), ours...).want(t, 401, "invalid_refresh_token") // the body wins

	a.send(t, "POST", refreshPath, "", `{}`, ours...).want(t, 200, "")
	a.clock.pass(31 * time.Second)
	a.send(t, "POST", refreshPath, "", `{}`, ours...).want(t, 401, "refresh_token_reused").wantCleared(t)
}

func TestEndingTheCurrentSessionClearsTheCookie(t *testing.T) {
	t.Parallel()
	a := newAPI(t).withCookieMode(handlers.CookieAlways)
	a.register(t, "ada")
	one, two := a.logIn(t, "ada"), a.logIn(t, "ada")
	path := "/api/v1/users/me/sessions/"
	if got := a.send(t, "DELETE", path+sessionIDOf(one), two.Token, "").want(t, 204, "").header.Get("Set-Cookie"); got != "" {
		t.Errorf("another session's end cleared it: %s", got)
	}
	a.send(t, "DELETE", path+sessionIDOf(two), two.Token, "").want(t, 204, "").wantCleared(t)
}

func TestRefreshesAreCounted(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.send(t, "POST", refreshPath, "", refreshBody(ada.RefreshToken)).want(t, 200, "")
	a.send(t, "POST", refreshPath, "", refreshBody("x")).want(t, 401, "invalid_refresh_token")
	got := string(a.send(t, "GET", "/metrics", "", "").body)
	for status, n := range map[string]int{"success": 1, "invalid_refresh_token": 1} {
		if line := `user_refreshes_total{status="` + status + `"} ` + strconv.Itoa(n); !strings.Contains(got, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
