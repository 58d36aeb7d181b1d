package contract

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

// TestOAuthIdentityIsASubject logs in again while what the provider says of the person changes.
func TestOAuthIdentityIsASubject(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		other := s.browser().LogIn(t, fakeidp.LINE, person())
		for _, provider := range fakeidp.Names {
			a := person()
			first := s.browser().LogIn(t, provider, a)
			u := first.User
			if !first.IsNewUser || !u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != provider || u.Email != a.Email ||
				u.DisplayName == nil || *u.DisplayName != a.Name || u.EmailVerified != (provider == fakeidp.Google) || u.Role != "user" || !u.IsActive {
				t.Errorf("%s: the new user is %+v", provider, first)
			}
			s.linked(t, provider, first.Token, provider, a.Subject)
			for why, change := range map[string]func(a *fakeidp.Answer){
				"the same":                   func(*fakeidp.Answer) {},
				"another e-mail and name":    func(a *fakeidp.Answer) { a.Email, a.Name = person().Email, "Renamed" },
				"no e-mail":                  func(a *fakeidp.Answer) { a.Email = "" },
				"no verified e-mail":         func(a *fakeidp.Answer) { a.Verified = false },
				"the e-mail of another user": func(a *fakeidp.Answer) { a.Email = other.User.Email },
				"the e-mail of an admin":     func(a *fakeidp.Answer) { a.Email = adminOf(t, s).User.Email },
			} {
				again := a
				change(&again)
				got := s.browser().LogIn(t, provider, again)
				if got.IsNewUser || got.User.ID != u.ID || got.User.Email != u.Email || *got.User.DisplayName != a.Name || got.User.EmailVerified != u.EmailVerified {
					t.Errorf("%s, again with %s: %+v, want %+v", provider, why, got, u)
				}
			}
			for _, elsewhere := range fakeidp.Names {
				twin := person()
				if twin.Subject = a.Subject; elsewhere == provider {
					twin.Subject = strings.ToUpper(a.Subject)
				}
				if got := s.browser().LogIn(t, elsewhere, twin); got.User.ID == u.ID {
					t.Errorf("the subject %s of %s is %s of %s", a.Subject, provider, twin.Subject, elsewhere)
				}
			}
			s.told(t, u.ID, "created")
		}
	})
}

func TestOAuthEmails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for says, want := range map[any]bool{true: true, "true": true, false: false, nil: false, "false": false, 1: false, "TRUE": false, "yes": false, "": false} {
			a := person()
			if a.Verified = says; s.ends(t, fmt.Sprintf("email_verified %#v", says), fakeidp.Google, a, "ok").User.EmailVerified != want {
				t.Errorf("email_verified %#v: it must count as %v", says, want)
			}
		}
		a := person()
		lower := a.Email
		a.Email = strings.ToUpper(lower)
		if got := s.browser().LogIn(t, fakeidp.Google, a); got.User.Email != lower {
			t.Errorf("the e-mail %s became %q", a.Email, got.User.Email)
		}
		name := client.Name()
		for why, email := range map[string]string{
			"IDN": name + "@bücher.example", "Thai": "สมชาย@example.com", "full width": "ａda@example.com", "Kelvin": "\u212aelvin@example.com",
			"spaces": "  " + name + " spaced@example.com ", "no at": name + ".example.com", "two addresses": name + "@example.com,eve@example.com",
			"newline": name + "@example.com\r\nBcc: eve@example.com", "NUL": name + "\x00@example.com", "too long": name + strings.Repeat("a", 300) + "@example.com",
			"named": "Ada <" + name + "@example.com>",
		} {
			a := person()
			a.Email = email
			got, last, _ := s.browser().Outcome(t, fakeidp.Google, a)
			if got != "email_required" || last.Problem.Ticket == "" {
				t.Errorf("%s: %q, want it to be as without an e-mail", why, got)
			}
		}
		if made := s.users(t, name); len(made) != 0 {
			t.Errorf("users with bad e-mails: %v", made)
		}
	})
}

var validUsername = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,40}_[0-9a-f]{8}$`)

// TestOAuthUsernames makes users from e-mails whose local parts are no usernames.
func TestOAuthUsernames(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	seen := map[string]string{}
	for _, local := range []string{
		"a", "_", "-", "a.b", "-a-", "__a__", "a+tag", "o'neil", "!#$%&'*+/=?^_`{|}~-", "root", "ROOT", strings.Repeat("x", 64), strings.Repeat("-", 64),
		strings.Repeat("x.", 31) + "x", "1", "me", "null", "a_00000000",
	} {
		for range 2 {
			a := person()
			a.Email = local + "@" + client.Name() + ".example.com"
			name := s.ends(t, a.Email, fakeidp.Google, a, "ok").User.Username
			if !validUsername.MatchString(name) || seen[strings.ToLower(name)] != "" {
				t.Errorf("%s: the username is %q, that of %q", a.Email, name, seen[strings.ToLower(name)])
			}
			seen[strings.ToLower(name)] = a.Email
		}
	}
}

// TestOAuthVerifiedEmail has providers say the e-mail that a user has verified.
func TestOAuthVerifiedEmail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		member, line := s.verified(t, person().Email), person()
		s.browser().Link(t, fakeidp.LINE, member.Token, line)
		before := s.one.Me(t, member.Token)
		a := person()
		a.Email, a.Name, a.Picture = strings.ToUpper(before.Email), "Renamed", "https://pictures.example/1.png"
		for _, provider := range []string{fakeidp.LINE, fakeidp.Facebook} {
			s.ends(t, "the word of "+provider, provider, a, "account_exists")
		}
		for _, says := range []any{false, nil, "false"} {
			unproved := a
			unproved.Verified = says
			s.ends(t, fmt.Sprintf("Google says email_verified %#v", says), fakeidp.Google, unproved, "account_exists")
		}
		s.linked(t, "after refusals", member.Token, fakeidp.LINE, line.Subject)

		got := s.ends(t, "Google has verified it, too", fakeidp.Google, a, "ok")
		after := s.one.Me(t, member.Token)
		if got.IsNewUser || got.User.ID != member.User.ID || after.Email != before.Email || !after.EmailVerified || after.Username != before.Username ||
			*after.DisplayName != *before.DisplayName || after.Avatar != nil || *after.OauthProvider != *before.OauthProvider || after.IsOauthUser != before.IsOauthUser {
			t.Errorf("logged in as %+v, the user was %+v and is %+v", got, before, after)
		}
		s.linked(t, "after the log-in", got.Token, fakeidp.LINE, line.Subject, fakeidp.Google, a.Subject)
		s.one.LogIn(t, before.Email, client.Password)
		second := a
		second.Subject = person().Subject
		s.ends(t, "a second subject of Google", fakeidp.Google, second, "account_exists")
		s.told(t, member.User.ID, "created")
	})
}

func TestOAuthDisabledAccounts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		known, line := person(), person()
		member, squat := s.browser().LogIn(t, fakeidp.Google, known), s.one.Register(t)
		s.browser().Link(t, fakeidp.LINE, squat.Token, line)
		code, verifier := s.browser().Consent(t, fakeidp.Google, known)
		for _, id := range []string{member.User.ID, squat.User.ID} {
			s.change(t, id, `{"isActive":false}`)
		}
		s.one.Refuses(t, client.Exchanging(code, verifier), 403, "account_disabled") // since the callback
		s.ends(t, "a known identity", fakeidp.Google, known, "account_disabled")
		owner := person()
		owner.Email = squat.User.Email
		s.ends(t, "a verified e-mail of a disabled user", fakeidp.Google, owner, "account_disabled")
		s.change(t, squat.User.ID, `{"isActive":true}`)
		again := s.one.LogIn(t, squat.User.Email, client.Password)
		if again.User.EmailVerified {
			t.Errorf("the disabled user became %+v", again.User)
		}
		s.linked(t, "active again", again.Token, fakeidp.LINE, line.Subject)
		s.change(t, member.User.ID, `{"isActive":true}`)
		s.ends(t, "active again", fakeidp.Google, known, "ok")
	})
}

func TestOAuthDeletedAccounts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		a := person()
		first := s.browser().LogIn(t, fakeidp.LINE, a)
		code, verifier := s.browser().Consent(t, fakeidp.LINE, a)
		s.one.Must(t, request{Method: "DELETE", Path: "/users/me", Token: first.Token}, 204, nil)
		s.dead(t, "a deleted user", first)
		got, second := s.one.Exchange(t, code, verifier)
		if got.Status != 200 || !second.IsNewUser || second.User.ID == first.User.ID {
			t.Errorf("deleted since the callback: %d %s, want a new user", got.Status, got.Body)
		}
		s.told(t, first.User.ID, "created", "deleted")
		s.told(t, second.User.ID, "created")
	})
}

func TestOAuthAccountsMadeByAdmins(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for name, more := range map[string]string{"with a password": fmt.Sprintf(`,"password":%q`, client.Password), "without one": ""} {
		a := person()
		var made client.User
		s.one.Must(t, request{
			Method: "POST", Path: "/users", Token: adminOf(t, s).Token,
			Body: fmt.Sprintf(`{"email":%q,"username":%q%s}`, a.Email, client.Name(), more),
		}, 201, &made)
		got := s.ends(t, name, fakeidp.Google, a, "ok")
		if got.IsNewUser || got.User.ID != made.ID || got.User.Role != made.Role || !got.User.EmailVerified || got.User.Username != made.Username {
			t.Errorf("%s: logged in as %+v, want %+v", name, got, made)
		}
		s.one.Refuses(t, client.Login(a.Email, client.Password), 401, "invalid_credentials")
		s.told(t, made.ID, "created")
	}
	// An e-mail that an admin sets is unverified: its owner takes the account over.
	member, owner := s.verified(t, person().Email), person()
	s.change(t, member.User.ID, fmt.Sprintf(`{"email":%q}`, owner.Email))
	if got := s.ends(t, "an e-mail set by an admin", fakeidp.Google, owner, "ok"); got.User.ID != member.User.ID || !got.User.EmailVerified {
		t.Errorf("logged in as %+v", got)
	}
	s.dead(t, "the user before", member)
	// Of an admin it is not the owner's, who may only be one whose address was mistyped.
	stranger := person()
	admin := s.unverified(t, stranger.Email)
	s.change(t, admin.User.ID, `{"role":"admin"}`)
	s.ends(t, "the e-mail of an admin", fakeidp.Google, stranger, "account_exists")
	s.one.LogIn(t, admin.User.Email, client.Password)
}

// TestOAuthLookalikes has Google say e-mails that equal those of users only when folded by Unicode.
func TestOAuthLookalikes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for email, alike := range map[string]string{
			"kelvin@one.example": "\u212aelvin@one.example", "two@kelvin.example": "two@\u212aelvin.example", "three@kiss.example": "three@ki\u017f\u017f.example",
			"four@india.example": "four@\u0130ndia.example", "five@wide.example": "five@ｗide.example", "six@dot.example": "six@dot\u3002example",
			"seven@nothing.example": "seven@no\u200bthing.example",
		} {
			for _, make := range []func(testing.TB, string) auth{s.verified, s.unverified} {
				prefix := client.Name() + "."
				make(t, prefix+email)
				a := person()
				a.Email = prefix + alike
				s.ends(t, a.Email, fakeidp.Google, a, "email_required")
			}
		}
	})
}

func TestOAuthNames(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, provider := range fakeidp.Names {
			for _, name := range []string{
				"", " ", strings.Repeat("ก", 500), "a\x00b", "\x00", "a\nb", "\u202eevil", "\xff\xfe", "<script>", strings.Repeat("n", 50_000),
			} {
				a := person()
				a.Name = name
				shown := s.ends(t, fmt.Sprintf("%s, named %.20q", provider, name), provider, a, "ok").User.DisplayName
				if shown != nil && (*shown == "" || utf8.RuneCountInString(*shown) > 100 || strings.ContainsAny(*shown, "\x00\n")) {
					t.Errorf("%s, named %.20q: the displayName is %q", provider, name, *shown)
				}
			}
		}
	})
}
