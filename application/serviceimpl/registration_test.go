package serviceimpl_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// inOfficeFor is inOffice under a policy.
func inOfficeFor(t *testing.T, policy models.RegistrationPolicy, test func(t *testing.T, o *office)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, newWorldFor(t, policy))
		test(t, o)
		o.stop()
	})
}

var verified = models.RegistrationPolicy{Mode: models.RegistrationVerified}

// apply registers and returns whether that is pending.
func (o *office) apply(t *testing.T, username, email, password string) (bool, error) {
	t.Helper()
	grant, err := o.accounts.Register(t.Context(), dto.RegisterRequest{Email: email, Username: username, Password: password}, models.Client{})
	return grant.Pending && grant.AccessToken == "", err
}

// own stores a user as it is in the database, whatever the policy.
func (o *office) own(t *testing.T, name string) models.User {
	t.Helper()
	u, err := o.admin.Create(t.Context(), dto.CreateUserRequest{Email: name + "@example.com", Username: name, Password: new(password)})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheFirstProvedRegistrationBecomesTheUser(t *testing.T) {
	inOfficeFor(t, verified, func(t *testing.T, o *office) {
		var tokens []string
		for i := range 3 { // a stranger's two, and the owner's
			if pending, err := o.apply(t, fmt.Sprintf("ada%d", i), "Ada@example.com", fmt.Sprint(password, i)); !pending || err != nil {
				t.Fatalf("Register() = %t, %v", pending, err)
			}
			pass(time.Minute)
			tokens = append(tokens, o.lastToken(t, models.MailVerifyRegistration, "ada@example.com"))
		}
		if n := o.store.Count(t, "users"); n != 0 {
			t.Errorf("%d users before the proof", n)
		}
		want(t, "a log-in", o.login(t, password+"0"), domain.ErrCredentials)
		want(t, "a click", o.click(t, dto.VerifyEmailRequest{Token: tokens[2]}, nil), domain.ErrLoginRequired)
		want(t, "a stranger's password", o.click(t, dto.VerifyEmailRequest{Token: tokens[2], Password: password + "1"}, nil), domain.ErrLoginRequired)
		o.own(t, "ada2")
		in := dto.VerifyEmailRequest{Token: tokens[2], Password: password + "2"}
		want(t, "a name taken since", o.click(t, in, nil), domain.ErrUsernameTaken)
		in.Username = new("support")
		want(t, "a reserved name", o.click(t, in, nil), domain.ErrValidation)
		in.Username = new("countess")
		want(t, "another name", o.click(t, in, nil), nil)
		want(t, "another registration", o.click(t, dto.VerifyEmailRequest{Token: tokens[0], Password: password + "0"}, nil), domain.ErrInvalidToken)
		ada, err := o.store.Users.ByEmail(t.Context(), "ada@example.com")
		if err != nil || ada.Username != "countess" || !ada.EmailVerified || len(o.store.SessionsOf(t, ada.ID)) > 0 || len(o.store.EventsOf(t, ada.ID)) != 1 {
			t.Errorf("the user is %+v, %v", ada, err)
		}
	})
}

func TestATakenAddressIsToldToItsOwnerAlone(t *testing.T) {
	inOfficeFor(t, verified, func(t *testing.T, o *office) {
		owner := o.own(t, "ada")
		other := o.own(t, "eve")
		if _, err := o.accounts.Login(t.Context(), dto.LoginRequest{Username: "eve", Password: password}, models.Client{}); err != nil {
			t.Fatal(err)
		}
		if pending, err := o.apply(t, "newcomer", owner.Email, password); !pending || err != nil {
			t.Errorf("Register() = %t, %v", pending, err)
		}
		eve := o.moves(t, o.principalOf(t, other), owner.Email)
		if eve.User.Pending(o.clock.Now()) != owner.Email {
			t.Error("the taken address does not wait")
		}
		pass(time.Minute)
		o.wantMails(t, owner.Email, models.MailEmailTaken, models.MailEmailTaken)
		pass(24 * time.Hour)
		if eve := o.store.User(t, other.ID); eve.Pending(o.clock.Now()) != "" {
			t.Error("it waits for more than a day")
		}
	})
}

func TestARegistrationExpires(t *testing.T) {
	inOfficeFor(t, verified, func(t *testing.T, o *office) {
		_, _ = o.apply(t, "ada", "ada@example.com", password)
		pass(24*time.Hour + time.Minute)
		want(t, "a late proof", o.click(t, dto.VerifyEmailRequest{Token: o.lastToken(t, models.MailVerifyRegistration, "ada@example.com"), Password: password}, nil), domain.ErrInvalidToken)
	})
}

func TestClosedRegistrationAndDomains(t *testing.T) {
	closed := models.RegistrationPolicy{Mode: models.RegistrationClosed, Domains: []string{"example.com"}}
	inOfficeFor(t, closed, func(t *testing.T, o *office) {
		_, err := o.apply(t, "ada", "ada@example.com", password)
		want(t, "Register()", err, domain.ErrRegistrationClosed)
		eve := o.own(t, "eve")
		if _, err := o.accounts.Login(t.Context(), dto.LoginRequest{Username: "eve", Password: password}, models.Client{}); err != nil {
			t.Fatal(err)
		}
		for address, err := range map[string]error{"eve@example.org": domain.ErrDomainNotAllowed, "eve@sub.example.com": domain.ErrDomainNotAllowed, "other@Example.com": nil} {
			_, got := o.accounts.Update(t.Context(), o.principalOf(t, eve), dto.UpdateUserRequest{Email: dto.Some(address), CurrentPassword: dto.Some(password)})
			want(t, "Update() to "+address, got, err)
		}
	})
}

func TestATicketCompletesAProvedRegistration(t *testing.T) {
	inOfficeFor(t, verified, func(t *testing.T, o *office) {
		_, err := o.logIn(t, person{provider: "line", subject: "U1"})
		ticket := ticketOf(t, err)
		grant, err := o.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "Lin@example.com"}, models.Client{})
		if err != nil || !grant.Pending {
			t.Fatalf("Complete() = %t, %v", grant.Pending, err)
		}
		pass(23 * time.Hour)
		in := dto.VerifyEmailRequest{Token: o.lastToken(t, models.MailVerifyRegistration, "lin@example.com")}
		want(t, "a click", o.click(t, in, nil), domain.ErrLoginRequired)
		in.Ticket = ticket
		want(t, "with the ticket", o.click(t, in, nil), nil)
		lin := o.mustLogIn(t, person{provider: "line", subject: "U1"})
		if lin.User.Email != "lin@example.com" || !lin.User.EmailVerified || !lin.User.IsOAuthUser {
			t.Errorf("the user is %+v", lin.User)
		}
	})
}
