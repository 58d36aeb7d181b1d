package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

const subject = "1234567890"

// attempt returns a new log-in.
func attempt() services.AuthAttempt {
	return services.AuthAttempt{State: "state-" + random(), Nonce: "nonce-" + random(), Verifier: random() + random()}
}

// logIn goes through a whole log-in.
func logIn(t *testing.T, f *fake, p services.IdentityProvider) (models.ExternalIdentity, error) {
	t.Helper()
	return logInAs(t.Context(), f, p, subject)
}

func logInAs(ctx context.Context, f *fake, p services.IdentityProvider, subject string) (models.ExternalIdentity, error) {
	a := attempt()
	f.set(func() { f.seen = append(f.seen, a.State, a.Nonce) })
	code := f.authorize(p.AuthorizeURL(a), subject)
	return p.Identify(ctx, services.AuthResponse{Code: code}, a)
}

// refused fails the test unless err is a provider's failure that says so and shows no secret.
func refused(t *testing.T, f *fake, err error, because string) {
	t.Helper()
	if !errors.Is(err, domain.ErrProvider) {
		t.Fatalf("Identify() = %v, want %v", err, domain.ErrProvider)
	}
	if !strings.Contains(err.Error(), because) {
		t.Errorf("Identify() = %q, want it to say %q", err, because)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, secret := range f.seen {
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("Identify() = %q, which shows %q", err, secret)
		}
	}
}

// TestPerson has what providers tell of people, and what is made of it.
func TestPerson(t *testing.T) {
	t.Parallel()
	without := func(names ...string) func(*fake) {
		return func(f *fake) {
			for _, name := range names {
				delete(f.person, name)
			}
		}
	}
	tests := map[string]struct {
		kinds  []kind
		change func(*fake)
		want   func(*models.ExternalIdentity)
	}{
		"all of it": {allKinds, func(*fake) {}, nil},
		"no e-mail": {allKinds, without("email"), func(i *models.ExternalIdentity) { i.Email, i.EmailVerified = "", false }},
		"no name, no picture": {allKinds, without("name", "picture"), func(i *models.ExternalIdentity) {
			i.Name, i.Picture = "", ""
		}},
		"the name has what cannot be seen": {
			allKinds, func(f *fake) { f.person["name"] = " Ada\x00\n " },
			func(i *models.ExternalIdentity) { i.Name = "Ada" },
		},
		"the picture is a script": {allKinds, func(f *fake) {
			f.person["picture"] = "javascript:alert(1)"
		}, func(i *models.ExternalIdentity) { i.Picture = "" }},
		"the e-mail is no text": {allKinds, func(f *fake) { f.person["email"] = []string{email} }, func(i *models.ExternalIdentity) {
			i.Email, i.EmailVerified = "", false
		}},
		"a claim of proof by who gives none": {[]kind{lineWeb, lineApp, graph}, func(f *fake) {
			f.person["email_verified"], f.person["verified"] = true, true
		}, nil},
		"an address of which Google is no authority":       {[]kind{google}, without("hd"), unverified},
		"an address that only ends as one of Gmail's does": {[]kind{google}, gmail("ada@notgmail.com"), func(i *models.ExternalIdentity) { i.Email, i.EmailVerified = "ada@notgmail.com", false }},
		"an address of Gmail":                              {[]kind{google}, gmail("ada@Gmail.com"), func(i *models.ExternalIdentity) { i.Email = "ada@Gmail.com" }},
		"not verified":                                     {[]kind{google}, func(f *fake) { f.person["email_verified"] = false }, unverified},
		"nothing said of proof":                            {[]kind{google}, without("email_verified"), unverified},
		"verified in words":                                {[]kind{google}, func(f *fake) { f.person["email_verified"] = "true" }, nil},
		"verified in a number":                             {[]kind{google}, func(f *fake) { f.person["email_verified"] = 1 }, unverified},
		"verified in other letters": {[]kind{google}, func(f *fake) {
			delete(f.person, "email_verified")
			f.person["Email_Verified"] = true
		}, unverified},
		"the e-mail is in userinfo": {[]kind{google}, func(f *fake) {
			f.person = map[string]any{"hd": "example.com"}
			f.userinfo = map[string]any{"email": email, "email_verified": true, "name": "Ada Lovelace", "picture": "https://img.example/ada.png"}
		}, nil},
		"not verified in userinfo": {[]kind{google}, func(f *fake) {
			delete(f.person, "email") // and email_verified without an e-mail proves nothing
			f.userinfo = map[string]any{"email": email}
		}, unverified},
		"the tokens' life is a text": {allKinds, func(f *fake) { f.token = map[string]any{"expires_in": "3600"} }, nil},
		"no refresh token": {allKinds, func(f *fake) {
			f.token = map[string]any{"refresh_token": nil, "expires_in": "soon", "token_type": "bearer"}
		}, func(i *models.ExternalIdentity) { i.Tokens.Refresh, i.Tokens.ExpiresAt = "", nil }},
	}
	for name, test := range tests {
		for _, k := range test.kinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				ends := f.clock.now().Add(time.Hour)
				want := models.ExternalIdentity{
					Provider: k.provider, Subject: subject, Email: email, EmailVerified: k.provider == "google",
					Name: "Ada Lovelace", Picture: "https://img.example/ada.png",
					Tokens: models.ProviderTokens{Access: accessToken + "-" + subject, Refresh: refreshToken, ExpiresAt: &ends},
				}
				test.change(f)
				if test.want != nil {
					test.want(&want)
				}
				got, err := logIn(t, f, f.provider())
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("Identify() = %v; -want +got:\n%s", err, diff)
				}
			})
		}
	}
}

// gmail is a Google account that no organisation manages.
func gmail(address string) func(*fake) {
	return func(f *fake) {
		delete(f.person, "hd")
		f.person["email"] = address
	}
}

func unverified(i *models.ExternalIdentity) { i.EmailVerified = false }

// TestSubject has the subjects that are no key of an identity.
func TestSubject(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		subject any
		want    string // empty: it is one
	}{
		"empty":          {"", "no subject"},
		"of spaces":      {" \u2003\t", "no subject"},
		"a number":       {12345, "no subject"},
		"null":           {nil, "no subject"},
		"a list":         {[]string{"1"}, "no subject"},
		"too long":       {strings.Repeat("1", models.MaxSubject+1), "too long"},
		"with NUL":       {"1\x00", "no text"},
		"not Unicode":    {"1\xff", "no text"},
		"as long as may": {strings.Repeat("1", models.MaxSubject), ""},
	}
	for name, test := range tests {
		for _, k := range allKinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.person["sub"], f.person["id"] = test.subject, test.subject
				got, err := logIn(t, f, f.provider())
				if test.want != "" {
					refused(t, f, err, test.want)
				} else if err != nil || got.Subject != test.subject {
					t.Errorf("Identify() = %q, %v", got.Subject, err)
				}
			})
		}
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		for _, k := range oidcKinds {
			f := newFake(t, k)
			f.claims = func(c jwt.MapClaims) { delete(c, "sub"); c["Sub"] = subject }
			_, err := logIn(t, f, f.provider())
			refused(t, f, err, "no subject")
		}
		f := newFake(t, graph)
		f.overrides["/userinfo"] = say(http.StatusOK, `{"name":"Ada","ID":"1"}`)
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "no subject")
	})
	t.Run("another in userinfo", func(t *testing.T) {
		t.Parallel()
		for _, other := range []any{"another", nil, "", []string{subject}} {
			f := newFake(t, google)
			delete(f.person, "email")
			f.userinfo = map[string]any{"sub": other, "email": email, "email_verified": true}
			_, err := logIn(t, f, f.provider())
			refused(t, f, err, "somebody else")
		}
	})
}
