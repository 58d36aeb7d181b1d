package simulator_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// ends checks how a log-in ends.
func (w *world) ends(t *testing.T, why, provider string, a fakeidp.Answer, want string) account {
	t.Helper()
	got, who, _ := w.newBrowser().outcome(t, provider, a)
	if got != want {
		t.Errorf("%s: %q, want %q", why, got, want)
	}
	return who
}

// TestKnownIdentity logs in again, as what the provider says of the person changes.
func TestKnownIdentity(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, provider := range fakeidp.Names {
			person := w.someone()
			first := w.newBrowser().logIn(t, provider, person)
			u := first.User
			if !first.IsNewUser || !u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != provider || u.Email != person.Email ||
				u.DisplayName == nil || *u.DisplayName != person.Name || u.EmailVerified != (provider == fakeidp.Google) || u.Role != "user" || !u.IsActive {
				t.Errorf("%s: the new user is %+v", provider, first)
			}
			other := w.newBrowser().logIn(t, fakeidp.LINE, w.someone())
			for why, change := range map[string]func(a *fakeidp.Answer){
				"the same":            func(*fakeidp.Answer) {},
				"another e-mail":      func(a *fakeidp.Answer) { a.Email, a.Name = w.email("moved"), "Renamed" },
				"no e-mail":           func(a *fakeidp.Answer) { a.Email = "" },
				"unverified":          func(a *fakeidp.Answer) { a.Verified = false },
				"somebody's e-mail":   func(a *fakeidp.Answer) { a.Email = other.User.Email },
				"the e-mail of admin": func(a *fakeidp.Answer) { a.Email = "root@example.com" },
			} {
				again := person
				change(&again)
				got := w.newBrowser().logIn(t, provider, again)
				if got.IsNewUser || got.User.ID != u.ID || got.User.Email != u.Email || *got.User.DisplayName != person.Name || got.User.EmailVerified != u.EmailVerified {
					t.Errorf("%s, again with %s: %+v, want %+v", provider, why, got, u)
				}
			}
			// A subject is a provider's: the same at another one is somebody else.
			for _, elsewhere := range fakeidp.Names {
				if elsewhere != provider {
					twin := w.newBrowser().logIn(t, elsewhere, fakeidp.Answer{Subject: person.Subject, Email: w.email("twin")})
					if twin.User.ID == u.ID {
						t.Errorf("the subject of %s at %s is the same user", provider, elsewhere)
					}
					w.must(t, http.MethodDelete, "/users/me", twin.Token, "", http.StatusNoContent, nil)
				}
			}
			upper := person
			upper.Subject = strings.ToUpper(person.Subject)
			upper.Email = w.email("case")
			if got := w.newBrowser().logIn(t, provider, upper); got.User.ID == u.ID {
				t.Errorf("%s: subjects are compared without regard to case", provider)
			}
			w.told(t, u.ID, "created")
			w.must(t, http.MethodGet, "/users/me", first.Token, "", http.StatusOK, nil)
		}
	})
}

// TestEmails has new people whose providers say something of their e-mail.
func TestEmails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for says, want := range map[any]bool{true: true, false: false, nil: false, "false": false, 1: false, "TRUE": false, "yes": false, "": false} {
		person := w.someone()
		person.Verified = says
		got, who, _ := w.newBrowser().outcome(t, fakeidp.Google, person)
		if got != "ok" && got != "provider_error" || who.User.EmailVerified && !want {
			t.Errorf("email_verified %#v: %q %v, want %v", says, got, who.User.EmailVerified, want)
		}
	}
	for _, provider := range []string{fakeidp.LINE, fakeidp.Facebook} {
		person := w.someone()
		if got := w.newBrowser().logIn(t, provider, person); got.User.EmailVerified {
			t.Errorf("%s's word for an e-mail is believed", provider)
		}
	}
	for email, want := range map[string]string{
		"Ada.LOVELACE@Example.COM": "ada.lovelace@example.com",
	} {
		person := w.someone()
		person.Email = email
		if got := w.newBrowser().logIn(t, fakeidp.Google, person); got.User.Email != want {
			t.Errorf("the e-mail %s became %q, want %q", email, got.User.Email, want)
		}
	}
	for name, email := range map[string]string{
		"IDN":           "ada@bücher.example",
		"Thai":          "สมชาย@example.com",
		"full width":    "ａda@example.com",
		"Kelvin":        "\u212aelvin@example.com",
		"spaces":        "  ada spaced@example.com ",
		"no at":         "ada.example.com",
		"two addresses": "ada1@example.com,eve@example.com",
		"newline":       "ada2@example.com\r\nBcc: eve@example.com",
		"NUL":           "ada3\x00@example.com",
		"too long":      strings.Repeat("a", 300) + "@example.com",
		"named":         "Ada <ada4@example.com>",
	} {
		before := len(w.users(t, ""))
		person := w.someone()
		person.Email = email
		got, _, p := w.newBrowser().outcome(t, fakeidp.Google, person)
		if got != "email_required" && got != "provider_error" || got == "email_required" && p.Ticket == "" {
			t.Errorf("%s: %q, want it to be as without an e-mail", name, got)
		}
		if after := len(w.users(t, "")); after != before {
			t.Errorf("%s: %d users came to be", name, after-before)
		}
	}
}

var validUsername = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,48}[A-Za-z0-9]$`)

// TestUsernames makes users out of e-mails whose local parts are no usernames.
func TestUsernames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	suffix := regexp.MustCompile(`_[0-9a-f]{8}$`)
	seen := map[string]string{}
	for i, local := range []string{
		"a", "ab", "_", "-", "...", "a.", ".a", "-a-", "__a__", "a+tag", "o'neil", "!#$%&'*+/=?^_`{|}~-", "root", "ROOT", "admin", strings.Repeat("x", 64),
		strings.Repeat("-", 64), strings.Repeat("x.", 31) + "x", "1", "a..b", "me", "null", `"quoted local"`, "a_00000000",
	} {
		for _, domain := range []string{"one.example", "two.example"} {
			person := fakeidp.Answer{Subject: w.name("s"), Email: local + "@" + fmt.Sprintf("d%d.", i) + domain, Verified: true}
			got, who, p := w.newBrowser().outcome(t, fakeidp.Google, person)
			if got == "email_required" || got == "provider_error" { // not what we take for an e-mail
				if i < 18 && i != 4 && i != 5 && i != 6 {
					t.Errorf("%s: %q", person.Email, got)
				}
				continue
			}
			name := who.User.Username
			if got != "ok" || !validUsername.MatchString(name) || !suffix.MatchString(name) || seen[strings.ToLower(name)] != "" {
				t.Errorf("%s: %q %q, the username is %q", person.Email, got, p.Code, name)
			}
			seen[strings.ToLower(name)] = person.Email
		}
	}
}

// TestVerifiedEmails has a provider vouch for an e-mail that a user has proved, too.
func TestVerifiedEmails(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		email := w.email("member")
		member := w.verified(t, email)
		w.newBrowser().link(t, fakeidp.LINE, member.Token, w.someone())
		before := w.me(t, member.Token)
		if !before.EmailVerified {
			t.Fatal("the e-mail is not verified")
		}
		person := fakeidp.Answer{Subject: w.name("s"), Email: strings.ToUpper(email), Verified: true, Name: "Renamed", Picture: "https://pictures.example/1.png"}

		unproved := person
		unproved.Verified = false
		w.ends(t, "Google does not vouch", fakeidp.Google, unproved, "account_exists")
		w.ends(t, "LINE", fakeidp.LINE, person, "account_exists")
		w.ends(t, "Facebook", fakeidp.Facebook, person, "account_exists")
		if got := w.identities(t, member.Token); len(got) != 1 {
			t.Errorf("the identities are %v, want LINE's", got)
		}

		got := w.ends(t, "Google vouches", fakeidp.Google, person, "ok")
		after := w.me(t, member.Token)
		if got.IsNewUser || got.User.ID != member.User.ID || after.Email != email || *after.DisplayName != *before.DisplayName ||
			*after.OauthProvider != *before.OauthProvider || after.IsOauthUser != before.IsOauthUser || !after.EmailVerified || after.Username != before.Username {
			t.Errorf("logged in as %+v, the user was %+v and is %+v", got, before, after)
		}
		if ids := w.identities(t, got.Token); len(ids) != 2 || ids[fakeidp.Google] != person.Subject {
			t.Errorf("the identities are %v", ids)
		}
		w.logIn(t, email) // the password stays

		second := person
		second.Subject = w.name("second")
		w.ends(t, "a second subject of Google", fakeidp.Google, second, "account_exists")
		w.me(t, got.Token)
		w.told(t, member.User.ID, "created")
	})
}

// TestUnverifiedProviderEmails has providers say an e-mail, without proof, of a user who has
// not proved it either.
func TestUnverifiedProviderEmails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	email := w.email("member")
	member := w.register(t, email)
	for _, provider := range fakeidp.Names {
		for _, says := range []any{false, nil, "false"} {
			w.ends(t, provider, provider, fakeidp.Answer{Subject: w.name("s"), Email: strings.ToUpper(email), Verified: says}, "account_exists")
		}
	}
	if got := w.identities(t, member.Token); len(got) != 0 {
		t.Errorf("the identities are %v, want none", got)
	}
	w.logIn(t, email)
}

// TestDisabled has disabled users come back.
func TestDisabled(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		person := w.someone()
		member := w.newBrowser().logIn(t, fakeidp.Google, person)
		squat := w.register(t, w.email("squat"))
		w.newBrowser().link(t, fakeidp.LINE, squat.Token, w.someone())
		late := w.someone()
		code, verifier := w.newBrowser().consent(t, fakeidp.Google, person)
		for _, id := range []string{member.User.ID, squat.User.ID} {
			w.change(t, id, `{"isActive":false}`)
		}
		if status, _, p := w.exchange(t, code, verifier); status != http.StatusForbidden || p.Code != "account_disabled" {
			t.Errorf("disabled between callback and exchange: %d %q, want 403 account_disabled", status, p.Code)
		}
		w.ends(t, "a known identity", fakeidp.Google, person, "account_disabled")
		late.Email = squat.User.Email
		w.ends(t, "an e-mail of a disabled user, vouched for", fakeidp.Google, late, "account_disabled")
		if u := w.byID(t, squat.User.ID); u.EmailVerified || u.IsActive {
			t.Errorf("the disabled user is %+v", u)
		}
		w.change(t, squat.User.ID, `{"isActive":true}`)
		again := w.logIn(t, squat.User.Email) // the password is still there
		if got := w.identities(t, again.Token); len(got) != 1 || got[fakeidp.LINE] == "" {
			t.Errorf("the identities are %v, want LINE's", got)
		}
		w.change(t, member.User.ID, `{"isActive":true}`)
		w.ends(t, "active again", fakeidp.Google, person, "ok")
	})
}

// TestFirstLogInsAtOnce has one person log in 30 times at once.
func TestFirstLogInsAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, provider := range fakeidp.Names {
			const many = 30
			person := w.someone()
			codes, verifiers := make([]string, many), make([]string, many)
			for i := range many {
				codes[i], verifiers[i] = w.newBrowser().consent(t, provider, person)
			}
			var mu sync.Mutex
			ids, news := map[string]int{}, 0
			atOnce(many, func(i int) {
				status, got, p := w.exchange(t, codes[i], verifiers[i])
				if status != http.StatusOK {
					t.Errorf("%s: exchange = %d %q, want 200", provider, status, p.Code)
					return
				}
				if ids := w.identities(t, got.Token); len(ids) != 1 || ids[provider] != person.Subject {
					t.Errorf("the identities are %v", ids)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[got.User.ID]++
				if got.IsNewUser {
					news++
				}
			})
			if len(ids) != 1 || news != 1 || len(w.users(t, person.Email)) != 1 {
				t.Errorf("%s: %d log-ins at once made the users %v, %d of them new, want one", provider, many, ids, news)
			}
			created := w.published(t, func(e event) bool { return e.Email == person.Email })
			if len(created) != 1 || created[0].Action != "created" {
				t.Errorf("%s: the bus has told %v, want one created", provider, created)
			}
		}
	})
}

// TestWholeFirstLogInsAtOnce has one person go through 20 first log-ins at once, from their
// beginnings to their ends.
func TestWholeFirstLogInsAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, provider := range fakeidp.Names {
			person := w.someone()
			var mu sync.Mutex
			ids := map[string]int{}
			atOnce(20, func(int) {
				got, a, _ := w.newBrowser().outcome(t, provider, person)
				if got != "ok" {
					t.Errorf("%s: %q, want ok", provider, got)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[a.User.ID]++
			})
			if len(ids) != 1 {
				t.Errorf("%s: the users %v, want one", provider, ids)
			}
		}
	})
}

// TestProvidersRace has two people log in with one e-mail at once, one of whom has proof.
func TestProvidersRace(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for range 10 {
			owner := w.someone()
			thief := fakeidp.Answer{Subject: w.name("thief"), Email: owner.Email}
			var codes, verifiers [2]string
			codes[0], verifiers[0] = w.newBrowser().consent(t, fakeidp.Google, owner)
			codes[1], verifiers[1] = w.newBrowser().consent(t, fakeidp.LINE, thief)
			var got [2]account
			var statuses [2]int
			atOnce(2, func(i int) {
				status, a, p := w.exchange(t, codes[i], verifiers[i])
				got[i], statuses[i] = a, status
				if status != http.StatusOK && (i == 0 || p.Code != "account_exists") {
					t.Errorf("%s: exchange = %d %q", []string{"the owner", "the thief"}[i], status, p.Code)
				}
			})
			if users := w.users(t, owner.Email); len(users) != 1 || !users[0].EmailVerified || users[0].ID != got[0].User.ID {
				t.Fatalf("there are the users %v", users)
			}
			if ids := w.identities(t, got[0].Token); len(ids) != 1 || ids[fakeidp.Google] != owner.Subject {
				t.Errorf("the identities are %v, want the owner's", ids)
			}
			if statuses[1] == http.StatusOK {
				w.ended(t, "the thief", got[1].Token)
			}
			w.ends(t, "the thief, again", fakeidp.LINE, thief, "account_exists")
			if actions := w.actions(t, got[0].User.ID); !slices.Equal(actions, []string{"created"}) {
				t.Errorf("the bus has told %v", actions)
			}
		}
	})
}

// TestDeletion deletes users and has them come back.
func TestDeletion(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for _, provider := range fakeidp.Names {
			person := w.someone()
			first := w.newBrowser().logIn(t, provider, person)
			code, verifier := w.newBrowser().consent(t, provider, person)
			w.must(t, http.MethodDelete, "/users/me", first.Token, "", http.StatusNoContent, nil)
			w.ended(t, "a deleted user", first.Token)
			status, second, p := w.exchange(t, code, verifier)
			if status != http.StatusOK || !second.IsNewUser || second.User.ID == first.User.ID {
				t.Errorf("%s: deleted between callback and exchange: %d %q %+v, want a new user", provider, status, p.Code, second)
			}
			w.told(t, first.User.ID, "created", "deleted")
			w.told(t, second.User.ID, "created")
		}
	})
}

// TestAdminCreated has users log in whom an admin has made.
func TestAdminCreated(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for name, rest := range map[string]string{
			"with a password": fmt.Sprintf(`,"password":%q`, password),
			"without one":     ``,
			"another admin":   fmt.Sprintf(`,"password":%q,"role":"admin"`, password),
		} {
			person := w.someone()
			var made user
			w.must(t, http.MethodPost, "/users", w.admin.Token, fmt.Sprintf(`{"email":%q,"username":%q%s}`, person.Email, w.name("made"), rest), http.StatusCreated, &made)
			got := w.ends(t, name, fakeidp.Google, person, "ok")
			if got.IsNewUser || got.User.ID != made.ID || got.User.Role != made.Role || !got.User.EmailVerified || got.User.Username != made.Username {
				t.Errorf("%s: logged in as %+v, want %+v", name, got, made)
			}
			w.refused(t, http.MethodPost, "/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, person.Email, password), http.StatusUnauthorized, "invalid_credentials")
			w.told(t, made.ID, "created")
		}
		// An admin's change of an e-mail leaves it unverified: who proves it takes the account.
		member, person := w.verified(t, w.email("member")), w.someone()
		w.change(t, member.User.ID, fmt.Sprintf(`{"email":%q}`, person.Email))
		got := w.ends(t, "the new e-mail", fakeidp.Google, person, "ok")
		if got.User.ID != member.User.ID || !got.User.EmailVerified {
			t.Errorf("logged in as %+v", got)
		}
		w.ended(t, "who had the account before", member.Token)
	})
}
