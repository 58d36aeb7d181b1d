package contract

import (
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

// TestPreparedAccountGoesToTheOwnerOfTheMailbox has a stranger register an address and link an
// identity. Its owner clicks on the mail, which changes nothing, and resets the password.
func TestPreparedAccountGoesToTheOwnerOfTheMailbox(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		stranger, token := s.newMember(t)
		email, identity := stranger.User.Email, fakeidp.Answer{Subject: client.Name()}
		if query := s.browser().Link(t, fakeidp.LINE, stranger.Token, identity); query.Get("linked") != fakeidp.LINE {
			t.Fatalf("linking leads to %v", query)
		}
		byAnother := verify(token)
		byAnother.Token = s.one.Register(t).Token
		for _, r := range []request{verify(token), verifyBy(token, client.Another), byAnother} {
			s.two.Refuses(t, r, 401, "login_required")
		}
		if s.one.Me(t, stranger.Token).EmailVerified {
			t.Error("the e-mail counts as verified without a proof of the account")
		}
		s.mails(t, email, 2) // one tells of the identity
		s.two.Must(t, reset(s.askReset(t, email, 3), client.Another), 204, nil)
		s.dead(t, "the stranger", stranger)
		s.one.Refuses(t, client.Login(email, client.Password), 401, "invalid_credentials")
		s.one.Refuses(t, verifyBy(token, client.Another), 400, "invalid_token")
		s.ends(t, "the stranger's identity", fakeidp.LINE, identity, "email_required")
		if u := s.two.LogIn(t, email, client.Another).User; u.ID != stranger.User.ID || !u.EmailVerified {
			t.Errorf("the owner is %+v", u)
		}
	})
}

// TestMistypedEmailOfAnAdminStaysPending: its owner becomes another user, and the admin stays.
func TestMistypedEmailOfAnAdminStaysPending(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin, mistyped := s.one.NewAdmin(t, s.env), client.Name()+"@example.com"
		if code, output := authctl(t, s.env, "", "user", "verify", admin.User.Email); code != 0 {
			t.Fatalf("user verify: %d %s", code, output)
		}
		s.two.Must(t, changeEmail(admin, mistyped), 200, nil)
		click := verify(s.tokenOf(t, s.mails(t, mistyped, 1)[0], verifyPage))
		s.one.Refuses(t, click, 401, "login_required")
		owner := s.come(t, fakeidp.Answer{Subject: client.Name(), Email: mistyped, Verified: true})
		if owner.User.ID == admin.User.ID || owner.User.Role != "user" {
			t.Errorf("the owner of the address is %+v", owner.User)
		}
		click.Token = admin.Token
		s.two.Refuses(t, click, 409, "email_taken")
		if u := s.two.LogIn(t, admin.User.Email, client.Password).User; u.Role != "admin" || u.Email != admin.User.Email {
			t.Errorf("the admin is %+v", u)
		}
	})
}

// TestOwnAccountOfAnAdminNeedsProof: a stolen access token does not move the account to another
// address.
func TestOwnAccountOfAnAdminNeedsProof(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		admin, fresh := s.one.NewAdmin(t, s.env), client.Name()+"@example.com"
		s.two.NewAdmin(t, s.env) // so that the first is not the last
		own := func(method, body string) request {
			return request{Method: method, Path: "/users/" + admin.User.ID, Token: admin.Token, Body: body}
		}
		for _, r := range []request{
			own("PATCH", object("email", fresh)), own("PATCH", object("email", fresh, "currentPassword", client.Another)),
			own("DELETE", ""), own("DELETE", object("currentPassword", client.Another)),
		} {
			s.two.Refuses(t, r, 403, "wrong_password")
		}
		s.one.Must(t, own("PATCH", object("displayName", "Root")), 200, nil)
		var u user
		s.one.Must(t, own("PATCH", object("email", fresh, "currentPassword", client.Password)), 200, &u)
		if u.Email != admin.User.Email || u.PendingEmail == nil || *u.PendingEmail != fresh {
			t.Errorf("a change of an admin's own e-mail makes %+v", u)
		}
		s.one.Must(t, forgot(admin.User.Email), 202, nil)
		s.newMember(t) // whose mail was queued last
		if got := s.sink.Mails(admin.User.Email); len(got) > 0 {
			t.Errorf("an admin got a mail to an address that is not proved: %s", got[0].Text)
		}
	})
}

// TestVerifiedRegistrationTellsTheOwnerAlone has an owner and a stranger register one address.
func TestVerifiedRegistrationTellsTheOwnerAlone(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(testing.TB, map[string]string) *setup{"embedded": newSetup, "postgres": newPair} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, map[string]string{"REGISTRATION": "verified", "REGISTRATION_DOMAINS": "example.com"})
			events, admin := subscribe(t, s.one.NATS()), s.one.NewAdmin(t, s.env)
			name := client.Name()
			email := name + "@example.com"
			register := func(email, password string) request {
				return request{Method: "POST", Path: "/auth/register", Body: object("email", email, "username", client.Name(), "password", password)}
			}
			free := s.one.Must(t, register(email, client.Password), 202, nil)
			owner := s.tokenOf(t, s.mails(t, email, 1)[0], verifyPage)
			s.two.Must(t, register(strings.ToUpper(email), client.Another), 202, nil)
			stranger := s.tokenOf(t, s.mails(t, email, 2)[1], verifyPage)
			s.one.Refuses(t, client.Login(email, client.Password), 401, "invalid_credentials")
			s.two.Refuses(t, verify(owner), 401, "login_required")
			s.two.Refuses(t, verifyBy(owner, client.Another), 401, "login_required")
			s.two.Must(t, verifyBy(owner, client.Password), 204, nil)
			s.one.Refuses(t, verifyBy(stranger, client.Another), 400, "invalid_token")
			s.one.Refuses(t, client.Login(email, client.Another), 401, "invalid_credentials")
			a := s.one.LogIn(t, email, client.Password)
			if !a.User.EmailVerified {
				t.Error("the e-mail is not verified")
			}
			if got := events.waitFor(t, a.User.ID, 1); got[0].body.Action != "created" {
				t.Errorf("the event is %s", got[0].raw)
			}

			before := s.one.Metric(t, "password_pool_wait_seconds_count")
			taken := s.one.Must(t, register(email, client.Another), 202, nil)
			if s.one.Metric(t, "password_pool_wait_seconds_count") == before {
				t.Error("a taken address costs no hash, as a free one does")
			}
			alike(t, "a taken address", taken, free)
			var u user
			if s.two.Must(t, changeEmail(admin, email), 200, &u); u.Email != admin.User.Email || u.PendingEmail == nil || *u.PendingEmail != email {
				t.Errorf("a change to a taken address makes %+v", u)
			}
			for _, notice := range s.mails(t, email, 4)[2:] {
				if strings.Contains(notice.Text, "token=") || !strings.Contains(notice.Subject, "have an account") {
					t.Errorf("the owner of a taken address gets %s", notice.Text)
				}
			}

			elsewhere := fakeidp.Answer{Subject: client.Name(), Email: client.Name() + "@elsewhere.example", Verified: true}
			s.one.Refuses(t, register(elsewhere.Email, client.Password), 403, "email_domain_not_allowed")
			s.two.Refuses(t, changeEmail(a, elsewhere.Email), 403, "email_domain_not_allowed")
			s.ends(t, "an address of another domain", fakeidp.Google, elsewhere, "email_domain_not_allowed")
			s.two.Must(t, request{Method: "POST", Path: "/users", Token: admin.Token, Body: object("email", elsewhere.Email, "username", client.Name())}, 201, nil)
		})
	}
}

func TestClosedRegistration(t *testing.T) {
	t.Parallel()
	s := newSetup(t, map[string]string{"REGISTRATION": "closed"})
	s.one.Refuses(t, client.Registration(client.Name()), 403, "registration_closed")
	s.ends(t, "a new person", fakeidp.Google, person(), "registration_closed")
	if got := decoded(t, s.one.Must(t, request{Method: "GET", Path: "/auth/settings"}, 200, nil)); got["registration"] != "closed" || got["refreshCookie"] != "ask" {
		t.Errorf("the settings are %v", got)
	}
	name := client.Name()
	s.one.Must(t, request{Method: "POST", Path: "/users", Token: s.one.NewAdmin(t, s.env).Token, Body: object("email", name+"@example.com", "username", name, "password", client.Password)}, 201, nil)
	s.one.LogIn(t, name, client.Password)
}
