package contract

import (
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

// squatter registered the e-mail of another person and prepared every way back.
type squatter struct {
	auth

	*client.Browser
	second     auth // another session
	identities map[string]fakeidp.Answer
	linking    string // a callback that would link Facebook
	code       string // a one-time code of LINE
	verifier   string
	login      client.Flow // a log-in by Google, and its callback
	later      string
	tickets    [2]string
}

func squat(t *testing.T, s *setup, email string) squatter {
	t.Helper()
	q := squatter{auth: s.unverified(t, email), Browser: s.browser(), identities: map[string]fakeidp.Answer{}}
	q.second = s.one.LogIn(t, email, client.Password)
	for _, provider := range fakeidp.Names {
		q.identities[provider] = person()
	}
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		if got := q.Link(t, provider, q.Token, q.identities[provider]); got.Get("linked") != provider {
			t.Fatalf("linking %s: %v", provider, got)
		}
	}
	q.linking = q.Decide(t, q.BeginLink(t, fakeidp.Facebook, q.Token), q.identities[fakeidp.Facebook])
	q.code, q.verifier = q.Consent(t, fakeidp.LINE, q.identities[fakeidp.LINE])
	q.login = q.Begin(t, fakeidp.Google, true)
	q.later = q.Decide(t, q.login, q.identities[fakeidp.Google])
	for i := range q.tickets {
		q.tickets[i] = s.ticket(t, fakeidp.LINE, person())
	}
	return q
}

// TestOAuthTakeover has the owner of an e-mail log in after another person registered it.
func TestOAuthTakeover(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		owner := person()
		owner.Picture = "https://pictures.example/owner.png"
		q := squat(t, s, owner.Email)
		got := s.browser().LogIn(t, fakeidp.Google, owner)
		if !got.TakenOver || got.User.DisplayName == nil || *got.User.DisplayName != owner.Name || got.User.Avatar == nil || *got.User.Avatar != owner.Picture {
			t.Errorf("the takeover is answered with %+v", got)
		}
		if again := s.browser().LogIn(t, fakeidp.Google, owner); again.TakenOver {
			t.Error("the next log-in takes over again")
		}
		if got.IsNewUser || got.User.ID != q.User.ID || !got.User.EmailVerified || got.User.Username != q.User.Username || got.User.IsOauthUser != q.User.IsOauthUser {
			t.Errorf("the owner is logged in as %+v, the account was %+v", got, q.User)
		}
		only := func(when string) {
			t.Helper()
			s.linked(t, when, got.Token, fakeidp.Google, owner.Subject)
		}
		only("after the log-in")
		for _, name := range []string{owner.Email, q.User.Username} {
			s.one.Refuses(t, client.Login(name, client.Password), 401, "invalid_credentials")
		}
		s.dead(t, "the squatter", q.auth)
		s.dead(t, "the squatter, the second", q.second)

		if back := q.ComeBack(t, q.linking); back.Has("linked") || back.Get("error") == "" {
			t.Errorf("a linking that had begun: %v", back)
		}
		only("after a linking that had begun")
		if status, a := s.one.Exchange(t, q.code, q.verifier); a.User.ID == q.User.ID {
			t.Errorf("a one-time code of before opens the account: %d", status.Status)
		}
		if _, _, a := q.Finish(t, q.login, q.later); a.User.ID == q.User.ID {
			t.Error("a log-in that had begun opens the account")
		}
		for provider, a := range q.identities {
			if _, _, a := s.browser().Outcome(t, provider, a); a.User.ID == q.User.ID {
				t.Errorf("the squatter's %s opens the account", provider)
			}
		}
		for _, ticket := range q.tickets {
			if last, _ := s.complete(t, ticket, owner.Email); last.Status != 409 || last.Code() != "email_taken" {
				t.Errorf("a ticket of before = %d %s, want 409 email_taken", last.Status, last.Body)
			}
		}
		only("in the end")
		s.told(t, q.User.ID, "created")
	})
}

// TestOAuthTakeoverRaces has the squatter act at the moment that the owner logs in. Whichever is
// first, the owner alone is in the account afterwards.
func TestOAuthTakeoverRaces(t *testing.T) {
	t.Parallel()
	type move func(t *testing.T, s *setup, q auth, b *client.Browser, callback string) client.Auth
	as := func(method, path string, body func(q auth) string) move {
		return func(t *testing.T, s *setup, q auth, _ *client.Browser, _ string) (in auth) {
			got := s.two.Send(t, request{Method: method, Path: path, Token: q.Token, Body: body(q)})
			if got.Status == 200 {
				_ = got.Decode(200, &in) // of a log-in: the new session
			}
			return in
		}
	}
	moves := map[string]move{
		"password": as("PUT", "/users/me/password", func(auth) string { return object("currentPassword", client.Password, "newPassword", client.Another) }),
		"log-in":   as("POST", "/auth/login", func(q auth) string { return object("email", q.User.Email, "password", client.Password) }),
		"username": as("PATCH", "/users/me", func(auth) string { return object("username", client.Name(), "currentPassword", client.Password) }),
		"deletion": as("DELETE", "/users/me", func(auth) string { return object("currentPassword", client.Password) }),
		"move away and back": func(t *testing.T, s *setup, q auth, _ *client.Browser, _ string) (in auth) {
			for _, email := range []string{person().Email, q.User.Email} {
				s.two.Send(t, request{Method: "PATCH", Path: "/users/me", Token: q.Token, Body: object("email", email, "currentPassword", client.Password)})
			}
			return in
		},
		"link": func(t *testing.T, s *setup, _ auth, b *client.Browser, callback string) (in auth) {
			b.At(s.two.Client).ComeBack(t, callback)
			return in
		},
	}
	onBoth(t, func(t *testing.T, s *setup) {
		for name, move := range moves {
			for range 5 {
				owner := person()
				q, b := s.unverified(t, owner.Email), s.browser()
				callback := b.Decide(t, b.BeginLink(t, fakeidp.LINE, q.Token), person())
				code, verifier := s.browser().Consent(t, fakeidp.Google, owner)
				var theirs, mine auth
				client.AtOnce(2, func(i int) {
					if i == 0 {
						theirs = move(t, s, q, b, callback)
						return
					}
					got, a := s.one.Exchange(t, code, verifier)
					if got.Status != 200 {
						t.Errorf("%s: the exchange of the owner = %d %s", name, got.Status, got.Body)
					}
					mine = a
				})
				if mine.Token == "" {
					continue
				}
				if u := s.one.Me(t, mine.Token); !u.EmailVerified || u.Email != owner.Email {
					t.Errorf("%s: the owner has %+v", name, u)
				}
				s.linked(t, name, mine.Token, fakeidp.Google, owner.Subject)
				for _, token := range []string{theirs.Token, q.Token} {
					var in client.User
					got := s.one.Send(t, request{Method: "GET", Path: "/users/me", Token: token})
					if got.Decode(200, &in) == nil && in.ID == mine.User.ID {
						t.Errorf("%s: the squatter has a session of the owner's account", name)
					}
				}
				for _, password := range []string{client.Password, client.Another} {
					if got := s.one.Send(t, client.Login(mine.User.Username, password)); got.Status == 200 {
						t.Errorf("%s: the squatter's password opens the owner's account", name)
					}
				}
			}
		}
	})
}
