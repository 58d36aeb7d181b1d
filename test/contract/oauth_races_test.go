package contract

import (
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

func TestOAuthCallbacksAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		b := s.browser()
		f := b.Begin(t, fakeidp.LINE, true)
		callback := b.Decide(t, f, person())
		var mu sync.Mutex
		var codes []string
		client.AtOnce(50, func(i int) {
			q := b.At(s.at(i).Client).ComeBack(t, callback)
			mu.Lock()
			defer mu.Unlock()
			if q.Get("code") != "" {
				codes = append(codes, q.Get("code"))
			} else {
				fails(t, "a rival", q, "invalid_state")
			}
		})
		if len(codes) != 1 {
			t.Fatalf("%d of 50 callbacks with one state gave codes, want one", len(codes))
		}
		if got, _ := s.two.Exchange(t, codes[0], f.Verifier); got.Status != 200 {
			t.Errorf("the exchange = %d %s, want 200", got.Status, got.Body)
		}
	})
}

// TestOAuthExchangesAtOnce redeems one code 50 times at once. One exchange at most works, and its
// session ends since the code came again.
func TestOAuthExchangesAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for range 3 {
			a := person()
			code, verifier := s.browser().Consent(t, fakeidp.Google, a)
			var mu sync.Mutex
			var sessions []auth
			client.AtOnce(50, func(i int) {
				got, in := s.at(i).Exchange(t, code, verifier)
				mu.Lock()
				defer mu.Unlock()
				if got.Status == 200 {
					sessions = append(sessions, in)
				} else if got.Code() != "invalid_code" {
					t.Errorf("exchange = %d %s, want invalid_code", got.Status, got.Body)
				}
			})
			if len(sessions) > 1 {
				t.Errorf("%d of 50 exchanges of one code worked", len(sessions))
			}
			for _, in := range sessions {
				s.dead(t, "a code that came 50 times", in)
			}
			if again := s.browser().LogIn(t, fakeidp.Google, a); again.User.Email != a.Email {
				t.Errorf("the next log-in is of %+v", again.User)
			}
		}
	})
}

// TestOAuthFirstLogInsAtOnce has one person log in many times at once: whole flows, and flows that
// all have their code.
func TestOAuthFirstLogInsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, whole := range []bool{true, false} {
			for _, provider := range fakeidp.Names {
				const many = 20
				a := person()
				var codes, verifiers [many]string
				for i := range many {
					if !whole {
						codes[i], verifiers[i] = s.browser().Consent(t, provider, a)
					}
				}
				var mu sync.Mutex
				ids, news := map[string]int{}, 0
				client.AtOnce(many, func(i int) {
					if whole {
						codes[i], verifiers[i] = s.browser().At(s.at(i).Client).Consent(t, provider, a)
					}
					got, in := s.at(i/2).Exchange(t, codes[i], verifiers[i])
					if got.Status != 200 {
						t.Errorf("%s: exchange = %d %s, want 200", provider, got.Status, got.Body)
						return
					}
					s.linked(t, provider, in.Token, provider, a.Subject)
					mu.Lock()
					defer mu.Unlock()
					if ids[in.User.ID]++; in.IsNewUser {
						news++
					}
				})
				if len(ids) != 1 || news != 1 {
					t.Errorf("%s: %d log-ins at once made the users %v, %d of them new, want one", provider, many, ids, news)
				}
				for id := range ids {
					s.told(t, id, "created")
				}
			}
		}
	})
}

// TestOAuthProvidersRace has two people log in with one e-mail at once, of whom one has proof.
func TestOAuthProvidersRace(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for range 10 {
			owner, thief := person(), person()
			thief.Email = owner.Email
			var codes, verifiers [2]string
			codes[0], verifiers[0] = s.browser().Consent(t, fakeidp.Google, owner)
			codes[1], verifiers[1] = s.browser().Consent(t, fakeidp.LINE, thief)
			var got [2]answer
			var in [2]auth
			client.AtOnce(2, func(i int) { got[i], in[i] = s.at(i).Exchange(t, codes[i], verifiers[i]) })
			if got[0].Status != 200 || got[1].Status != 200 && got[1].Code() != "account_exists" {
				t.Fatalf("the owner: %d %s, the other: %d %s", got[0].Status, got[0].Body, got[1].Status, got[1].Body)
			}
			if users := s.users(t, owner.Email); len(users) != 1 || !users[0].EmailVerified || users[0].ID != in[0].User.ID {
				t.Fatalf("the users are %+v", users)
			}
			s.linked(t, "after the race", in[0].Token, fakeidp.Google, owner.Subject)
			if got[1].Status == 200 {
				s.dead(t, "the other", in[1])
			}
			s.ends(t, "the other, again", fakeidp.LINE, thief, "account_exists")
			s.told(t, in[0].User.ID, "created")
		}
	})
}

// TestOAuthOwnerComesManyTimesAtOnce has the owner of an e-mail take an account over in 20 log-ins at
// once, and link it in 20. All of them stay logged in.
func TestOAuthOwnerComesManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, make := range []func(testing.TB, string) auth{s.unverified, s.verified} {
			owner := person()
			before := make(t, owner.Email)
			var codes, verifiers [20]string
			for i := range codes {
				codes[i], verifiers[i] = s.browser().Consent(t, fakeidp.Google, owner)
			}
			var in [len(codes)]auth
			client.AtOnce(len(codes), func(i int) {
				var got answer
				if got, in[i] = s.at(i).Exchange(t, codes[i], verifiers[i]); got.Status != 200 || in[i].User.ID != before.User.ID {
					t.Errorf("exchange = %d %s, logged in as %+v", got.Status, got.Body, in[i].User)
				}
			})
			for _, one := range in {
				s.lives(t, "the owner", one)
			}
			s.told(t, before.User.ID, "created")
		}
	})
}

// TestOAuthChangesAtOnce changes a user at the moment that the person logs in.
func TestOAuthChangesAtOnce(t *testing.T) {
	t.Parallel()
	by := func(method, path, body string) func(s *setup, a auth) request {
		return func(_ *setup, a auth) request { return request{Method: method, Path: path, Token: a.Token, Body: body} }
	}
	for name, test := range map[string]struct {
		change func(s *setup, a auth) request
		may    []string // what the exchange may end with beside 200
		after  string
	}{
		"deletion":  {by("DELETE", "/users/me", ""), nil, "ok"},
		"unlinking": {func(_ *setup, a auth) request { return client.Unlinking(fakeidp.Google, a.Token) }, nil, "ok"},
		"another e-mail": {func(_ *setup, a auth) request {
			return by("PATCH", "/users/me", object("email", person().Email))(nil, a)
		}, nil, "ok"},
		"deactivation": {func(s *setup, a auth) request {
			return request{Method: "PATCH", Path: "/users/" + a.User.ID, Token: adminOf(t, s).Token, Body: `{"isActive":false}`}
		}, []string{"account_disabled"}, "account_disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, s *setup) {
				for range 5 {
					a := person()
					member := s.browser().LogIn(t, fakeidp.Google, a)
					s.browser().Link(t, fakeidp.LINE, member.Token, person())
					var codes, verifiers [5]string
					for i := range codes {
						codes[i], verifiers[i] = s.browser().Consent(t, fakeidp.Google, a)
					}
					change := test.change(s, member)
					client.AtOnce(len(codes)+1, func(i int) {
						if i == len(codes) {
							if got := s.two.Send(t, change); got.Status >= 300 {
								t.Errorf("the change = %d %s", got.Status, got.Body)
							}
							return
						}
						got, _ := s.at(i).Exchange(t, codes[i], verifiers[i])
						if got.Status != 200 && !slices.Contains(test.may, got.Code()) {
							t.Errorf("exchange = %d %s", got.Status, got.Body)
						}
					})
					s.ends(t, "afterwards", fakeidp.Google, a, test.after)
					if users := s.users(t, a.Email); len(users) > 1 {
						t.Errorf("the users are %+v", users)
					}
				}
			})
		})
	}
}

// TestOAuthFlowsDoNotMix has 100 people log in at once, with a browser each or one for all, and each
// step at any of two instances.
func TestOAuthFlowsDoNotMix(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		shared := s.browser()
		client.AtOnce(100, func(i int) {
			provider, b, a := fakeidp.Names[i%3], shared, person()
			if i%5 > 1 {
				b = s.browser()
			}
			f := b.At(s.at(i/2).Client).Begin(t, provider, i%2 == 0)
			var q url.Values
			if q = b.At(s.at(i/4).Client).ComeBack(t, b.Decide(t, f, a)); q.Get("state") != f.State {
				t.Errorf("the front end gets %v, want the state %s", q, f.State)
			}
			got, in := s.at(i/8).Exchange(t, q.Get("code"), f.Verifier)
			if got.Status != 200 || in.User.Email != a.Email || !in.IsNewUser || in.User.OauthProvider == nil || *in.User.OauthProvider != provider {
				t.Errorf("%s with %s: exchange = %d %s after %v", provider, a.Email, got.Status, got.Body, q)
				return
			}
			if u := s.at(i/16).Me(t, in.Token); u.ID != in.User.ID || u.Email != a.Email {
				t.Errorf("%s is logged in as %+v", a.Email, u)
			}
			s.linked(t, fmt.Sprintf("flow %d", i), in.Token, provider, a.Subject)
		})
	})
}
