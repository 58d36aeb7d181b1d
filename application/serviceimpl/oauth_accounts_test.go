package serviceimpl_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

func TestANewPersonGetsAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	grant, err := w.logIn(t, ada)
	if err != nil {
		t.Fatal(err)
	}
	u := grant.User
	if !grant.IsNewUser || u.Email != "ada@example.com" || !u.EmailVerified || u.HasPassword() || !u.IsOAuthUser || *u.OAuthProvider != "google" || *u.DisplayName != "Ada Lovelace" || u.LastLoginAt == nil {
		t.Errorf("made %+v", u)
	}
	if !regexp.MustCompile(`^ada_[0-9a-f]{8}$`).MatchString(u.Username) {
		t.Errorf("Username = %q", u.Username)
	}
	if events := w.store.EventsOf(t, u.ID); len(events) != 1 || events[0].Action != models.ActionCreated || events[0].UserID != u.ID || events[0].Version != 1 {
		t.Errorf("events %+v", events)
	}
	stored, err := w.store.Identities.BySubject(t.Context(), "google", "1001")
	if err != nil {
		t.Fatal(err)
	}
	access, err := sealer{}.Open(stored.AccessToken, stored.AccessTokenContext())
	if err != nil || string(access) != "access-1001" {
		t.Errorf("the access token is kept as %q, %v", access, err)
	}

	// The second time no account and no event is made; a refresh token comes the first time only.
	again := ada
	again.refresh, again.email, again.name = "", "other@example.com", "Countess"
	second, err := w.logIn(t, again)
	if err != nil || second.IsNewUser || second.User.ID != u.ID || second.User.Email != "ada@example.com" || *second.User.DisplayName != "Ada Lovelace" {
		t.Errorf("the second time %+v, %v", second.User, err)
	}
	stored, err = w.store.Identities.BySubject(t.Context(), "google", "1001")
	if err != nil {
		t.Fatal(err)
	}
	if refresh, err := (sealer{}).Open(stored.RefreshToken, stored.RefreshTokenContext()); err != nil || string(refresh) != "refresh-1001" {
		t.Errorf("the refresh token is kept as %q, %v", refresh, err)
	}
	if n := w.store.Count(t, "outbox_events"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// What a provider says against the accounts that there are.
func TestWhoLogsIn(t *testing.T) {
	t.Parallel()
	type account struct {
		verified, disabled bool
		linked             *person // already
	}
	google := func(subject string, verified bool) person {
		return person{provider: "google", subject: subject, email: "ADA@example.com", verified: verified}
	}
	line := person{provider: "line", subject: "U1", email: "ada@example.com"}
	other := google("other", true)
	for name, tt := range map[string]struct {
		account account
		comes   person
		want    error
		has     []string // identities afterwards
		keeps   bool     // password and session
	}{
		"proof on both sides links":               {account{verified: true}, google("1", true), nil, []string{"google 1"}, true},
		"no proof of the provider":                {account{verified: true}, google("1", false), domain.ErrAccountExists, nil, true},
		"no proof on either side":                 {account{}, line, domain.ErrAccountExists, nil, true},
		"no proof, disabled":                      {account{disabled: true}, line, domain.ErrAccountExists, nil, true},
		"the provider's proof alone takes over":   {account{}, google("1", true), nil, []string{"google 1"}, false},
		"disabled and verified":                   {account{verified: true, disabled: true}, google("1", true), domain.ErrAccountDisabled, nil, true},
		"disabled and not verified":               {account{disabled: true}, google("1", true), domain.ErrAccountDisabled, nil, true},
		"a second subject of one provider":        {account{verified: true, linked: &other}, google("1", true), domain.ErrAccountExists, []string{"google other"}, true},
		"an intruder's identity of that provider": {account{linked: &other}, google("1", true), nil, []string{"google 1"}, false},
		"an intruder's identity of another":       {account{linked: &line}, google("1", true), nil, []string{"google 1"}, false},
		"another provider beside one that is":     {account{verified: true, linked: &line}, google("1", true), nil, []string{"line U1", "google 1"}, true},
		"a known identity, whatever its address":  {account{verified: true, linked: &person{provider: "google", subject: "1"}}, google("1", false), nil, []string{"google 1"}, true},
		"a known identity of somebody disabled":   {account{disabled: true, linked: &person{provider: "google", subject: "1"}}, google("1", true), domain.ErrAccountDisabled, []string{"google 1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			owner := w.register(t, "ada")
			if tt.account.linked != nil {
				w.link(t, owner, *tt.account.linked)
			}
			w.store.Change(t, owner.User.ID, func(u *models.User) {
				u.EmailVerified, u.IsActive = tt.account.verified, !tt.account.disabled
			})
			before, err := w.store.Users.ByID(t.Context(), owner.User.ID)
			if err != nil {
				t.Fatal(err)
			}

			_, early := w.come(t, tt.comes)
			want(t, "the callback", early, tt.want)
			grant, err := w.logIn(t, tt.comes)
			want(t, "log-in", err, tt.want)
			if err == nil && (grant.User.ID != owner.User.ID || grant.IsNewUser) {
				t.Errorf("came in as %+v", grant.User)
			}
			if got := w.store.IdentitiesOf(t, owner.User.ID); !slices.Equal(got, tt.has) {
				t.Errorf("identities %v, want %v", got, tt.has)
			}
			after, err := w.store.Users.ByID(t.Context(), owner.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			if after.HasPassword() != tt.keeps || w.isLive(t, owner) != tt.keeps {
				t.Errorf("password %v, session %v, want both %v", after.HasPassword(), w.isLive(t, owner), tt.keeps)
			}
			if wantVerified := before.EmailVerified || !tt.keeps; after.EmailVerified != wantVerified {
				t.Errorf("EmailVerified = %v", after.EmailVerified)
			}
			if after.IsOAuthUser || after.OAuthProvider != nil || after.Version != before.Version {
				t.Errorf("changed to %+v", after)
			}
			if n := len(w.store.AllUsers(t)); n != 1 {
				t.Errorf("%d users", n)
			}
			if tt.want != nil && (after.LastLoginAt != nil && !after.LastLoginAt.Equal(*before.LastLoginAt) || !after.UpdatedAt.Equal(before.UpdatedAt)) {
				t.Error("a refused log-in changed the user")
			}
		})
	}
}

// An intruder who registered the owner's address first has, when the owner proves it to be
// theirs, nothing left that leads into the account: no password, session, identity, code, flow.
func TestThePreparedAccountIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	intruder := w.register(t, "ada")
	evil := person{provider: "line", subject: "Uevil"}
	w.link(t, intruder, evil)
	again := w.mustLogIn(t, evil)
	code := w.code(t, evil)
	flow := w.startLink(t, intruder, "facebook")

	owner := w.mustLogIn(t, ada)

	if owner.User.ID != intruder.User.ID || owner.User.HasPassword() || !owner.User.EmailVerified {
		t.Fatalf("the owner came in as %+v", owner.User)
	}
	want(t, "the intruder's password", w.login(t, password), domain.ErrCredentials)
	if w.isLive(t, intruder) || w.isLive(t, again) {
		t.Error("a session of the intruder lives")
	}
	_, err := w.exchange(code)
	ticketOf(t, err) // that of a stranger
	_, err = w.oauth.Callback(t.Context(), "facebook", flow.response(person{subject: "Fevil"}))
	want(t, "the intruder's link", err, domain.ErrInvalidState)
	// The request was authenticated before the hand-over and gets its turn after it. Both times
	// the user has no password, so that its hash does not tell.
	intruder.User.PasswordHash = ""
	_, err = w.accounts.ChangePassword(t.Context(), intruder, dto.ChangePasswordRequest{NewPassword: "the intruder's own secret"}, models.Client{})
	want(t, "the intruder's change of the password", err, domain.ErrUnauthorized)
	want(t, "the intruder's unlinking", w.oauth.Unlink(t.Context(), intruder, "google", dto.ProofRequest{}), domain.ErrUnauthorized)
	if got := w.store.IdentitiesOf(t, owner.User.ID); !slices.Equal(got, []string{"google 1001"}) {
		t.Errorf("identities %v", got)
	}
}

// Somebody who is linked between two looks at who there is, is known, and no stranger with a
// known address; both at the callback and at the exchange.
func TestALogInMeetsAnotherOfTheSamePerson(t *testing.T) {
	t.Parallel()
	for name, verified := range map[string]bool{"verified": true, "not verified": false} {
		for _, registered := range []bool{false, true} {
			if registered && !verified {
				continue // refused in any case
			}
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprint(name, registered, late), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					if registered {
						p := w.register(t, "ada")
						w.store.Change(t, p.User.ID, func(u *models.User) { u.EmailVerified = true })
					}
					who := ada
					who.verified = verified
					other := w.code(t, who)
					meet := func() {
						w.rival.then = func() {
							if _, err := w.exchange(other); err != nil {
								t.Errorf("the rival: %v", err)
							}
						}
					}
					if !late {
						meet()
					}
					result, err := w.come(t, who)
					want(t, "Callback()", err, nil)
					if late {
						meet()
					}
					_, err = w.exchange(result.Code)
					want(t, "Exchange()", err, nil)
					if users := w.store.AllUsers(t); len(users) != 1 || len(w.store.IdentitiesOf(t, users[0].ID)) != 1 {
						t.Errorf("%d users", len(users))
					}
				})
			}
		}
	}
}

func TestSomebodyWithoutAnAddressCompletesOne(t *testing.T) {
	t.Parallel()
	for name, email := range map[string]string{"none": "", "of another script": "สมชาย@example.com", "of a domain of another script": "linus@bücher.example", "far too long": strings.Repeat("a", 300) + "@example.com"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.register(t, "grace")
			linus := person{provider: "line", subject: "U1", email: email, verified: true, name: "Linus"}
			_, err := w.logIn(t, linus)
			ticket := ticketOf(t, err)
			complete := func(email string, username *string) error {
				_, err := w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: email, Username: username}, models.Client{})
				return err
			}
			want(t, "no address", complete("nonsense", nil), domain.ErrValidation)
			want(t, "a taken address", complete("Grace@example.com", nil), domain.ErrEmailTaken)
			want(t, "a taken name", complete("linus@example.com", new("GRACE")), domain.ErrUsernameTaken)
			grant, err := w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "Linus@Example.com"}, models.Client{})
			if err != nil || !grant.IsNewUser || grant.User.Email != "linus@example.com" || grant.User.EmailVerified || *grant.User.OAuthProvider != "line" || *grant.User.DisplayName != "Linus" {
				t.Fatalf("Complete() = %+v, %v", grant.User, err)
			}
			w.principal(t, grant.AccessToken)
			want(t, "the ticket again", complete("linus2@example.com", nil), domain.ErrInvalidTicket)
			if again := w.mustLogIn(t, linus); again.User.ID != grant.User.ID {
				t.Error("the second log-in is somebody else's")
			}
		})
	}
}

func TestATicketWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	linus := person{provider: "facebook", subject: "F1"}
	_, err := w.logIn(t, linus)
	first := ticketOf(t, err)
	_, err = w.logIn(t, linus)
	second := ticketOf(t, err)
	complete := func(ticket, email string) error {
		_, err := w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: email}, models.Client{})
		return err
	}
	want(t, "the first ticket", complete(first, "linus@example.com"), nil)
	want(t, "the first ticket again", complete(first, "other@example.com"), domain.ErrInvalidTicket)
	want(t, "the second ticket", complete(second, "other@example.com"), domain.ErrInvalidTicket)
	// The address that the ticket brought is its own account's now; that is not what is wrong.
	want(t, "the second ticket with the same address", complete(second, "linus@example.com"), domain.ErrInvalidTicket)
	if n := len(w.store.AllUsers(t)); n != 1 {
		t.Errorf("%d users", n)
	}
}

func TestATicketIsGoodForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.logIn(t, person{provider: "line", subject: "U1"})
	ticket := ticketOf(t, err)
	w.clock.pass(15*time.Minute - time.Second)
	_, err = w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "nonsense"}, models.Client{})
	want(t, "within its time", err, domain.ErrValidation)
	w.clock.pass(time.Second)
	_, err = w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "linus@example.com"}, models.Client{})
	want(t, "after its time", err, domain.ErrInvalidTicket)
	code := w.code(t, ada)
	_, err = w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: code, Email: "linus@example.com"}, models.Client{})
	want(t, "a code in place of a ticket", err, domain.ErrInvalidTicket)
}

// Whatever a provider says of a person becomes a username and a display name as accounts have them.
func FuzzNamesFromProviders(f *testing.F) {
	for _, seed := range []string{"ada", "-._", "a", "..x..", strings.Repeat("y", 64), "!#$%&'*+/=?^`{|}~", "9lives", "_ada_"} {
		f.Add(seed, "Ada\x00 Lovelace")
	}
	username := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{1,48})[A-Za-z0-9]$`)
	f.Fuzz(func(t *testing.T, local, name string) {
		w := newWorld(t)
		grant, err := w.logIn(t, person{provider: "google", subject: "1", email: local + "@example.com", name: name})
		if err != nil {
			ticketOf(t, err) // no address that accounts can have
			return
		}
		if !username.MatchString(grant.User.Username) {
			t.Errorf("%q became %q", local, grant.User.Username)
		}
		if n := grant.User.DisplayName; n != nil && (*n == "" || !utf8.ValidString(*n) || utf8.RuneCountInString(*n) > 100) {
			t.Errorf("%q became %q", name, *n)
		}
	})
}
