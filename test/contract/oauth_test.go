package contract

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// browser returns a new browser at the first instance.
func (s *setup) browser() *client.Browser { return client.NewBrowser(s.one.Client, s.idp, frontend) }

// person returns a person unknown to the service, whose e-mail Google has verified.
func person() fakeidp.Answer {
	name := client.Name()
	return fakeidp.Answer{Subject: "s-" + name, Email: name + "@example.com", Verified: true, Name: "Ada Lovelace"}
}

// ends checks how a log-in ends, see client.Browser.Finish. It returns the session, if there is one.
func (s *setup) ends(t testing.TB, why, provider string, a fakeidp.Answer, want string) auth {
	t.Helper()
	got, last, in := s.browser().Outcome(t, provider, a)
	if got != want {
		t.Errorf("%s: the log-in ends with %q %s, want %q", why, got, last.Body, want)
	}
	return in
}

// fails checks that the front end gets that error and nothing else.
func fails(t testing.TB, why string, q url.Values, want string) {
	t.Helper()
	if q.Get("error") != want || q.Has("code") || q.Has("linked") {
		t.Errorf("%s: the front end gets %v, want %s", why, q, want)
	}
}

// verified makes an account with a verified e-mail and client.Password, without an identity.
func (s *setup) verified(t testing.TB, email string) auth {
	t.Helper()
	a := person()
	a.Email = email
	in := s.browser().LogIn(t, fakeidp.Google, a)
	s.one.Must(t, request{Method: http.MethodPut, Path: "/users/me/password", Token: in.Token, Body: object("newPassword", client.Password)}, 200, &in)
	s.one.Must(t, client.Unlinking(fakeidp.Google, in.Token), 204, nil)
	return in.Seen()
}

// unverified makes an account with an unverified e-mail and client.Password.
func (s *setup) unverified(t testing.TB, email string) auth {
	t.Helper()
	var a auth
	r := client.Registration(client.Name())
	r.Body = object("email", email, "username", client.Name(), "password", client.Password, "displayName", "As registered")
	s.one.Must(t, r, 201, &a)
	return a.Seen()
}

// identities returns the subjects of the linked identities by provider.
func (s *setup) identities(t testing.TB, token string) map[string]string {
	t.Helper()
	var list []struct{ Provider, ProviderID string }
	s.one.Must(t, request{Method: http.MethodGet, Path: "/users/me/oauth-providers", Token: token}, 200, &list)
	out := map[string]string{}
	for _, i := range list {
		out[i.Provider] = i.ProviderID
	}
	if len(out) != len(list) {
		t.Errorf("a provider is linked twice: %v", list)
	}
	return out
}

// linked checks the identities of an account, which are given as provider and subject in turn.
func (s *setup) linked(t testing.TB, when, token string, pairs ...string) {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	if got := s.identities(t, token); !maps.Equal(got, want) {
		t.Errorf("%s: the identities are %v, want %v", when, got, want)
	}
}

// perSetup makes something at its first use with a setup.
func perSetup[T any](make func(t testing.TB, s *setup) T) func(t testing.TB, s *setup) T {
	var all sync.Map
	return func(t testing.TB, s *setup) T {
		t.Helper()
		once, _ := all.LoadOrStore(s, harness.Share(func(t testing.TB) T { return make(t, s) }))
		return once.(func(testing.TB) T)(t)
	}
}

// adminOf returns an admin of a setup.
var adminOf = perSetup(func(t testing.TB, s *setup) auth { return s.one.NewAdmin(t, s.env) })

// change changes an account as an admin.
func (s *setup) change(t testing.TB, id, body string) {
	t.Helper()
	s.one.Must(t, request{Method: http.MethodPatch, Path: "/users/" + id, Token: adminOf(t, s).Token, Body: body}, 200, nil)
}

// users returns the accounts whose e-mail or username begins like that.
func (s *setup) users(t testing.TB, prefix string) []client.User {
	t.Helper()
	var page struct{ Users []client.User }
	s.one.Must(t, request{Method: http.MethodGet, Path: "/users?limit=100&q=" + url.QueryEscape(prefix), Token: adminOf(t, s).Token}, 200, &page)
	return page.Users
}

// eventsOf returns the events of a setup from the first on.
var eventsOf = perSetup(func(t testing.TB, s *setup) *subscriber { return subscribe(t, s.one.NATS()) })

// told checks the actions of a user's events, once an event of a later account has come.
func (s *setup) told(t testing.TB, id string, want ...string) {
	t.Helper()
	events, fence := eventsOf(t, s), s.one.Register(t)
	harness.Eventually(t, "the events of the user", func() error {
		var got []string
		later := false
		for _, m := range events.all() {
			if later = later || m.body.ID == fence.User.ID; m.body.ID == id {
				got = append(got, m.body.Action)
			}
		}
		if !later || !slices.Equal(got, want) {
			return fmt.Errorf("the stream has %v, want %v", got, want)
		}
		return nil
	})
}

// age moves the sessions of a user into the past.
func (s *setup) age(t testing.TB, a auth, by time.Duration) {
	t.Helper()
	driver, dsn, statement := "pgx", s.dsn, "UPDATE sessions SET created_at = $1 WHERE user_id = $2"
	if dsn == "" {
		driver, dsn, statement = "sqlite", filepath.Join(s.env["DATA_DIR"], "auth.db")+"?_pragma=busy_timeout(10000)", strings.ReplaceAll(statement, "$", "?")
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement, time.Now().UTC().Add(-by), a.User.ID); err != nil {
		t.Fatal(err)
	}
}

// complete uses a ticket. More is added to the body.
func (s *setup) complete(t testing.TB, ticket, email string, more ...string) (answer, auth) {
	t.Helper()
	got := s.one.Send(t, request{Method: http.MethodPost, Path: "/auth/oauth/complete", Body: object(append([]string{"ticket", ticket, "email", email}, more...)...)})
	var a auth
	if got.Status == 201 {
		if err := got.Decode(201, &a); err != nil {
			t.Error(err)
		}
	}
	return got, a.Seen()
}

// ticket goes through a log-in without an e-mail.
func (s *setup) ticket(t testing.TB, provider string, a fakeidp.Answer) string {
	t.Helper()
	a.Email = ""
	got, last, _ := s.browser().Outcome(t, provider, a)
	if got != "email_required" || last.Status != 409 || len(last.Problem.Ticket) < 43 {
		t.Fatalf("%s without an e-mail: %q %d %s", provider, got, last.Status, last.Body)
	}
	return last.Problem.Ticket
}
