package serviceimpl_test

import (
	"slices"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/contextutil"
)

// kindsTo returns the kinds of the mails to an address, in order.
func (o *office) kindsTo(address string) (kinds []string) {
	for _, m := range o.postman.got(address) {
		kinds = append(kinds, m.Subject)
	}
	return kinds
}

func (o *office) wantMails(t *testing.T, address string, kinds ...models.MailKind) {
	t.Helper()
	want := make([]string, len(kinds))
	for i, k := range kinds {
		want[i] = string(k)
	}
	if got := o.kindsTo(address); !slices.Equal(got, want) {
		t.Errorf("mails to %s: %v, want %v", address, got, want)
	}
}

// click is what a person or a scanner does who has the mail alone, or with a proof.
func (o *office) click(t *testing.T, in dto.VerifyEmailRequest, p *models.Principal) error {
	t.Helper()
	return o.recovery.VerifyEmail(t.Context(), in, p, models.Client{})
}

func TestClickAloneVerifiesNothing(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		squatter := o.principalOf(t, o.signUp(t, "victim"))
		victim := o.principalOf(t, o.signUp(t, "other"))
		pass(time.Minute)
		token := o.lastToken(t, models.MailVerify, "victim@example.com")
		for name, try := range map[string]error{
			"without a proof":         o.click(t, dto.VerifyEmailRequest{Token: token}, nil),
			"with another's session":  o.click(t, dto.VerifyEmailRequest{Token: token}, &victim),
			"with a wrong password":   o.click(t, dto.VerifyEmailRequest{Token: token, Password: "another guess"}, nil),
			"with a ticket of no use": o.click(t, dto.VerifyEmailRequest{Token: token, Ticket: "ticket"}, nil),
		} {
			want(t, name, try, domain.ErrLoginRequired)
		}
		if o.store.User(t, squatter.User.ID).EmailVerified {
			t.Error("the address of a squatted account is verified")
		}
		failed := 0
		for _, e := range o.store.AuditOf(t, squatter.User.ID) {
			if e.Action == models.AuditLogInFailed && e.Detail["reason"] == "login_required" {
				failed++
			}
		}
		if failed != 4 {
			t.Errorf("%d failed log-ins are recorded, want 4", failed)
		}
		want(t, "with a session", o.click(t, dto.VerifyEmailRequest{Token: token}, &squatter), nil)
		want(t, "again", o.click(t, dto.VerifyEmailRequest{Token: token, Password: password}, nil), domain.ErrInvalidToken)
	})
}

func TestVerificationGuessesAreLimitedAsLogIns(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.limiter.allow = func(l services.Limit) int {
			if l.Name == "mail" {
				return 100
			}
			return 10
		}
		o.signUp(t, "ada")
		pass(time.Minute)
		token := o.lastToken(t, models.MailVerify, "ada@example.com")
		from := models.Client{IP: "192.0.2.1"}
		for range 10 {
			want(t, "a guess", o.recovery.VerifyEmail(t.Context(), dto.VerifyEmailRequest{Token: token, Password: "a guess"}, nil, from), domain.ErrLoginRequired)
		}
		want(t, "one more", o.recovery.VerifyEmail(t.Context(), dto.VerifyEmailRequest{Token: token, Password: password}, nil, from), domain.ErrRateLimited)
		_, err := o.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, from)
		want(t, "a log-in", err, domain.ErrRateLimited)
	})
}

func TestResetLeavesNothingToASquatter(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		squatter := o.principalOf(t, o.signUp(t, "victim"))
		o.link(t, squatter, person{provider: "facebook", subject: "F1"})
		o.moves(t, squatter, "stranger@example.com")
		o.forgot(t, "victim@example.com")
		pass(time.Minute)
		want(t, "ResetPassword()", o.reset(t, o.lastToken(t, models.MailReset, "victim@example.com"), "another good secret"), nil)
		u := o.store.User(t, squatter.User.ID)
		if u.PendingEmail != nil || !u.EmailVerified || len(o.store.IdentitiesOf(t, u.ID)) > 0 || o.isLive(t, squatter) {
			t.Errorf("left to the squatter: %+v, %v", u.PendingEmail, o.store.IdentitiesOf(t, u.ID))
		}
		pending := o.lastToken(t, models.MailVerifyPending, "stranger@example.com")
		want(t, "the stranger's link", o.click(t, dto.VerifyEmailRequest{Token: pending, Password: password}, nil), domain.ErrInvalidToken)
	})
}

func TestAMistypedAddressGivesNoAdminAway(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		admin := o.principalOf(t, o.signUp(t, "chief"))
		o.store.Change(t, admin.User.ID, func(u *models.User) { u.Role, u.EmailVerified = models.RoleAdmin, true })
		admin = o.moves(t, o.principalOf(t, admin.User), "mistyped@example.com")
		o.forgot(t, "mistyped@example.com")
		pass(time.Minute)
		o.wantMails(t, "mistyped@example.com", models.MailVerifyPending)
		o.wantMails(t, "chief@example.com", models.MailEmailChangeStarted) // by the time it was sent the address was proved
		token := o.lastToken(t, models.MailVerifyPending, "mistyped@example.com")
		want(t, "a click", o.click(t, dto.VerifyEmailRequest{Token: token}, nil), domain.ErrLoginRequired)
		google := o.mustLogIn(t, person{provider: "google", subject: "G1", email: "mistyped@example.com", verified: true})
		if google.User.ID == admin.User.ID {
			t.Error("the owner of the mistyped address is admin")
		}
		want(t, "the admin's click", o.click(t, dto.VerifyEmailRequest{Token: token}, &admin), domain.ErrEmailTaken)
		if u := o.store.User(t, admin.User.ID); u.Email != "chief@example.com" || !u.EmailVerified {
			t.Errorf("the admin has the address %s", u.Email)
		}
	})
}

func TestNoResetToAnUnprovedAddressOfAnAdminOrWithoutAPassword(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		root, lin := o.signUp(t, "chief"), o.signUp(t, "lin")
		o.store.Change(t, root.ID, func(u *models.User) { u.Role = models.RoleAdmin })
		o.store.Change(t, lin.ID, func(u *models.User) { u.PasswordHash, u.OAuthProvider = "", new("line") })
		pass(time.Minute)
		o.forgot(t, "chief@example.com")
		o.forgot(t, "lin@example.com")
		pass(time.Minute)
		o.wantMails(t, "chief@example.com", models.MailVerify)
		o.wantMails(t, "lin@example.com", models.MailVerify, models.MailUseProvider)
		if n := o.store.Count(t, "mail_tokens"); n != 2 {
			t.Errorf("%d tokens, want those of the verifications", n)
		}
	})
}

func TestPendingEmailReplacesTheAddressWhenProved(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		ada := o.principalOf(t, o.signUp(t, "ada"))
		pass(time.Minute)
		want(t, "verify", o.verify(t, o.lastToken(t, models.MailVerify, "ada@example.com")), nil)
		o.forgot(t, "ada@example.com")
		ada = o.moves(t, ada, "first@example.com")
		pass(time.Minute)
		reset, first := o.lastToken(t, models.MailReset, "ada@example.com"), o.lastToken(t, models.MailVerifyPending, "first@example.com")
		ada = o.moves(t, ada, "New@example.com")
		pass(time.Minute)
		if u := ada.User; u.Email != "ada@example.com" || u.Pending(o.clock.Now()) != "new@example.com" || len(o.store.EventsOf(t, u.ID)) != 1 {
			t.Errorf("before the proof: %+v, %d events", u, len(o.store.EventsOf(t, u.ID)))
		}
		want(t, "the address before", o.verify(t, first), domain.ErrInvalidToken)
		want(t, "the new one", o.verify(t, o.lastToken(t, models.MailVerifyPending, "new@example.com")), nil)
		pass(time.Minute)
		u, events := o.store.User(t, ada.User.ID), o.store.EventsOf(t, ada.User.ID)
		if u.Email != "new@example.com" || !u.EmailVerified || u.PendingEmail != nil || len(events) != 2 || events[1].Email != u.Email {
			t.Errorf("after the proof: %+v, %+v", u, events)
		}
		want(t, "a reset by the old address", o.reset(t, reset, "another good secret"), domain.ErrInvalidToken)
		o.wantMails(t, "ada@example.com", models.MailVerify, models.MailReset, models.MailEmailChangeStarted, models.MailEmailChangeStarted, models.MailEmailChanged)
		want(t, "Resend", o.recovery.ResendVerification(t.Context(), o.principalOf(t, u)), domain.ErrAlreadyVerified)

		o.moves(t, o.principalOf(t, u), "third@example.com")
		pass(time.Minute)
		third := o.lastToken(t, models.MailVerifyPending, "third@example.com")
		want(t, "Resend", o.recovery.ResendVerification(t.Context(), o.principalOf(t, u)), nil)
		if _, err := o.accounts.Update(t.Context(), o.principalOf(t, u), dto.UpdateUserRequest{Email: dto.Some("NEW@example.com")}); err != nil {
			t.Fatal(err)
		}
		if o.store.User(t, u.ID).PendingEmail != nil {
			t.Error("the present address does not end the wait")
		}
		want(t, "the dropped one", o.verify(t, third), domain.ErrInvalidToken)
	})
}

func TestNewDevicesAreTold(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		ada := o.signUp(t, "ada")
		o.store.Change(t, ada.ID, func(u *models.User) { u.EmailVerified = true })
		home := models.Client{IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
		newer := models.Client{IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"}
		phone := models.Client{IP: "2001:db8::1", UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1"}
		thai := contextutil.WithCaller(t.Context(), contextutil.Caller{Language: "th"})
		for _, from := range []models.Client{home, newer, phone} { // the phone's notice would be the second of the day
			if _, err := o.accounts.Login(thai, dto.LoginRequest{Username: "ada", Password: password}, from); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
		}
		o.wantMails(t, ada.Email, models.MailNewDevice)
		if got := o.postman.got(ada.Email); got[0].HTML != "th" || o.store.User(t, ada.ID).Language != "th" {
			t.Errorf("the notice is in %q", got[0].HTML)
		}
	})
}
