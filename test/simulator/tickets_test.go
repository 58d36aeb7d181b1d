package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// ticket goes through a log-in of somebody without an e-mail.
func (w *world) ticket(t *testing.T, provider string, a fakeidp.Answer) string {
	t.Helper()
	a.Email = ""
	got, _, p := w.newBrowser().outcome(t, provider, a)
	if got != "email_required" || len(p.Ticket) < 43 {
		t.Fatalf("%s without an e-mail: %q with the ticket %q", provider, got, p.Ticket)
	}
	return p.Ticket
}

// complete uses a ticket.
func (w *world) complete(t *testing.T, ticket, email, more string) (int, account, problem) {
	t.Helper()
	w.Secret("e-mail", email)
	var a account
	status, p := w.call(t, http.MethodPost, "/auth/oauth/complete", "", fmt.Sprintf(`{"ticket":%q,"email":%q%s}`, ticket, email, more), &a)
	w.Secret("access token", a.Token)
	return status, a, p
}

// TestTickets completes e-mails that providers did not say.
func TestTickets(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, provider := range fakeidp.Names {
			person := w.someone()
			ticket := w.ticket(t, provider, person)
			taken := w.register(t, w.email("taken"))
			for why, test := range map[string]struct {
				email, more string
				status      int
				code        string
			}{
				"a bad e-mail":            {"nonsense", "", 422, "validation_failed"},
				"no e-mail":               {"", "", 422, "validation_failed"},
				"an e-mail too long":      {strings.Repeat("a", 250) + "@example.com", "", 422, "validation_failed"},
				"a bad username":          {w.email("completed"), `,"username":"-"`, 422, "validation_failed"},
				"an empty username":       {w.email("completed"), `,"username":""`, 422, "validation_failed"},
				"somebody's e-mail":       {taken.User.Email, "", 409, "email_taken"},
				"somebody's, in capitals": {strings.ToUpper(taken.User.Email), "", 409, "email_taken"},
				"somebody's username":     {w.email("completed"), fmt.Sprintf(`,"username":%q`, strings.ToUpper(taken.User.Username)), 409, "username_taken"},
			} {
				if status, _, p := w.complete(t, ticket, test.email, test.more); status != test.status || p.Code != test.code {
					t.Errorf("%s, %s: %d %q, want %d %q", provider, why, status, p.Code, test.status, test.code)
				}
			}
			email, username := w.email("Completed"), w.name("Chosen")
			status, got, p := w.complete(t, ticket, email, fmt.Sprintf(`,"username":%q,"role":"admin","emailVerified":true,"password":%q,"id":"1"`, username, password))
			u := got.User
			if status != http.StatusCreated || !got.IsNewUser || u.EmailVerified || u.Role != "user" || u.Username != username || u.Email != strings.ToLower(email) ||
				!u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != provider {
				t.Errorf("%s: %d %q %+v", provider, status, p.Code, got)
			}
			if ids := w.identities(t, got.Token); len(ids) != 1 || ids[provider] != person.Subject {
				t.Errorf("%s: the identities are %v", provider, ids)
			}
			w.refused(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), http.StatusUnauthorized, "invalid_credentials")
			for _, again := range []string{email, w.email("another"), taken.User.Email} {
				if status, _, p := w.complete(t, ticket, again, ""); status != http.StatusBadRequest || p.Code != "invalid_ticket" {
					t.Errorf("%s: the ticket again: %d %q, want 400 invalid_ticket", provider, status, p.Code)
				}
			}
			person.Email = ""
			if again := w.newBrowser().logIn(t, provider, person); again.User.ID != u.ID || again.IsNewUser {
				t.Errorf("%s: the next log-in is of %+v", provider, again)
			}
			w.told(t, u.ID, "created")
		}
	})
}

// TestTicketsAtOnce uses one ticket, and then several of one person, 30 times at once.
func TestTicketsAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for name, tickets := range map[string]func(a fakeidp.Answer) []string{
			"one ticket": func(a fakeidp.Answer) []string {
				ticket := w.ticket(t, fakeidp.LINE, a)
				all := make([]string, 30)
				for i := range all {
					all[i] = ticket
				}
				return all
			},
			"tickets of one person": func(a fakeidp.Answer) []string {
				all := make([]string, 10)
				for i := range all {
					all[i] = w.ticket(t, fakeidp.LINE, a)
				}
				return all
			},
		} {
			person := w.someone()
			all := tickets(person)
			var mu sync.Mutex
			var made []account
			atOnce(len(all), func(i int) {
				status, a, p := w.complete(t, all[i], w.email("ticket"), "")
				mu.Lock()
				defer mu.Unlock()
				if status == http.StatusCreated {
					made = append(made, a)
				} else if p.Code != "invalid_ticket" {
					t.Errorf("%s: complete = %d %q, want invalid_ticket", name, status, p.Code)
				}
			})
			if len(made) != 1 {
				t.Fatalf("%s: %d users were made at once, want one", name, len(made))
			}
			w.told(t, made[0].User.ID, "created")
			w.must(t, http.MethodDelete, "/users/me", made[0].Token, "", http.StatusNoContent, nil)
		}
		if users := w.users(t, "ticket"); len(users) != 0 {
			t.Errorf("there are %d users more", len(users))
		}
	})
}

// TestTicketsAreNoCodes uses one-time values for what they are not.
func TestTicketsAreNoCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ticket := w.ticket(t, fakeidp.Facebook, w.someone())
	if status, _, p := w.exchange(t, ticket, ""); status != http.StatusBadRequest || p.Code != "invalid_code" {
		t.Errorf("a ticket as a code: %d %q, want 400 invalid_code", status, p.Code)
	}
	code, verifier := w.newBrowser().consent(t, fakeidp.Facebook, w.someone())
	if status, _, p := w.complete(t, code, w.email("code"), ""); status != http.StatusBadRequest || p.Code != "invalid_ticket" {
		t.Errorf("a code as a ticket: %d %q, want 400 invalid_ticket", status, p.Code)
	}
	if status, _, p := w.exchange(t, code, verifier); status != http.StatusOK {
		t.Errorf("the code, after that: %d %q, want 200", status, p.Code)
	}
	if status, _, p := w.complete(t, ticket, w.email("code"), ""); status != http.StatusCreated {
		t.Errorf("the ticket, after that: %d %q, want 201", status, p.Code)
	}
	f := w.newBrowser().begin(t, fakeidp.Facebook, true)
	for what, call := range map[string]func() (int, account, problem){
		"code":   func() (int, account, problem) { return w.exchange(t, stateOf(t, f), f.verifier) },
		"ticket": func() (int, account, problem) { return w.complete(t, stateOf(t, f), w.email("state"), "") },
	} {
		if status, _, p := call(); status != http.StatusBadRequest {
			t.Errorf("a state as a %s: %d %q, want 400", what, status, p.Code)
		}
	}
}

// TestASCII gives the service e-mails whose domains are not of ASCII, by every way in.
func TestASCII(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	member := w.newBrowser().logIn(t, fakeidp.LINE, w.someone())
	ticket := w.ticket(t, fakeidp.LINE, w.someone())
	for i, request := range []struct{ method, path, token, body string }{
		{http.MethodPost, "/auth/register", "", `{"email":%q,"username":"umlaut","password":"` + password + `"}`},
		{http.MethodPost, "/auth/oauth/complete", "", `{"email":%q,"ticket":"` + ticket + `"}`},
		{http.MethodPatch, "/users/me", member.Token, `{"email":%q}`},
		{http.MethodPost, "/users", w.admin.Token, `{"email":%q,"username":"umlaut2"}`},
		{http.MethodPatch, "/users/" + member.User.ID, w.admin.Token, `{"email":%q}`},
	} {
		body := fmt.Sprintf(request.body, fmt.Sprintf("ada%d@bücher.example", i))
		w.refused(t, request.method, request.path, request.token, body, http.StatusUnprocessableEntity, "validation_failed")
	}
}
