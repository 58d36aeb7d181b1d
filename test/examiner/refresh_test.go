package examiner

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"gofiber-auth/test/harness"
)

// TestRefreshAtOnce refreshes one token from fifty tabs at two instances.
func TestRefreshAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	first := w.one.register(t)
	got := make([]auth, 50)
	atOnce(len(got), func(n int) {
		var a answer
		if a, got[n] = w.instances()[n%2].tryRefresh(t, first.RefreshToken); a.status != http.StatusOK {
			t.Errorf("refresh %d = %d %s, want 200", n, a.status, a.body)
		}
	})
	if t.Failed() {
		return
	}
	distinct := map[string]bool{first.RefreshToken: true}
	for _, a := range got {
		distinct[a.RefreshToken] = true
		if sid(t, a.Token) != sid(t, first.Token) {
			t.Error("a refresh made a session of its own")
		}
	}
	if len(distinct) != len(got)+1 {
		t.Errorf("%d successors are %d tokens", len(got), len(distinct)-1)
	}
	if list := w.one.sessions(t, first.Token); len(list) != 1 {
		t.Errorf("there are %d sessions, want one", len(list))
	}
	next := make([]auth, len(got))
	atOnce(len(got), func(n int) {
		var a answer
		if a, next[n] = w.instances()[(n+1)%2].tryRefresh(t, got[n].RefreshToken); a.status != http.StatusOK {
			t.Errorf("successor %d = %d %s, want 200", n, a.status, a.body)
		}
	})
	w.lives(t, "the session", first)
	w.two.reused(t, first.RefreshToken)
	for _, a := range []auth{first, got[0], got[49], next[0], next[49]} {
		w.dead(t, "the session after the reuse", a)
	}
}

// TestGrace goes through what the ten seconds allow.
func TestGrace(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		i := w.one
		t.Run("a used token whose successors are unused", func(t *testing.T) {
			t.Parallel()
			a := i.register(t)
			left, right, third := i.refresh(t, a.RefreshToken), i.refresh(t, a.RefreshToken), i.refresh(t, a.RefreshToken)
			i.refresh(t, right.RefreshToken)
			deep := i.refresh(t, i.refresh(t, left.RefreshToken).RefreshToken)
			i.refresh(t, third.RefreshToken) // unused so far, so it works whatever became of the others
			i.reused(t, a.RefreshToken)
			w.dead(t, "the session", deep)
		})
		t.Run("one successor has been used", func(t *testing.T) {
			t.Parallel()
			a := i.register(t)
			unused := i.refresh(t, a.RefreshToken)
			used := i.refresh(t, a.RefreshToken)
			last := i.refresh(t, used.RefreshToken)
			i.reused(t, a.RefreshToken)
			i.refuses(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", unused.RefreshToken)}, 401, "invalid_refresh_token")
			w.dead(t, "the session", last)
		})
		t.Run("each generation has a grace of its own", func(t *testing.T) {
			t.Parallel()
			a := i.register(t)
			second := i.refresh(t, a.RefreshToken)
			third := i.refresh(t, second.RefreshToken)
			i.refresh(t, second.RefreshToken)
			w.lives(t, "the session", third)
			i.refresh(t, third.RefreshToken)
			i.reused(t, second.RefreshToken)
			w.dead(t, "the session", third)
		})
		t.Run("access tokens of before stay good", func(t *testing.T) {
			t.Parallel()
			a := i.register(t)
			b := i.refresh(t, a.RefreshToken)
			w.lives(t, "the first", a)
			w.lives(t, "the second", b)
			if a.Token == b.Token || claim(t, a.Token, "jti") == claim(t, b.Token, "jti") {
				t.Error("the access token is the same")
			}
		})
	})
}

// TestTheft has a thief and an owner use one family of tokens; another session stays.
func TestTheft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	stolen := w.one.register(t)
	elsewhere := w.two.logIn(t, stolen.User)
	owner := w.two.refresh(t, w.one.refresh(t, stolen.RefreshToken).RefreshToken)
	w.two.reused(t, stolen.RefreshToken)
	w.dead(t, "the stolen session", owner)
	w.dead(t, "the stolen session", stolen)
	w.lives(t, "the other session", elsewhere)
	if list := w.two.sessions(t, elsewhere.Token); len(list) != 1 || !list[0].Current {
		t.Errorf("the sessions are %+v, want the current one", list)
	}
	w.one.refresh(t, elsewhere.RefreshToken)
}

// TestRefreshAgainstLogout races the two; what the refresh gave out is worth nothing once the
// log-out is acknowledged.
func TestRefreshAgainstLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	u := w.one.register(t).User
	var wg sync.WaitGroup
	rounds := make(chan int)
	for range 4 {
		wg.Go(func() {
			for n := range rounds {
				raceLogout(t, w, u, n)
			}
		})
	}
	for n := range 200 {
		rounds <- n
	}
	close(rounds)
	wg.Wait()
}

func raceLogout(t *testing.T, w *world, u user, n int) {
	a := auth{}
	got := w.instances()[n%2].send(t, request{method: "POST", path: "/auth/login", body: object("email", u.Email, "password", password)})
	if err := jsonOf(got, http.StatusOK, &a); err != nil {
		t.Errorf("log-in: %v", err)
		return
	}
	w.seen(a)
	minted := make([]auth, 3)
	atOnce(len(minted), func(k int) {
		if k == 0 {
			if out := w.instances()[n/2%2].send(t, request{method: "POST", path: "/auth/logout", token: a.Token}); out.status != http.StatusNoContent {
				t.Errorf("log-out = %d %s", out.status, out.body)
			}
			return
		}
		var refreshed answer
		if refreshed, minted[k] = w.instances()[k%2].tryRefresh(t, a.RefreshToken); refreshed.status != 200 && refreshed.code() != "invalid_refresh_token" {
			t.Errorf("refresh beside the log-out = %d %s", refreshed.status, refreshed.code())
		}
	})
	w.dead(t, "the logged-out session", a)
	for _, m := range minted {
		if m.Token != "" {
			w.dead(t, "what was minted beside the log-out", m)
		}
	}
}

// TestReplayAfterRestart kills the service between the use and the replay.
func TestReplayAfterRestart(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		a := w.one.register(t)
		b := w.one.refresh(t, a.RefreshToken)
		c := w.one.refresh(t, b.RefreshToken)
		untouched := w.one.register(t)
		w.one.Kill(t)
		w.one.run(t)
		w.lives(t, "the session", c)
		w.one.refresh(t, untouched.RefreshToken)
		w.one.reused(t, a.RefreshToken)
		w.dead(t, "the session", c)
	})
}

// TestRefreshStorm has five times as many at once as there are connections.
func TestRefreshStorm(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{env: map[string]string{"DB_MAX_OPEN_CONNS": "3", "DB_MAX_IDLE_CONNS": "3"}}, func(t *testing.T, w *world) {
		shared := w.one.register(t)
		own := make([]auth, 15)
		for n := range own {
			own[n] = w.one.register(t)
		}
		atOnce(2*len(own), func(n int) {
			if n >= len(own) {
				w.one.tryOK(t, shared.RefreshToken)
				return
			}
			token := own[n].RefreshToken
			for range 5 {
				if token = w.one.tryOK(t, token); token == "" {
					return
				}
			}
		})
		w.lives(t, "the session that all shared", shared)
	})
}

// tryOK refreshes from any goroutine and returns the successor, or "" after an error.
func (i *instance) tryOK(t *testing.T, token string) string {
	got, a := i.tryRefresh(t, token)
	if got.status != http.StatusOK {
		t.Errorf("refresh = %d %s, want 200", got.status, got.body)
	}
	return a.RefreshToken
}

// TestRefreshOfTheGone has users who may no longer come in.
func TestRefreshOfTheGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	admin := w.newAdmin(t)
	invalid := func(t *testing.T, a auth) {
		t.Helper()
		for _, i := range w.instances() {
			i.refuses(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", a.RefreshToken)}, 401, "invalid_refresh_token")
		}
		w.dead(t, "somebody gone", a)
	}
	t.Run("disabled", func(t *testing.T) {
		t.Parallel()
		a := w.one.register(t)
		w.two.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":false}`}, 200, nil)
		invalid(t, a)
		w.two.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":true}`}, 200, nil)
		invalid(t, a) // its sessions have ended
		w.lives(t, "the new session", w.two.logIn(t, a.User))
	})
	t.Run("deleted by the admin", func(t *testing.T) {
		t.Parallel()
		a := w.one.register(t)
		w.two.must(t, request{method: "DELETE", path: "/users/" + a.User.ID, token: admin.Token}, 204, nil)
		invalid(t, a)
	})
	t.Run("deleted by itself", func(t *testing.T) {
		t.Parallel()
		a := w.one.register(t)
		other := w.two.logIn(t, a.User)
		w.two.must(t, request{method: "DELETE", path: "/users/me", token: a.Token, body: object("currentPassword", password)}, 204, nil)
		invalid(t, a)
		invalid(t, other)
	})
	t.Run("with another role", func(t *testing.T) {
		t.Parallel()
		a := w.one.register(t)
		w.two.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"role":"admin"}`}, 200, nil)
		if got := w.one.send(t, request{method: "GET", path: "/users", token: w.two.logIn(t, a.User).Token}); got.status != 200 {
			t.Errorf("the new admin reads users: %d", got.status)
		}
		w.two.must(t, request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"role":"user"}`}, 200, nil)
		for _, i := range w.instances() {
			if got := i.send(t, request{method: "GET", path: "/users", token: a.Token}); got.status == 200 {
				t.Error("an admin of before still reads users")
			}
		}
	})
}

// TestLifetime refreshes until the session's time is over: it never gets more of it.
func TestLifetime(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{env: map[string]string{"REFRESH_EXPIRES_IN": "3s", "JWT_EXPIRES_IN": "2s"}}, func(t *testing.T, w *world) {
		idle := w.one.register(t)
		a := w.one.logIn(t, idle.User) // ends after the idle one
		left := a.RefreshExpiresIn
		if left < 1 || left > 3 {
			t.Errorf("refreshExpiresIn is %d, want about 3", left)
		}
		harness.Eventually(t, "the session ends", func() error {
			got, next := w.one.tryRefresh(t, a.RefreshToken)
			if got.status == http.StatusOK {
				if next.RefreshExpiresIn > left {
					t.Errorf("refreshExpiresIn grows from %d to %d", left, next.RefreshExpiresIn)
				}
				a, left = next, next.RefreshExpiresIn
				return fmt.Errorf("%d s are left", left)
			}
			if got.status != 401 || got.problem.Code != "invalid_refresh_token" {
				t.Errorf("refresh of an expired session = %d %s, want 401 invalid_refresh_token", got.status, got.body)
			}
			return nil
		})
		harness.Eventually(t, "the idle session ends", func() error {
			if got := w.one.send(t, request{method: "GET", path: "/users/me", token: idle.Token}); got.problem.Code != "token_expired" {
				return fmt.Errorf("%d %s", got.status, got.problem.Code)
			}
			return nil
		})
		w.one.refuses(t, request{method: "POST", path: "/auth/refresh", body: object("refreshToken", idle.RefreshToken)}, 401, "invalid_refresh_token")
		if list := w.one.sessions(t, w.one.logIn(t, a.User).Token); len(list) != 1 {
			t.Errorf("there are %d sessions, want the new one: the others have expired", len(list))
		}
	})
}

// TestRefreshBodies sends what is no refresh token.
func TestRefreshBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	a := w.one.register(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"nothing in it":        {`{}`, 422, "validation_failed refreshToken required"},
		"empty":                {`{"refreshToken":""}`, 422, "validation_failed refreshToken required"},
		"an access token":      {object("refreshToken", a.Token), 401, "invalid_refresh_token"},
		"a stranger's":         {object("refreshToken", "dG90YWxseSBtYWRlIHVwLCB0b3RhbGx5IG1hZGUgdXA"), 401, "invalid_refresh_token"},
		"cut":                  {object("refreshToken", a.RefreshToken[1:]), 401, "invalid_refresh_token"},
		"with something after": {object("refreshToken", a.RefreshToken+"A"), 401, "invalid_refresh_token"},
		"no text":              {`{"refreshToken":"\u0000\u0000"}`, 401, "invalid_refresh_token"},
		"no JSON":              {`{"refreshToken":`, 400, "invalid_json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.one.refuses(t, request{method: "POST", path: "/auth/refresh", body: c.body}, c.status, c.code)
		})
	}
	t.Run("as a bearer's", func(t *testing.T) {
		t.Parallel()
		w.one.refuses(t, request{method: "GET", path: "/users/me", token: a.RefreshToken}, 401, "unauthorized")
	})
	t.Run("in a cookie", func(t *testing.T) {
		t.Parallel()
		w.one.refuses(t, request{method: "POST", path: "/auth/refresh", body: `{}`, header: map[string]string{"Cookie": "__Host-refresh=" + a.RefreshToken, "Origin": frontend}}, 422, "validation_failed")
	})
	if len(a.RefreshToken) < 43 {
		t.Errorf("a refresh token has %d characters, too few for 256 bits", len(a.RefreshToken))
	}
	if a.TokenType != "Bearer" || a.ExpiresIn != 900 || a.RefreshExpiresIn != 30*24*60*60 {
		t.Errorf("Auth is %s, %d, %d", a.TokenType, a.ExpiresIn, a.RefreshExpiresIn)
	}
}
