package serviceimpl_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// Whoever resets the password of an account whose address nobody had proved may not be who made
// it: what was linked before leads in no more. Once the address is proved, identities stay.
func TestAResetOfAnUnprovedAccountUnlinks(t *testing.T) {
	for name, tt := range map[string]struct {
		verified bool
		want     []string
	}{
		"not verified": {false, nil},
		"verified":     {true, []string{"line U1"}},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(t *testing.T, o *office) {
				ada := o.signUp(t, "ada")
				pass(time.Minute)
				if tt.verified {
					want(t, "VerifyEmail()", o.verify(t, o.lastToken(t, models.MailVerify, ada.Email)), nil)
				}
				err := o.store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					return r.Identities.Create(ctx, models.OAuthProvider{
						ID: newID(), UserID: ada.ID, Provider: "line", ProviderID: "U1", CreatedAt: now(), UpdatedAt: now(),
					})
				})
				if err != nil {
					t.Fatal(err)
				}
				o.forgot(t, ada.Email)
				pass(time.Minute)
				want(t, "ResetPassword()", o.reset(t, o.lastToken(t, models.MailReset, ada.Email), "another good secret"), nil)

				names := o.store.IdentitiesOf(t, ada.ID)
				if !slices.Equal(names, tt.want) {
					t.Errorf("identities %v, want %v", names, tt.want)
				}
				var actions []string
				for _, e := range o.store.AuditOf(t, ada.ID) {
					actions = append(actions, string(e.Action))
				}
				for _, action := range []models.AuditAction{models.AuditResetRequested, models.AuditPasswordReset} {
					if n := len(slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return a != string(action) })); n != 1 {
						t.Errorf("%s is written down %d times in %v", action, n, actions)
					}
				}
			})
		})
	}
}

// Nobody can have somebody else's mailbox filled: whatever causes a mail counts, and what
// nobody asked for by itself goes on without one. Who has proved an address hears in any case
// that it is not the account's any more.
func TestMailsToOneAddressAreLimited(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.limiter.allow = func(l services.Limit) int { return l.Burst }
		ada := o.signUp(t, "ada") // the first
		for range 5 {             // for the last there is no room, which nobody is told
			o.forgot(t, ada.Email)
		}
		err := o.recovery.ForgotPassword(t.Context(), dto.ForgotPasswordRequest{Email: "ADA@example.com"})
		want(t, "the sixth", err, domain.ErrRateLimited)
		pass(time.Minute)
		if n := len(o.postman.got(ada.Email)); n != 5 {
			t.Errorf("%d mails, want 5", n)
		}

		mallory := o.principalOf(t, o.signUp(t, "mallory"))
		for _, address := range []string{ada.Email + ".example", "mallory@example.com"} {
			for range 6 {
				mallory = o.moves(t, mallory, address)
				mallory = o.moves(t, mallory, "elsewhere@example.com")
			}
		}
		pass(time.Hour)
		for _, address := range []string{ada.Email + ".example", "mallory@example.com", "elsewhere@example.com"} {
			if n := len(o.postman.got(address)); n > 5 { // some were pointless by the time they were to be sent
				t.Errorf("%d mails to %s, want 5 at most", n, address)
			}
		}

		o.store.Change(t, ada.ID, func(u *models.User) { u.EmailVerified = true })
		o.moves(t, o.principalOf(t, ada), "thief@example.com")
		pass(time.Minute)
		if got := o.postman.got(ada.Email); len(got) != 6 || got[5].Subject != string(models.MailEmailChangeStarted) {
			t.Errorf("%d mails, want the notice, too", len(got))
		}
	})
}

// principalOf returns the user as the newest session sees it.
func (o *office) principalOf(t *testing.T, u models.User) models.Principal {
	t.Helper()
	sessions := o.store.SessionsOf(t, u.ID)
	p, err := o.store.Sessions.WithUser(t.Context(), sessions[len(sessions)-1].ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// moves changes the address of a user.
func (o *office) moves(t *testing.T, p models.Principal, address string) models.Principal {
	t.Helper()
	_, err := o.accounts.Update(t.Context(), p, dto.UpdateUserRequest{Email: dto.Some(address), CurrentPassword: dto.Some(password)})
	if err != nil {
		t.Fatal(err)
	}
	return o.principalOf(t, p.User)
}

// Asking for somebody's address in vain, by a change or with a ticket, leaves its owner the
// mails that recover the account.
func TestATakenAddressCostsItsOwnerNoMail(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.limiter.allow = func(l services.Limit) int { return l.Burst }
		ada := o.signUp(t, "ada")
		mallory := o.principalOf(t, o.signUp(t, "mallory"))
		for range 10 {
			_, err := o.accounts.Update(t.Context(), mallory, dto.UpdateUserRequest{Email: dto.Some("ADA@example.com"), CurrentPassword: dto.Some(password)})
			want(t, "Update()", err, domain.ErrEmailTaken)
		}
		pass(time.Minute)
		o.forgot(t, ada.Email)
		pass(time.Minute)
		want(t, "ResetPassword()", o.reset(t, o.lastToken(t, models.MailReset, ada.Email), "another good secret"), nil)
	})
}

func TestATicketForATakenAddressCostsItsOwnerNoMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	_, err := w.logIn(t, person{provider: "line", subject: "U1"})
	ticket := ticketOf(t, err)
	for range 10 {
		_, err := w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "Ada@example.com"}, models.Client{})
		want(t, "Complete()", err, domain.ErrEmailTaken)
	}
	if n := w.limiter.taken["mail ada@example.com"]; n != 1 { // the one of her registration
		t.Errorf("%d mails to Ada are counted", n)
	}
}
