package simulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// squatter has registered the e-mail of somebody else and has prepared every way back.
type squatter struct {
	account
	identities map[string]fakeidp.Answer
	token      string // of a second session
	linking    string // a callback that would link
	linkFlow   flow
	code       string // a one-time code of a linked identity
	verifier   string
	later      string // a callback of a linked identity
	laterFlow  flow
}

// squat prepares all that a squatter can.
func (w *world) squat(t *testing.T, email string) squatter {
	t.Helper()
	s := squatter{account: w.register(t, email), identities: map[string]fakeidp.Answer{}}
	s.token = w.logIn(t, email).Token
	b := w.newBrowser()
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		a := fakeidp.Answer{Subject: w.name("squatter"), Email: w.email("squatter"), Verified: true}
		if q := b.link(t, provider, s.Token, a); q.Get("linked") != provider {
			t.Fatalf("linking %s: %v", provider, q)
		}
		s.identities[provider] = a
	}
	s.linkFlow = b.beginLink(t, fakeidp.Facebook, s.Token)
	s.identities[fakeidp.Facebook] = fakeidp.Answer{Subject: w.name("squatter")}
	s.linking = b.decide(t, s.linkFlow, s.identities[fakeidp.Facebook])
	s.code, s.verifier = b.consent(t, fakeidp.LINE, s.identities[fakeidp.LINE])
	s.laterFlow = b.begin(t, fakeidp.Google, true)
	s.later = b.decide(t, s.laterFlow, s.identities[fakeidp.Google])
	return s
}

// TestSquattedEmail has the owner of an e-mail log in, after somebody else has registered it.
func TestSquattedEmail(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		owner := w.someone()
		s := w.squat(t, owner.Email)
		got := w.newBrowser().logIn(t, fakeidp.Google, owner)
		if got.IsNewUser || got.User.ID != s.User.ID || !got.User.EmailVerified || got.User.Username != s.User.Username || got.User.IsOauthUser != s.User.IsOauthUser {
			t.Errorf("the owner is logged in as %+v, the account was %+v", got, s.User)
		}
		onlyOwner := func(when string) {
			t.Helper()
			if ids := w.identities(t, got.Token); len(ids) != 1 || ids[fakeidp.Google] != owner.Subject {
				t.Errorf("%s the identities are %v, want the owner's alone", when, ids)
			}
		}
		onlyOwner("after the log-in")
		w.refused(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, owner.Email, password), http.StatusUnauthorized, "invalid_credentials")
		w.refused(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"username":%q,"password":%q}`, s.User.Username, password), http.StatusUnauthorized, "invalid_credentials")
		w.ended(t, "the squatter", s.Token)
		w.ended(t, "the squatter, the second", s.token)

		b := w.newBrowser() // the squatter has the cookies, too
		if q := b.comeBack(t, s.linking); q.Has("linked") {
			t.Errorf("without a cookie: %v", q)
		}
		onlyOwner("after a linking under way")
		if status, a, _ := w.exchange(t, s.code, s.verifier); status == http.StatusOK && a.User.ID == s.User.ID {
			t.Error("a one-time code of before still opens the account")
		}
		if _, a, _ := b.finish(t, s.laterFlow, s.later); a.User.ID == s.User.ID {
			t.Error("a log-in under way still opens the account")
		}
		for provider, a := range s.identities {
			if _, who, _ := w.newBrowser().outcome(t, provider, a); who.User.ID == s.User.ID {
				t.Errorf("the squatter's %s still opens the account", provider)
			}
		}
		onlyOwner("in the end")
		w.told(t, s.User.ID, "created")
	})
}

// TestLinkingUnderWay has the squatter come back from a linking with the cookies it began with.
func TestLinkingUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	owner := w.someone()
	s := w.register(t, owner.Email)
	b := w.newBrowser()
	callback := b.decide(t, b.beginLink(t, fakeidp.LINE, s.Token), w.someone())
	got := w.newBrowser().logIn(t, fakeidp.Google, owner)
	if q := b.comeBack(t, callback); q.Has("linked") || q.Get("error") == "" {
		t.Errorf("the squatter's front end gets %v", q)
	}
	if ids := w.identities(t, got.Token); len(ids) != 1 {
		t.Errorf("the identities are %v, want the owner's alone", ids)
	}
}

// TestTicketUnderWay has the squatter hold a ticket, and use it for the e-mail of somebody
// else before and after its owner logs in.
func TestTicketUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	complete := func(ticket, email string) (int, account, problem) {
		var a account
		status, p := w.call(t, http.MethodPost, "/auth/oauth/complete", "", fmt.Sprintf(`{"ticket":%q,"email":%q}`, ticket, email), &a)
		return status, a, p
	}
	tickets := make([]string, 2)
	for i := range tickets {
		_, _, p := w.newBrowser().outcome(t, fakeidp.LINE, fakeidp.Answer{Subject: w.name("squatter")})
		tickets[i] = p.Ticket
	}
	owner := w.someone()
	status, early, p := complete(tickets[0], strings.ToUpper(owner.Email))
	if status != http.StatusCreated || early.User.EmailVerified {
		t.Fatalf("complete = %d %q %v", status, p.Code, early.User)
	}
	got := w.newBrowser().logIn(t, fakeidp.Google, owner)
	w.ended(t, "the squatter", early.Token)
	for i, ticket := range tickets {
		if status, a, p := complete(ticket, owner.Email); status < 400 {
			t.Errorf("ticket %d: %d %q %v, want a refusal", i, status, p.Code, a.User)
		}
	}
	if ids := w.identities(t, got.Token); len(ids) != 1 {
		t.Errorf("the identities are %v, want the owner's alone", ids)
	}
}

// TestSquatterRaces has a squatter do something at the very moment that the owner logs in.
// Whoever is first: when all is done, nobody but the owner is in the owner's account.
func TestSquatterRaces(t *testing.T) {
	t.Parallel()
	moves := map[string]func(t *testing.T, w *world, s account, b *browser, callback string) []string{
		"password": func(t *testing.T, w *world, s account, _ *browser, _ string) []string {
			w.call(t, http.MethodPut, "/users/me/password", s.Token, fmt.Sprintf(`{"currentPassword":%q,"newPassword":"another fine battery"}`, password), nil)
			return nil
		},
		"log in": func(t *testing.T, w *world, s account, _ *browser, _ string) []string {
			var a account
			w.call(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, s.User.Email, password), &a)
			return []string{a.Token}
		},
		"link": func(t *testing.T, _ *world, _ account, b *browser, callback string) []string {
			b.comeBack(t, callback)
			return nil
		},
		"patch": func(t *testing.T, w *world, s account, _ *browser, _ string) []string {
			w.call(t, http.MethodPatch, "/users/me", s.Token, fmt.Sprintf(`{"username":%q,"currentPassword":%q}`, w.name("renamed"), password), nil)
			return nil
		},
		"move away and back": func(t *testing.T, w *world, s account, _ *browser, _ string) []string {
			for _, email := range []string{w.email("away"), s.User.Email} {
				w.call(t, http.MethodPatch, "/users/me", s.Token, fmt.Sprintf(`{"email":%q,"currentPassword":%q}`, email, password), nil)
			}
			return nil
		},
		"delete": func(t *testing.T, w *world, s account, _ *browser, _ string) []string {
			w.call(t, http.MethodDelete, "/users/me", s.Token, fmt.Sprintf(`{"currentPassword":%q}`, password), nil)
			return nil
		},
	}
	onBothDatabases(t, func(t *testing.T, w *world) {
		for name, move := range moves {
			for range 8 {
				owner, friend := w.someone(), fakeidp.Answer{Subject: w.name("squatter")}
				s := w.register(t, owner.Email)
				b := w.newBrowser()
				callback := b.decide(t, b.beginLink(t, fakeidp.LINE, s.Token), friend)
				code, verifier := w.newBrowser().consent(t, fakeidp.Google, owner)
				var tokens []string
				var got account
				atOnce(2, func(i int) {
					if i == 0 {
						tokens = append(move(t, w, s, b, callback), s.Token)
						return
					}
					status, a, p := w.exchange(t, code, verifier)
					if status != http.StatusOK {
						t.Errorf("%s: the owner's exchange = %d %q", name, status, p.Code)
					}
					got = a
				})
				if got.Token == "" {
					continue
				}
				u := w.me(t, got.Token)
				if !u.EmailVerified || u.Email != owner.Email {
					t.Errorf("%s: the owner has %+v", name, u)
				}
				if ids := w.identities(t, got.Token); len(ids) != 1 || ids[fakeidp.Google] != owner.Subject {
					t.Errorf("%s: the identities are %v, want the owner's alone", name, ids)
				}
				for _, token := range tokens {
					var in user
					if status, _ := w.call(t, http.MethodGet, "/users/me", token, "", &in); status == http.StatusOK && in.ID == u.ID {
						t.Errorf("%s: the squatter has a session of the owner's account", name)
					}
				}
				for _, try := range []string{password, "another fine battery"} {
					var in account
					if status, _ := w.call(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"username":%q,"password":%q}`, u.Username, try), &in); status == http.StatusOK {
						t.Errorf("%s: the squatter's password opens the owner's account", name)
					}
				}
			}
		}
	})
}

// TestTakeoversAtOnce has the owner log in 20 times at once.
func TestTakeoversAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, made := range []func(t *testing.T, email string) account{w.register, w.verified} {
			owner := w.someone()
			s := made(t, owner.Email)
			codes, verifiers := make([]string, 20), make([]string, 20)
			for i := range codes {
				codes[i], verifiers[i] = w.newBrowser().consent(t, fakeidp.Google, owner)
			}
			var mu sync.Mutex
			var tokens []string
			atOnce(len(codes), func(i int) {
				status, a, p := w.exchange(t, codes[i], verifiers[i])
				if status != http.StatusOK || a.User.ID != s.User.ID {
					t.Errorf("exchange = %d %q, logged in as %v", status, p.Code, a.User)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, a.Token)
			})
			for _, token := range tokens {
				if status, _ := w.call(t, http.MethodGet, "/users/me", token, "", nil); status != http.StatusOK {
					t.Errorf("a session of the owner has ended: %d", status)
				}
			}
			if actions := w.actions(t, s.User.ID); !slices.Equal(actions, []string{"created"}) {
				t.Errorf("the bus has told %v", actions)
			}
		}
	})
}
