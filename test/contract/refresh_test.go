package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// reused checks that a refresh token is taken for stolen.
func reused(t *testing.T, s *service, token string) {
	t.Helper()
	s.Refuses(t, client.Refreshing(token), 401, "refresh_token_reused")
}

// refreshAll uses all tokens at once, at both instances, and returns their successors.
func refreshAll(t *testing.T, s *setup, tokens []string) []auth {
	t.Helper()
	next := make([]auth, len(tokens))
	client.AtOnce(len(tokens), func(n int) {
		var got answer
		if got, next[n] = s.at(n).TryRefresh(t, tokens[n]); got.Status != http.StatusOK {
			t.Errorf("refresh %d = %d %s, want 200", n, got.Status, got.Body)
		}
	})
	return next
}

func TestRefreshFromManyTabsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		first := s.one.Register(t)
		got := refreshAll(t, s, slices.Repeat([]string{first.RefreshToken}, 50))
		for _, a := range got {
			if client.SID(t, a.Token) != client.SID(t, first.Token) || a.RefreshToken != got[0].RefreshToken || a.RefreshToken == first.RefreshToken || a.Token == first.Token {
				t.Error("a refresh made another session or a second branch, or gave the same tokens")
			}
		}
		if list := s.one.Sessions(t, first.Token); len(list) != 1 {
			t.Errorf("there are %d sessions, want one", len(list))
		}
		s.lives(t, "the session", first)
		s.two.Refresh(t, got[0].RefreshToken)
	})
}

func TestStolenRefreshToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		stolen := s.one.Register(t)
		elsewhere := s.two.LogIn(t, stolen.User.Email, client.Password)
		owner := s.two.Refresh(t, s.one.Refresh(t, stolen.RefreshToken).RefreshToken)
		reused(t, s.two, stolen.RefreshToken)
		s.dead(t, "the stolen session", owner)
		s.dead(t, "the stolen session", stolen)
		s.lives(t, "the other session", elsewhere)
		s.one.Refresh(t, elsewhere.RefreshToken)
	})
}

func TestRefreshBesideALogOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		u := s.one.Register(t).User
		for n := range 40 {
			a := s.at(n).LogIn(t, u.Email, client.Password)
			minted := make([]auth, 3)
			client.AtOnce(len(minted), func(k int) {
				if k == 0 {
					if out := s.at(n/2).Send(t, request{Method: "POST", Path: "/auth/logout", Token: a.Token}); out.Status != 204 {
						t.Errorf("log-out = %d %s", out.Status, out.Body)
					}
					return
				}
				var got answer
				if got, minted[k] = s.at(k).TryRefresh(t, a.RefreshToken); got.Status != 200 && got.Code() != "invalid_refresh_token" {
					t.Errorf("refresh beside the log-out = %d %s", got.Status, got.Code())
				}
			})
			for _, m := range append(minted, a) {
				if m.Token != "" {
					s.dead(t, "the session that was logged out", m)
				}
			}
		}
	})
}

func TestReuseIsKnownAfterARestart(t *testing.T) {
	t.Parallel()
	onOwn(t, nil, func(t *testing.T, s *setup) {
		a := s.one.Register(t)
		b := s.one.Refresh(t, a.RefreshToken)
		c := s.one.Refresh(t, b.RefreshToken)
		lost := s.one.Register(t).RefreshToken
		successor := s.one.Refresh(t, lost).RefreshToken
		s.one.Kill(t)
		s.one.Restart(t)
		s.lives(t, "the session", c)
		if again := s.one.Refresh(t, lost).RefreshToken; again != successor {
			t.Error("a token that comes again within the grace gets another successor after a restart")
		}
		reused(t, s.one, a.RefreshToken)
		s.dead(t, "the session", c)
	})
}

func TestManyRefreshesOverFewConnections(t *testing.T) {
	t.Parallel()
	onOwn(t, func(*testing.T) map[string]string {
		return map[string]string{"DB_MAX_OPEN_CONNS": "3", "DB_MAX_IDLE_CONNS": "3"}
	}, func(t *testing.T, s *setup) {
		shared := s.one.Register(t)
		tokens := slices.Repeat([]string{shared.RefreshToken}, 15)
		for range 15 {
			tokens = append(tokens, s.one.Register(t).RefreshToken)
		}
		next := refreshAll(t, s, tokens)[15:]
		for range 3 {
			for n, a := range next {
				tokens[n] = a.RefreshToken
			}
			next = refreshAll(t, s, tokens[:15])
		}
		s.lives(t, "the session that many shared", shared)
	})
}

func TestASessionEndsOnTime(t *testing.T) {
	t.Parallel()
	onOwn(t, func(*testing.T) map[string]string {
		return map[string]string{"REFRESH_EXPIRES_IN": "3s", "JWT_EXPIRES_IN": "2s"}
	}, func(t *testing.T, s *setup) {
		a := s.one.Register(t)
		left := a.RefreshExpiresIn
		if left < 1 || left > 3 {
			t.Errorf("refreshExpiresIn is %d, want 3", left)
		}
		idle := a
		harness.Eventually(t, "the session ends, though it is refreshed", func() error {
			got, next := s.two.TryRefresh(t, a.RefreshToken)
			if got.Status == http.StatusOK {
				if next.RefreshExpiresIn > left {
					t.Errorf("refreshExpiresIn grows from %d to %d", left, next.RefreshExpiresIn)
				}
				a, left = next, next.RefreshExpiresIn
				return fmt.Errorf("%d s are left", left)
			}
			if got.Status != 401 || got.Code() != "invalid_refresh_token" {
				t.Errorf("refresh of an expired session = %d %s", got.Status, got.Body)
			}
			return nil
		})
		if got := s.one.Send(t, request{Method: "GET", Path: "/users/me", Token: a.Token}); got.Status != 401 {
			t.Errorf("the last access token outlives its session: %d %s", got.Status, got.Body)
		}
		harness.Eventually(t, "the access token expires", func() error {
			if got := s.one.Send(t, request{Method: "GET", Path: "/users/me", Token: idle.Token}); got.Code() != "token_expired" {
				return fmt.Errorf("%d %s", got.Status, got.Code())
			}
			return nil
		})
		if list := s.one.Sessions(t, s.one.LogIn(t, a.User.Email, client.Password).Token); len(list) != 1 {
			t.Errorf("there are %d sessions, want the new one alone", len(list))
		}
	})
}

// cookie is the name of the refresh cookie.
const cookie = "__Host-refresh"

// byCookie is a refresh as a page of the front end makes it.
func byCookie(value string) request {
	return request{Method: "POST", Path: "/auth/refresh", Body: `{}`, Header: map[string]string{"Cookie": cookie + "=" + value, "Origin": frontend}}
}

// asking is a request that begins a session and asks for the refresh cookie.
func asking(path string, pairs ...string) request {
	return request{Method: "POST", Path: path, Body: strings.TrimSuffix(object(pairs...), "}") + `,"refreshCookie":true}`}
}

// cookieOf holds the answer to a request that asks for the cookie to the contract, and returns the cookie.
func cookieOf(t *testing.T, a answer) (string, auth) {
	t.Helper()
	c := a.Cookie(cookie)
	if c == nil {
		t.Fatalf("no cookie comes with %d %s", a.Status, a.Body)
	}
	if c.Path != "/" || c.Domain != "" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || len(c.Value) < 43 || c.MaxAge <= 0 || c.MaxAge > 30*24*60*60 {
		t.Errorf("the cookie is %s", a.Header.Values("Set-Cookie"))
	}
	var got auth
	if err := a.Decode(a.Status, &got); err != nil || got.Token == "" || got.RefreshExpiresIn == 0 || strings.Contains(string(a.Body), "refreshToken") {
		t.Errorf("Auth is %s, %v", a.Body, err)
	}
	client.Secrets.Add("refresh token", c.Value)
	return c.Value, got.Seen()
}

func TestRefreshCookie(t *testing.T) {
	t.Parallel()
	const second = "https://second.example.org:8443"
	s := newSetup(t, map[string]string{"REFRESH_GRACE": "0s", "CORS_ALLOWED_ORIGINS": frontend + "," + second})
	i := s.one
	register := func(t *testing.T) (string, auth) {
		t.Helper()
		name := client.Name()
		return cookieOf(t, i.Must(t, asking("/auth/register", "email", name+"@example.com", "username", name, "password", client.Password), 201, nil))
	}
	t.Run("log-in, refresh and log-out", func(t *testing.T) {
		t.Parallel()
		_, a := register(t)
		value, a := cookieOf(t, i.Must(t, asking("/auth/login", "email", a.User.Email, "password", client.Password), 200, nil))
		next, _ := cookieOf(t, i.Must(t, byCookie(value), 200, nil))
		if next == value {
			t.Error("a refresh gives the same token")
		}
		r := byCookie(next)
		r.Header["Origin"], r.Header["Content-Type"] = second, "Application/JSON; charset=utf-8"
		value, _ = cookieOf(t, i.Must(t, r, 200, nil))
		out := i.Must(t, request{Method: "POST", Path: "/auth/logout", Token: a.Token, Header: map[string]string{"Origin": frontend, "Cookie": cookie + "=" + value}}, 204, nil)
		if c := out.Cookie(cookie); c == nil || c.Value != "" || c.MaxAge >= 0 && !c.Expires.Before(time.Now()) || c.Path != "/" || !c.Secure {
			t.Errorf("log-out sets %v, want the cookie cleared", out.Header.Values("Set-Cookie"))
		}
		i.Refuses(t, byCookie(value), 401, "invalid_refresh_token")
	})
	t.Run("forged requests", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			change map[string]string
			status int
			code   string
		}{
			"no origin":           {map[string]string{"Origin": ""}, 403, "forbidden"},
			"null":                {map[string]string{"Origin": "null"}, 403, "forbidden"},
			"a foreign origin":    {map[string]string{"Origin": "https://evil.example"}, 403, "forbidden"},
			"another port":        {map[string]string{"Origin": frontend + ":8443"}, 403, "forbidden"},
			"as text":             {map[string]string{"Content-Type": "text/plain"}, 415, "unsupported_media_type"},
			"as a form":           {map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
			"with another cookie": {map[string]string{"Cookie": cookie + "=" + strings.Repeat("A", 43)}, 401, "invalid_refresh_token"},
			"without a cookie":    {map[string]string{"Cookie": ""}, 401, "invalid_refresh_token"},
		} {
			value, _ := register(t)
			r := byCookie(value)
			for k, v := range c.change {
				r.Header[k] = v
			}
			if got := i.Refuses(t, r, c.status, c.code); c.status != 401 && got.Cookie(cookie) != nil {
				t.Errorf("%s: a cookie is set: %v", name, got.Header.Values("Set-Cookie"))
			}
			i.Must(t, byCookie(value), 200, nil) // it is as good as before
		}
	})
	t.Run("reused", func(t *testing.T) {
		t.Parallel()
		first, a := register(t)
		cookieOf(t, i.Must(t, byCookie(first), 200, nil))
		i.Refuses(t, byCookie(first), 401, "refresh_token_reused")
		i.Refuses(t, request{Method: "GET", Path: "/users/me", Token: a.Token}, 401, "unauthorized")
	})
}
