package contract

import (
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

func TestOAuthTickets(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, provider := range fakeidp.Names {
			a, taken := person(), s.one.Register(t)
			ticket := s.ticket(t, provider, a)
			for why, test := range map[string]struct {
				email, username string
				status          int
				code            string
			}{
				"a bad e-mail":                  {"nonsense", "", 422, "validation_failed email format"},
				"no e-mail":                     {"", "", 422, "validation_failed email required"},
				"an e-mail too long":            {strings.Repeat("a", 250) + "@example.com", "", 422, "validation_failed"},
				"an e-mail beyond ASCII":        {"ada@bücher.example", "", 422, "validation_failed email format"},
				"a bad username":                {person().Email, "-", 422, "validation_failed username too_short"},
				"a taken e-mail, in capitals":   {strings.ToUpper(taken.User.Email), "", 409, "email_taken"},
				"a taken username, in capitals": {person().Email, strings.ToUpper(taken.User.Username), 409, "username_taken"},
			} {
				more := []string{}
				if test.username != "" {
					more = []string{"username", test.username}
				}
				got, _ := s.complete(t, ticket, test.email, more...)
				if got.Status != test.status || got.Code() != test.code && got.Problem.Code != test.code {
					t.Errorf("%s, %s: %d %s, want %d %s", provider, why, got.Status, got.Body, test.status, test.code)
				}
			}
			username := "X" + client.Name()
			got, in := s.complete(t, ticket, strings.ToUpper(username)+"@Example.com", "username", username, "role", "admin", "password", client.Password, "id", "1")
			u := in.User
			if got.Status != 201 || !in.IsNewUser || u.EmailVerified || u.Role != "user" || u.Username != username || u.Email != strings.ToLower(username)+"@example.com" ||
				!u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != provider {
				t.Fatalf("%s: %d %s", provider, got.Status, got.Body)
			}
			s.linked(t, provider, in.Token, provider, a.Subject)
			s.one.Refuses(t, client.Login(u.Email, client.Password), 401, "invalid_credentials")
			for _, again := range []string{u.Email, person().Email, taken.User.Email} {
				if got, _ := s.complete(t, ticket, again); got.Status != 400 || got.Code() != "invalid_ticket" {
					t.Errorf("%s: the ticket again: %d %s, want 400 invalid_ticket", provider, got.Status, got.Body)
				}
			}
			a.Email = ""
			if again := s.browser().LogIn(t, provider, a); again.User.ID != u.ID || again.IsNewUser {
				t.Errorf("%s: the next log-in is of %+v", provider, again)
			}
			s.told(t, u.ID, "created")
		}
	})
}

// TestOAuthTicketsAtOnce uses one ticket, and then several of one person, at once.
func TestOAuthTicketsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		for _, several := range []bool{false, true} {
			a := person()
			tickets := make([]string, 10)
			for i := range tickets {
				if tickets[i] = tickets[0]; i == 0 || several {
					tickets[i] = s.ticket(t, fakeidp.LINE, a)
				}
			}
			var mu sync.Mutex
			var made []auth
			client.AtOnce(len(tickets), func(i int) {
				got, in := s.complete(t, tickets[i], person().Email)
				mu.Lock()
				defer mu.Unlock()
				if got.Status == 201 {
					made = append(made, in)
				} else if got.Code() != "invalid_ticket" {
					t.Errorf("complete = %d %s, want invalid_ticket", got.Status, got.Body)
				}
			})
			if len(made) != 1 {
				t.Fatalf("%d users were made at once (several tickets: %v), want one", len(made), several)
			}
			s.told(t, made[0].User.ID, "created")
		}
	})
}

// TestOAuthTicketsAreNoCodes uses one-time values for what they are not.
func TestOAuthTicketsAreNoCodes(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	ticket, b := s.ticket(t, fakeidp.Facebook, person()), s.browser()
	code, verifier := b.Consent(t, fakeidp.Facebook, person())
	f := b.Begin(t, fakeidp.Facebook, true)
	for _, value := range []string{ticket, f.IDPState(t)} {
		s.one.Refuses(t, client.Exchanging(value, f.Verifier), 400, "invalid_code")
	}
	for _, value := range []string{code, f.IDPState(t)} {
		if got, _ := s.complete(t, value, person().Email); got.Status != 400 || got.Code() != "invalid_ticket" {
			t.Errorf("%s as a ticket: %d %s, want 400 invalid_ticket", value, got.Status, got.Body)
		}
	}
	if got, _ := s.one.Exchange(t, code, verifier); got.Status != 200 {
		t.Errorf("the code, after that: %d %s, want 200", got.Status, got.Body)
	}
	if got, _ := s.complete(t, ticket, person().Email); got.Status != 201 {
		t.Errorf("the ticket, after that: %d %s, want 201", got.Status, got.Body)
	}
}

// TestOAuthTicketsOfVerifiedRegistration has the mailbox and the ticket make the user together.
func TestOAuthTicketsOfVerifiedRegistration(t *testing.T) {
	t.Parallel()
	onOwn(t, func(*testing.T) map[string]string { return map[string]string{"REGISTRATION": "verified"} }, func(t *testing.T, s *setup) {
		a, taken, email := person(), s.one.NewAdmin(t, s.env), person().Email
		ticket := s.ticket(t, fakeidp.LINE, a)
		if got, _ := s.complete(t, ticket, email); got.Status != 202 || len(got.Body) > 0 {
			t.Fatalf("complete = %d %s, want 202", got.Status, got.Body)
		}
		if got, _ := s.complete(t, s.ticket(t, fakeidp.LINE, person()), taken.User.Email); got.Status != 202 {
			t.Errorf("of a taken e-mail complete = %d %s, want 202", got.Status, got.Body)
		}
		if users := s.users(t, email); len(users) > 0 {
			t.Errorf("before the proof there is the user %+v", users)
		}
		token := s.tokenOf(t, s.mails(t, email, 1)[0], verifyPage)
		for _, r := range []request{verify(token), verifyBy(token, client.Password)} {
			s.one.Refuses(t, r, 401, "login_required")
		}
		click := request{Method: "POST", Path: "/auth/email/verify", Body: object("token", token, "ticket", s.ticket(t, fakeidp.LINE, person()))}
		s.one.Refuses(t, click, 401, "login_required") // another person's ticket
		click.Body = object("token", token, "ticket", ticket)
		s.one.Must(t, click, 204, nil)
		if in := s.browser().LogIn(t, fakeidp.LINE, a); in.IsNewUser || in.User.Email != email || !in.User.EmailVerified {
			t.Errorf("the user is %+v", in)
		}
		if got, _ := s.complete(t, ticket, person().Email); got.Code() != "invalid_ticket" {
			t.Errorf("the ticket again = %d %s, want invalid_ticket", got.Status, got.Body)
		}
	})
}
