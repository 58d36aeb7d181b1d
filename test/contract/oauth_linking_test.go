package contract

import (
	"encoding/json"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

func TestOAuthLinking(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		member := s.one.Register(t)
		before := s.one.Me(t, member.Token)
		people := map[string]fakeidp.Answer{}
		for _, provider := range fakeidp.Names {
			a := person()
			a.Email, a.Verified, a.Name = strings.ToUpper(before.Email), provider != fakeidp.Google, "Renamed"
			people[provider] = a
			b := s.browser()
			callback := b.Decide(t, b.BeginLink(t, provider, member.Token), a)
			if q := b.At(s.two.Client).ComeBack(t, callback); len(q) != 1 || q.Get("linked") != provider {
				t.Errorf("linking %s: the front end gets %v", provider, q)
			}
			fails(t, "the linking again", b.ComeBack(t, callback), "invalid_state")
			s.one.Refuses(t, client.Linking(provider, member.Token), 409, "provider_already_linked")
		}
		var raw []map[string]any
		got := s.one.Must(t, request{Method: "GET", Path: "/users/me/oauth-providers", Token: member.Token}, 200, nil)
		if err := json.Unmarshal(got.Body, &raw); err != nil || len(raw) != 3 {
			t.Fatalf("the identities are %s", got.Body)
		}
		for _, one := range raw {
			if len(one) != 3 || one["providerId"] != people[one["provider"].(string)].Subject || one["createdAt"] == "" {
				t.Errorf("an identity is %v", one)
			}
		}
		if after := s.one.Me(t, member.Token); !cmp.Equal(after, before) {
			t.Errorf("linking changed the user: %s", cmp.Diff(before, after))
		}
		for provider, a := range people {
			if got := s.browser().LogIn(t, provider, a); got.User.ID != member.User.ID || got.IsNewUser {
				t.Errorf("%s logs in as %+v", provider, got)
			}
		}
		for provider, a := range people {
			s.one.Must(t, client.Unlinking(provider, member.Token), 204, nil)
			s.one.Refuses(t, client.Unlinking(provider, member.Token), 404, "not_found")
			s.ends(t, provider+" after it was unlinked", provider, a, "account_exists")
		}
		s.told(t, member.User.ID, "created")
	})
}

// TestOAuthLinkingNeedsProof has the access token of a session that began long ago.
func TestOAuthLinkingNeedsProof(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		line, member := person(), s.one.Register(t)
		s.link(t, member.Token)
		guest := s.browser().LogIn(t, fakeidp.LINE, line) // who has no password
		for code, test := range map[string]struct {
			stolen auth
			bodies []string
		}{
			"wrong_password":            {member, []string{"", "{}", object("currentPassword", ""), object("currentPassword", client.Another)}},
			"reauthentication_required": {guest, []string{"", "{}", object("currentPassword", client.Password)}},
		} {
			s.age(t, test.stolen, 10*24*time.Hour)
			before := s.identities(t, test.stolen.Token)
			for _, body := range test.bodies {
				for _, r := range []request{client.Linking(fakeidp.Google, test.stolen.Token), client.Unlinking(fakeidp.LINE, test.stolen.Token)} {
					r.Body = body
					s.one.Refuses(t, r, 403, code)
				}
			}
			if after := s.identities(t, test.stolen.Token); !maps.Equal(after, before) {
				t.Errorf("%s: the identities were %v and are %v", code, before, after)
			}
		}
		guest = s.browser().LogIn(t, fakeidp.LINE, line)
		if q := s.browser().Link(t, fakeidp.Google, guest.Token, person()); q.Get("linked") != fakeidp.Google {
			t.Errorf("linking after a new log-in: %v", q)
		}

		google, b := person(), s.browser()
		s.browser().Link(t, fakeidp.Google, member.Token, google)
		byGoogle := s.browser().LogIn(t, fakeidp.Google, google)
		var list []client.Session
		s.one.Must(t, request{Method: "GET", Path: "/users/me/sessions", Token: member.Token}, 200, &list)
		if len(list) != 2 || list[0].Method != fakeidp.Google || list[1].Method != "password" {
			t.Errorf("the sessions are %+v", list)
		}
		s.one.Must(t, client.Unlinking(fakeidp.Google, member.Token), 204, nil)
		s.dead(t, "a log-in by the identity that was unlinked", byGoogle)
		s.lives(t, "a log-in by password", member)
		callback := b.Decide(t, b.BeginLink(t, fakeidp.Facebook, member.Token), person())
		var changed auth
		s.one.Must(t, request{
			Method: "PUT", Path: "/users/me/password", Token: member.Token, Body: object("currentPassword", client.Password, "newPassword", client.Another),
		}, 200, &changed)
		fails(t, "a linking that the old password proved", b.ComeBack(t, callback), "invalid_state")
		if ids := s.identities(t, changed.Seen().Token); len(ids) != 1 {
			t.Errorf("in the end the identities are %v", ids)
		}
	})
}

func TestOAuthLastLogInMethod(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		providers, people := []string{fakeidp.LINE, fakeidp.Facebook}, []fakeidp.Answer{person(), person()}
		member := s.browser().LogIn(t, fakeidp.LINE, people[0])
		s.one.Refuses(t, client.Unlinking(fakeidp.LINE, member.Token), 409, "last_login_method")
		s.one.Refuses(t, client.Unlinking(fakeidp.Google, member.Token), 404, "not_found")
		missing := 1
		for range 5 { // of two removals at once, one is refused, since it removes the last or its session ended
			s.browser().Link(t, providers[missing], member.Token, people[missing])
			sessions := []auth{s.browser().LogIn(t, providers[0], people[0]), s.browser().LogIn(t, providers[1], people[1])}
			var gone atomic.Int64
			client.AtOnce(2, func(i int) { // by one identity, the other one
				if got := s.at(i).Send(t, client.Unlinking(providers[1-i], sessions[i].Token)); got.Status == 204 {
					gone.Add(1)
					member, missing = sessions[i], 1-i
				} else if got.Code() != "last_login_method" && got.Code() != "unauthorized" {
					t.Errorf("unlinking = %d %s", got.Status, got.Body)
				}
			})
			if gone.Load() != 1 {
				t.Fatalf("%d of the last two went at once", gone.Load())
			}
			s.linked(t, "after the race", member.Token, providers[1-missing], people[1-missing].Subject)
			s.dead(t, "a session that began by the identity", sessions[missing])
		}
		s.one.Must(t, request{Method: "PUT", Path: "/users/me/password", Token: member.Token, Body: object("newPassword", client.Password)}, 200, &member)
		s.one.Must(t, client.Unlinking(providers[1-missing], member.Token), 204, nil)
		if u := s.one.Me(t, member.Token); !u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != fakeidp.LINE {
			t.Errorf("unlinking changed the user: %+v", u)
		}
	})
}

func TestOAuthLinkingsThatAreRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		owner := person()
		other, member := s.browser().LogIn(t, fakeidp.LINE, owner), s.one.Register(t)
		fails(t, "the identity of another user", s.browser().Link(t, fakeidp.LINE, member.Token, owner), "provider_already_linked")
		fails(t, "denied", s.browser().Link(t, fakeidp.LINE, member.Token, fakeidp.Answer{Denied: "access_denied"}), "access_denied")
		fails(t, "failed", s.browser().Link(t, fakeidp.LINE, member.Token, fakeidp.Answer{}), "provider_error")

		b := s.browser()
		planted := b.Decide(t, b.BeginLink(t, fakeidp.LINE, member.Token), person())
		victim := s.browser()
		victim.Begin(t, fakeidp.LINE, false)
		fails(t, "in another browser", victim.ComeBack(t, planted), "invalid_state")
		r := client.Linking(fakeidp.LINE, member.Token)
		r.Path += "?code_challenge_method=S256&code_challenge=" + client.S256("verifier") // makes no log-in of it
		planted = b.Decide(t, client.Flow{Provider: fakeidp.LINE, URL: b.Start(t, r)}, person())
		fails(t, "with a code_challenge, in another browser", victim.ComeBack(t, planted), "invalid_state")

		for why, end := range map[string]func(in auth){
			"after the log-out": func(in auth) { s.one.Must(t, request{Method: "POST", Path: "/auth/logout", Token: in.Token}, 204, nil) },
			"disabled":          func(auth) { s.change(t, member.User.ID, `{"isActive":false}`) },
		} {
			in, b := s.one.LogIn(t, member.User.Email, client.Password), s.browser()
			callback := b.Decide(t, b.BeginLink(t, fakeidp.LINE, in.Token), person())
			end(in)
			fails(t, why, b.ComeBack(t, callback), map[string]string{"after the log-out": "invalid_state", "disabled": "account_disabled"}[why])
			s.change(t, member.User.ID, `{"isActive":true}`)
		}
		in := s.one.LogIn(t, member.User.Email, client.Password)
		s.linked(t, "after refusals", in.Token)

		// A log-in beside a linking logs in and links nothing.
		google := person()
		login, linking := b.Begin(t, fakeidp.LINE, false), b.BeginLink(t, fakeidp.Google, in.Token)
		second := b.Decide(t, b.BeginLink(t, fakeidp.Google, in.Token), person())
		linkBack := b.Decide(t, linking, google)
		if got, _, a := b.Finish(t, login, b.Decide(t, login, owner)); got != "ok" || a.User.ID != other.User.ID {
			t.Errorf("the log-in beside a linking: %q %+v", got, a.User)
		}
		s.linked(t, "after the log-in", in.Token)
		if q := b.ComeBack(t, linkBack); q.Get("linked") != fakeidp.Google {
			t.Errorf("the linking beside a log-in: %v", q)
		}
		fails(t, "a second linking that had begun", b.ComeBack(t, second), "provider_already_linked")
		s.linked(t, "in the end", in.Token, fakeidp.Google, google.Subject)
		s.linked(t, "the other user", other.Token, fakeidp.LINE, owner.Subject)
	})
}

// TestOAuthLinkingsAtOnce links one identity to ten users at once, and ten identities to one.
func TestOAuthLinkingsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		const many = 10
		link := func(token func() string, a func() fakeidp.Answer) (linked int64) {
			browsers, callbacks := make([]*client.Browser, many), make([]string, many)
			for i := range many {
				browsers[i] = s.browser()
				callbacks[i] = browsers[i].Decide(t, browsers[i].BeginLink(t, fakeidp.LINE, token()), a())
			}
			var n atomic.Int64
			client.AtOnce(many, func(i int) {
				if q := browsers[i].At(s.at(i).Client).ComeBack(t, callbacks[i]); q.Get("linked") != "" {
					n.Add(1)
				} else {
					fails(t, "a linking", q, "provider_already_linked")
				}
			})
			return n.Load()
		}
		one := person()
		if n := link(func() string { return s.one.Register(t).Token }, func() fakeidp.Answer { return one }); n != 1 {
			t.Errorf("one identity was linked to %d users", n)
		}
		member := s.one.Register(t)
		if n := link(func() string { return member.Token }, person); n != 1 || len(s.identities(t, member.Token)) != 1 {
			t.Errorf("%d identities of one provider were linked to one user", n)
		}
	})
}
