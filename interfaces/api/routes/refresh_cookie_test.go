package routes_test

import (
	"strings"
	"testing"

	"gofiber-auth/interfaces/api/handlers"
	"gofiber-auth/interfaces/api/routes"
)

// withCookieMode answers as REFRESH_COOKIE=mode says.
func (a *api) withCookieMode(mode handlers.CookieMode) *api {
	a.deps.RefreshCookie = mode
	a.app = routes.New(a.deps)
	return a
}

func loginBody(refreshCookie string) string {
	return `{"username":"ada","password":"` + goodPassword + `","refreshCookie":` + refreshCookie + `}`
}

func TestRefreshCookieOnRequest(t *testing.T) {
	t.Parallel()
	a := newAPI(t).withCookieMode(handlers.CookieAsk)
	a.register(t, "ada")
	if body := string(a.send(t, "POST", "/api/v1/auth/login", "", loginBody("false")).want(t, 200, "").body); !strings.Contains(body, "refreshToken") {
		t.Errorf("a log-in that asks for no cookie: %s", body)
	}
	begun := a.send(t, "POST", "/api/v1/auth/login", "", loginBody("true"), "Sec-Fetch-Site", "same-site").want(t, 200, "")
	cookie := begun.refreshCookie(t)
	if strings.Contains(string(begun.body), "refreshToken") {
		t.Errorf("the refresh token is in the body, too: %s", begun.body)
	}

	carried := []string{"Cookie", "__Host-refresh=" + cookie.Value}
	a.send(t, "POST", refreshPath, "", `{}`, carried...).want(t, 403, "forbidden")
	refreshed := a.send(t, "POST", refreshPath, "", `{}`, append(carried, "Origin", frontend)...).want(t, 200, "")
	if next := refreshed.refreshCookie(t); next.Value == cookie.Value || strings.Contains(string(refreshed.body), "refreshToken") {
		t.Errorf("refreshed by cookie: %s", refreshed.body)
	}

	other := a.logIn(t, "ada")
	byBody := a.send(t, "POST", refreshPath, "", refreshBody(other.RefreshToken), carried...).want(t, 200, "")
	if !strings.Contains(string(byBody.body), "refreshToken") || byBody.header.Get("Set-Cookie") != "" {
		t.Errorf("refreshed by body: %s", byBody.body)
	}
	a.send(t, "POST", "/api/v1/auth/logout", other.Token, "").want(t, 204, "").wantCleared(t)
	a.send(t, "POST", refreshPath, "", `{}`, "Origin", frontend).want(t, 401, "invalid_refresh_token")
	a.send(t, "POST", refreshPath, "", `{}`).want(t, 422, "validation_failed")
}

func TestRefreshCookieNeedsTheSameSite(t *testing.T) {
	t.Parallel()
	a := newAPI(t).withCookieMode(handlers.CookieAsk)
	refused := a.send(t, "POST", "/api/v1/auth/register", "",
		`{"email":"ada@example.com","username":"ada","password":"`+goodPassword+`","refreshCookie":true}`, "Sec-Fetch-Site", "cross-site").want(t, 422, "validation_failed")
	if !strings.Contains(string(refused.body), `"field":"refreshCookie"`) {
		t.Errorf("refused by %s", refused.body)
	}
	a.register(t, "ada") // the refused request made no account
	never := a.withCookieMode(handlers.CookieNever).send(t, "POST", "/api/v1/auth/login", "", loginBody("true")).want(t, 200, "")
	if never.header.Get("Set-Cookie") != "" || !strings.Contains(string(never.body), "refreshToken") {
		t.Errorf("REFRESH_COOKIE=false: %s", never.body)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	got := string(newAPI(t).send(t, "GET", "/api/v1/auth/settings", "", "").want(t, 200, "").body)
	if want := `{"registration":"open","providers":[{"provider":"google","name":"Google"}],"refreshCookie":"ask"}`; got != want {
		t.Errorf("GET /auth/settings answered %s, want %s", got, want)
	}
}
