package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
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

func TestLogIn(t *testing.T) {
	t.Parallel()
	for _, k := range allKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, k)
			ends := f.clock.now().Add(time.Hour)
			want := models.ExternalIdentity{
				Provider: k.provider, Subject: subject, Email: email, EmailVerified: k.provider == "google",
				Name: "Ada Lovelace", Picture: "https://img.example/ada.png",
				Tokens: models.ProviderTokens{Access: accessToken + "-" + subject, Refresh: refreshToken, ExpiresAt: &ends},
			}
			got, err := logIn(t, f, f.provider())
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("Identify() = %v; -want +got:\n%s", err, diff)
			}
		})
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
		"not verified":          {[]kind{google}, func(f *fake) { f.person["email_verified"] = false }, unverified},
		"nothing said of proof": {[]kind{google}, without("email_verified"), unverified},
		"verified in words":     {[]kind{google}, func(f *fake) { f.person["email_verified"] = "true" }, nil},
		"verified in a number":  {[]kind{google}, func(f *fake) { f.person["email_verified"] = 1 }, unverified},
		"verified in other letters": {[]kind{google}, func(f *fake) {
			delete(f.person, "email_verified")
			f.person["Email_Verified"] = true
		}, unverified},
		"the e-mail is in userinfo": {[]kind{google}, func(f *fake) {
			f.person = map[string]any{}
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

func unverified(i *models.ExternalIdentity) { i.EmailVerified = false }

// TestSubject has the subjects that are no key of an identity.
func TestSubject(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		subject any
		want    string // empty: it is one
	}{
		"empty":          {"", "no subject"},
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
		f := newFake(t, google)
		delete(f.person, "email")
		f.userinfo = map[string]any{"sub": "another", "email": email, "email_verified": true}
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "somebody else")
	})
}

// TestProviderFails has what each call of a provider may get for an answer.
func TestProviderFails(t *testing.T) {
	t.Parallel()
	leak := `{"error":"` + email + `","error_description":"` + clientSecret + ` ` + accessToken + `"}`
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"status 500":                     {say(http.StatusInternalServerError, leak), "status 500"},
		"status 400 with a reason":       {say(http.StatusBadRequest, `{"error":"invalid_request"}`), "status 400 (invalid_request)"},
		"status 201":                     {say(http.StatusCreated, `{"access_token":"x"}`), "status 201"},
		"status 204":                     {say(http.StatusNoContent, ""), "status 204"},
		"a redirect":                     {redirect(http.StatusFound), "status 302"},
		"a redirect that keeps the body": {redirect(http.StatusTemporaryRedirect), "status 307"},
		"a redirect to nowhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://"+clientSecret+"\x7f/"+email)
			w.WriteHeader(http.StatusSeeOther)
		}, "call: "},
		"garbage":          {say(http.StatusOK, "\x00\xff<html>"+clientSecret), "not a "},
		"a form":           {say(http.StatusOK, "access_token=x&id_token=y"), "not a "},
		"nothing":          {say(http.StatusOK, ""), "not a "},
		"null":             {say(http.StatusOK, "null"), "call: "},
		"a list":           {say(http.StatusOK, "[]"), "not a "},
		"half an object":   {say(http.StatusOK, `{"access_token":"`+accessToken), "not a "},
		"an endless one":   {endless, "too long"},
		"a cut connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "failed halfway"},
		"a broken header":  {notHTTP("HTTP/1.1 " + email + "\r\n\r\n"), "not HTTP"},
		"half a body":      {notHTTP("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" + clientSecret), "failed halfway"},
	}
	for name, test := range tests {
		for _, k := range allKinds {
			for _, path := range []string{"/token", "/userinfo", "/certs"} {
				f := newFake(t, k)
				if path == "/userinfo" && k.provider == "google" {
					delete(f.person, "email")
				} else if path == "/userinfo" && k.method != nil || path == "/certs" && (k.method == nil || k.name == lineWeb.name) {
					continue // there is no such call
				}
				t.Run(name+"/"+k.name+path, func(t *testing.T) {
					t.Parallel()
					f.overrides[path] = test.handler
					_, err := logIn(t, f, f.provider())
					refused(t, f, err, test.want)
					if f.called("/elsewhere") != 0 {
						t.Error("a redirect was followed")
					}
				})
			}
		}
	}
}

// TestErrorInsideAnswer has errors with status 200.
func TestErrorInsideAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ path, body, want string }{
		"as the standard has it": {"/token", `{"error":"invalid_grant","access_token":"x","id_token":"x.y.z"}`, "is an error (invalid_grant)"},
		"as Facebook has it":     {"/token", `{"error":{"message":"` + email + `","code":190},"access_token":"x"}`, "is an error (code 190)"},
		"in words of its own":    {"/token", `{"error":"` + email + `","access_token":"x"}`, "is an error"},
		"no access_token":        {"/token", `{"id_token":"x.y.z","token_type":"Bearer"}`, "no access_token"},
		"an empty access_token":  {"/token", `{"access_token":"","token_type":"Bearer"}`, "no access_token"},
		"access_token a number":  {"/token", `{"access_token":1,"token_type":"Bearer"}`, "no access_token"},
		"another kind of token":  {"/token", `{"access_token":"x","token_type":"mac"}`, "bearer"},
		"the Graph API's":        {"/userinfo", `{"error":{"message":"` + email + `","code":190},"id":"1"}`, "is an error (code 190)"},
	}
	for name, test := range tests {
		for _, k := range allKinds {
			if test.path == "/userinfo" && k.method != nil {
				continue
			}
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.overrides[test.path] = say(http.StatusOK, test.body)
				_, err := logIn(t, f, f.provider())
				refused(t, f, err, test.want)
			})
		}
	}
	t.Run("a token that is no header", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, graph)
		f.token = map[string]any{"access_token": accessToken + "\r\nX: y"}
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "userinfo call")
	})
}

// TestHang proves that a log-in ends within its bound, whichever call hangs and however.
func TestHang(t *testing.T) {
	t.Parallel()
	before := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }
	halfway := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"access_token":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for name, handler := range map[string]http.HandlerFunc{"before the answer": before, "halfway": halfway} {
		for k, path := range map[string]string{"google": "/token", "line": "/certs", "facebook": "/userinfo"} {
			t.Run(name+"/"+k, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, map[string]kind{"google": google, "line": lineApp, "facebook": graph}[k])
				f.overrides[path] = handler
				deps := f.deps()
				deps.bound = 200 * time.Millisecond
				begun := time.Now()
				_, err := logIn(t, f, f.kind.make(f.client(), deps))
				refused(t, f, err, "no answer in time")
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
	t.Run("the caller goes", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		ctx, cancel := context.WithCancel(t.Context())
		f.overrides["/token"] = func(w http.ResponseWriter, r *http.Request) { cancel(); before(w, r) }
		_, err := logInAs(ctx, f, f.provider(), subject)
		refused(t, f, err, "canceled")
	})
	t.Run("nobody is there", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		p := f.provider()
		f.server.Close()
		_, err := logIn(t, f, p)
		refused(t, f, err, "connection refused")
	})
}

// TestMix proves that what comes back for one log-in is never taken for another.
func TestMix(t *testing.T) {
	t.Parallel()
	for _, k := range allKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, k)
			p := f.provider()
			var wait sync.WaitGroup
			for range 200 {
				wait.Go(func() {
					subject := random()
					got, err := logInAs(t.Context(), f, p, subject)
					if err != nil || got.Subject != subject || got.Tokens.Access != accessToken+"-"+subject {
						t.Errorf("Identify() = %q, %v; want %q", got.Subject, err, subject)
					}
				})
			}
			wait.Wait()
			if got := f.called("/certs"); got > 1 {
				t.Errorf("the keys were fetched %d times", got)
			}
		})
	}
	t.Run("the verifier of another log-in", func(t *testing.T) {
		t.Parallel()
		for _, k := range allKinds {
			f := newFake(t, k)
			p := f.provider()
			a, other := attempt(), attempt()
			code := f.authorize(p.AuthorizeURL(a), subject)
			a.Verifier = other.Verifier
			_, err := p.Identify(t.Context(), services.AuthResponse{Code: code}, a)
			refused(t, f, err, "status 400 (invalid_grant)")
		}
	})
	t.Run("the nonce of another log-in", func(t *testing.T) {
		t.Parallel()
		for _, k := range oidcKinds {
			f := newFake(t, k)
			p := f.provider()
			a, other := attempt(), attempt()
			code := f.authorize(p.AuthorizeURL(a), subject)
			a.Nonce = other.Nonce
			_, err := p.Identify(t.Context(), services.AuthResponse{Code: code}, a)
			refused(t, f, err, "nonce")
		}
	})
	t.Run("no code", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		_, err := f.provider().Identify(t.Context(), services.AuthResponse{}, attempt())
		refused(t, f, err, "no code")
		if f.called("/token") != 0 {
			t.Error("the provider was asked")
		}
	})
}

// TestIssuerOfAnswer is RFC 9207.
func TestIssuerOfAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind   kind
		issuer string
		taken  bool
	}{
		{google, "https://accounts.google.com", true},
		{google, "accounts.google.com", true},
		{google, "https://accounts.google.com/", false},
		{google, "https://access.line.me", false},
		{lineWeb, "https://access.line.me", true},
		{lineWeb, "https://accounts.google.com", false},
		{graph, "https://www.facebook.com", true}, // it has no name to compare
	}
	for _, test := range tests {
		t.Run(test.kind.name+"/"+test.issuer, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			p, a := f.provider(), attempt()
			code := f.authorize(p.AuthorizeURL(a), subject)
			_, err := p.Identify(t.Context(), services.AuthResponse{Code: code, Issuer: test.issuer}, a)
			if test.taken {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, f, err, "another issuer")
			if f.called("/token") != 0 {
				t.Error("the code was sent")
			}
		})
	}
}

// say answers with a status and a body.
func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func redirect(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?"+email, status)
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"access_token":"`)
	for chunk := []byte(strings.Repeat("x", 64<<10)); ; {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// notHTTP answers with bytes as they are, and ends the connection.
func notHTTP(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, answer)
		conn.Close()
	}
}
