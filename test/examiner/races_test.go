package examiner

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestEndsAgainstBeginnings races what ends sessions against log-ins, refreshes and requests at
// the other instance. Nothing of before survives the acknowledged end.
func TestEndsAgainstBeginnings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	admin := w.newAdmin(t)
	for name, c := range map[string]struct {
		end    func(t *testing.T, a auth, token string) request
		status int
		mail   bool
		after  string // the password from then on
		own    bool   // the session that ends the others stays
	}{
		"a change of the password": {func(_ *testing.T, a auth, _ string) request {
			return request{method: "PUT", path: "/users/me/password", token: a.Token, body: object("currentPassword", password, "newPassword", another)}
		}, 204, false, another, true},
		"a reset": {func(_ *testing.T, _ auth, token string) request { return reset(token, another) }, 204, true, another, false},
		"a disabling": {func(_ *testing.T, a auth, _ string) request {
			return request{method: "PATCH", path: "/users/" + a.User.ID, token: admin.Token, body: `{"isActive":false}`}
		}, 200, false, "", false},
		"a deletion": {func(_ *testing.T, a auth, _ string) request {
			return request{method: "DELETE", path: "/users/" + a.User.ID, token: admin.Token}
		}, 204, false, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var wg sync.WaitGroup
			for lane := range 2 {
				wg.Go(func() {
					for round := range 8 {
						w.raceEnd(t, lane+round, c.mail, c.own, c.status, c.after, c.end)
					}
				})
			}
			wg.Wait()
		})
	}
}

func (w *world) raceEnd(t *testing.T, n int, mail, own bool, status int, after string, end func(t *testing.T, a auth, token string) request) {
	name := w.name()
	var a, b auth
	if err := jsonOf(w.one.send(t, request{method: "POST", path: "/auth/register", body: object("email", name+"@example.com", "username", name, "password", password)}), 201, &a); err != nil {
		t.Error(err)
		return
	}
	login := request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", password)}
	if err := jsonOf(w.two.send(t, login), 200, &b); err != nil {
		t.Error(err)
		return
	}
	w.seen(a)
	w.seen(b)
	token := ""
	if mail {
		w.one.send(t, forgot(a.User.Email))
		token = w.tokenOf(t, w.mails(t, a.User.Email, 2)[1], resetPage)
	}
	minted := make([]auth, 8)
	atOnce(len(minted)+1, func(k int) {
		i := w.instances()[(k+n)%2]
		switch {
		case k == len(minted):
			if got := i.send(t, end(t, a, token)); got.status != status {
				t.Errorf("the end = %d %s, want %d", got.status, got.body, status)
			}
		case k < 5:
			if got := i.send(t, login); got.status == http.StatusOK {
				if err := jsonOf(got, 200, &minted[k]); err != nil {
					t.Error(err)
				}
				w.seen(minted[k])
			}
		case k < 7:
			_, minted[k] = i.tryRefresh(t, b.RefreshToken)
		default:
			for range 5 { // so that the session gets into whatever remembers sessions
				i.send(t, request{method: "GET", path: "/users/me", token: b.Token})
			}
		}
	})
	for k, m := range append(minted, b) {
		if m.Token != "" {
			w.dead(t, map[bool]string{true: "a log-in with the old password", false: "a session of before"}[k < 5], m)
		}
	}
	if own {
		w.lives(t, "the session that changed the password", a)
	} else {
		w.dead(t, "the first session", a)
	}
	if after != "" {
		if got := w.two.send(t, request{method: "POST", path: "/auth/login", body: object("email", a.User.Email, "password", after)}); got.status != 200 {
			t.Errorf("log-in with the new password = %d %s", got.status, got.body)
		}
	}
}

// TestEndsAgainstUse has requests at both instances go on while the session ends: neither
// remembers it as a live one.
func TestEndsAgainstUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	mine := w.one.register(t)
	for n := range 40 {
		other := w.instances()[n%2].logIn(t, mine.User)
		atOnce(7, func(k int) {
			if k == 0 {
				if got := w.instances()[n/2%2].send(t, request{method: "DELETE", path: "/users/me/sessions/" + sid(t, other.Token), token: mine.Token}); got.status != 204 {
					t.Errorf("end = %d %s", got.status, got.body)
				}
				return
			}
			for range 3 {
				w.instances()[k%2].send(t, request{method: "GET", path: "/users/me", token: other.Token})
			}
		})
		w.dead(t, "the ended session", other)
	}
	w.lives(t, "the session that ended them", mine)
}

// TestEmailAgainstVerification races a change of the e-mail against the verification of the old
// one: the new one is never verified by it.
func TestEmailAgainstVerification(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, plan{}, func(t *testing.T, w *world) {
		for range 20 {
			a, token := w.newMember(t)
			atOnce(2, func(k int) {
				if k == 0 {
					w.one.send(t, verify(token))
					return
				}
				w.one.send(t, request{method: "PATCH", path: "/users/me", token: a.Token, body: object("email", "new."+a.User.Email, "currentPassword", password)})
			})
			if got := w.one.me(t, a.Token); got.EmailVerified || got.Email != "new."+a.User.Email {
				t.Errorf("after the race the user is %+v", got)
			}
		}
	})
}

// TestTokensAfterAChangeAndBack changes the e-mail and changes it back, as the user and as the
// admin.
func TestTokensAfterAChangeAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	admin := w.newAdmin(t)
	for name, path := range map[string]string{"by the user": "/users/me", "by the admin": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, token := w.newMember(t)
			resetToken := w.askReset(t, a.User.Email, 2)
			for _, email := range []string{"other." + a.User.Email, a.User.Email} {
				r := request{method: "PATCH", path: path, token: a.Token, body: object("email", email, "currentPassword", password)}
				if path == "" {
					r.path, r.token = "/users/"+a.User.ID, admin.Token
				}
				w.one.must(t, r, 200, nil)
			}
			w.one.refuses(t, verify(token), 400, "invalid_token")
			w.one.refuses(t, reset(resetToken, another), 400, "invalid_token")
			if w.one.me(t, a.Token).EmailVerified {
				t.Error("the e-mail is verified")
			}
		})
	}
}

// TestMailsAtRest looks at the database while the mail server is away, and again when somebody
// has gone meanwhile.
func TestMailsAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{postgres: true})
	w.sink.Stop()
	stays, goes := w.one.register(t), w.one.register(t)
	w.one.must(t, forgot(stays.User.Email), 202, nil)
	w.one.must(t, forgot(goes.User.Email), 202, nil)
	w.one.must(t, request{method: "DELETE", path: "/users/me", token: goes.Token, body: object("currentPassword", password)}, 204, nil)
	waiting := dump(t, w.dsn)
	for line := range linesWith(waiting, goes.User.Email) {
		if table := firstWord(line); table != "outbox" && table != "http_deliveries" && table != "outbox_events" {
			t.Errorf("the e-mail of a deleted user is left in %s: %s", table, line)
		}
	}
	w.sink.Start(t)
	for _, m := range w.late(t, stays.User.Email, 2) {
		token := m.Link(t).Query().Get("token")
		for range linesWith(waiting, token) {
			t.Error("the token of a mail that waits is in the database")
		}
	}
}

// TestRedisHangs stops Redis without closing its connections.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limitedPlan(true))
	a := w.one.registerAs(t, w.name(), from(w.elsewhere()))
	other := w.two.logInWith(t, a.User, password, from(w.elsewhere()))
	w.lives(t, "a session", other)
	w.redis.Pause(t)
	defer w.redis.Continue(t)
	refused := 0
	for n := range 30 {
		if got := w.instances()[n%2].send(t, guess("email", a.User.Email, w.elsewhere())); got.status == 401 {
			refused++
		} else if got.status != 429 {
			t.Errorf("a guess while Redis hangs = %d %s", got.status, got.body)
		}
	}
	if refused < 10 || refused > 20 {
		t.Errorf("%d guesses passed while Redis hung, want 10 of each instance at most", refused)
	}
	w.one.must(t, request{method: "DELETE", path: "/users/me/sessions/" + sid(t, other.Token), token: a.Token}, 204, nil)
	w.dead(t, "the session that ended while Redis hung", other)
	w.lives(t, "the other session", a)
}

// TestEachMailOnce has two instances work on one queue.
func TestEachMailOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{two: true})
	got := make([]auth, 30)
	atOnce(len(got), func(n int) {
		name := w.name()
		if err := jsonOf(w.instances()[n%2].send(t, request{method: "POST", path: "/auth/register", body: object("email", name+"@example.com", "username", name, "password", password)}), 201, &got[n]); err != nil {
			t.Error(err)
		}
	})
	for _, a := range got {
		if mails := w.mails(t, a.User.Email, 1); len(mails) != 1 {
			t.Errorf("%d mails went to one who registered", len(mails))
		} else {
			w.two.must(t, verify(w.tokenOf(t, mails[0], verifyPage)), 204, nil)
		}
	}
	if all := len(w.sink.Mails("")); all != len(got) {
		t.Errorf("%d mails went out, want %d", all, len(got))
	}
}

// TestWithoutMail has no mail server: nothing is sent, and nothing is shown outside development.
func TestWithoutMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{env: map[string]string{"SMTP_URL": "", "MAIL_FROM": ""}})
	a := w.one.register(t)
	w.one.must(t, forgot(a.User.Email), 202, nil)
	w.one.must(t, request{method: "POST", path: "/auth/email/resend", token: a.Token}, 202, nil)
	w.one.refuses(t, request{method: "GET", path: "//dev/mail"}, 404, "not_found")
	if strings.Contains(w.one.Output(), "token=") {
		t.Error("a link is in the log")
	}
}
