package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLogIn(t *testing.T) {
	t.Parallel()
	s, p := newWorld(t)

	first := s.LogIn(t, person)
	if !first.IsNewUser {
		t.Error("the first log-in made no user")
	}
	claims := p.IDToken(t) // what was proven by it is seen here, lest the provider change
	if _, has := claims["email"]; has || p.Calls(t, p.Endpoints.Userinfo) != 1 {
		t.Errorf("userinfo was called %d times, and must be where the id_token has no e-mail: %v", p.Calls(t, p.Endpoints.Userinfo), claims)
	}
	if _, several := claims["aud"].([]any); !several {
		t.Errorf("aud is no array in %v", claims)
	}
	var me user
	s.call(t, "GET", "/api/v1/users/me", first.Token, "", http.StatusOK, &me)
	if me.ID != first.User.ID || me.Email != personEmail || !me.EmailVerified || !me.IsOauthUser ||
		me.OauthProvider == nil || *me.OauthProvider != "google" || me.DisplayName == nil || *me.DisplayName != personName ||
		!strings.HasPrefix(me.Username, "test") {
		t.Errorf("the user is %s", shown(me))
	}
	var linked []struct{ Provider, ProviderID string }
	s.call(t, "GET", "/api/v1/users/me/oauth-providers", first.Token, "", http.StatusOK, &linked)
	if len(linked) != 1 || linked[0].Provider != "google" || linked[0].ProviderID != personID {
		t.Errorf("linked are %v, want the subject %s", linked, personID)
	}

	second := s.LogIn(t, person)
	if second.IsNewUser || second.User.ID != first.User.ID {
		t.Errorf("the second log-in is of %s, a new user: %t; want %s", second.User.ID, second.IsNewUser, first.User.ID)
	}
	if somebody := s.LogIn(t, other); !somebody.IsNewUser || somebody.User.ID == first.User.ID || somebody.User.Email != otherEmail {
		t.Errorf("somebody else is %s", shown(somebody))
	}
	if got := p.Calls(t, p.Endpoints.JWKS); got != 1 {
		t.Errorf("three log-ins asked for the keys %d times", got)
	}
	if got, want := s.outcomes(t), map[string]string{"success": "3"}; !maps.Equal(got, want) {
		t.Errorf("the metrics count %v, want %v", got, want)
	}
}

// The front end's own PKCE stands in for the cookie.
func TestLogInWithCodeChallenge(t *testing.T) {
	t.Parallel()
	s, _ := newWorld(t)
	verifier := strings.Repeat("a-verifier-of-the-front-end", 2)
	hash := sha256.Sum256([]byte(verifier))
	begin := func() string {
		var answer struct{ URL string }
		s.call(t, "GET", "/api/v1/auth/google?state=st%2Fa%20te&code_challenge_method=S256&code_challenge="+
			base64.RawURLEncoding.EncodeToString(hash[:]), "", "", http.StatusOK, &answer) // without the browser
		return answer.URL
	}
	for name, wrong := range map[string]string{"without a verifier": "", "with another": verifier + "!"} {
		code := s.codeOf(t, newBrowser(t).LogIn(t, begin(), person), "st/a te")
		for _, sent := range []string{wrong, verifier} { // the first one burns the code
			if got := s.refuseExchange(t, code, sent, http.StatusBadRequest); got.Code != "invalid_code" {
				t.Errorf("%s: %s, want invalid_code", name, got.Code)
			}
		}
	}
	got := s.exchange(t, s.codeOf(t, newBrowser(t).LogIn(t, begin(), person), "st/a te"), verifier)
	s.call(t, "GET", "/api/v1/users/me", got.Token, "", http.StatusOK, nil)
	if !got.IsNewUser || got.User.Email != personEmail {
		t.Errorf("the log-in is answered %s", shown(got))
	}
}

// What the provider does not tell, or has not proven, is not made up.
func TestNoEmailAndUnverifiedEmail(t *testing.T) {
	t.Parallel()
	env, p := newSettings(t)
	people := p.people()
	people.GetUserByUsername(person).Email, people.GetUserByUsername(person).EmailVerified = "", false
	people.GetUserByUsername(other).EmailVerified = false
	p.Start(t, p.newStorage(people))
	s := start(t, env, p.Settings())

	if unproven := s.LogIn(t, other); unproven.User.Email != otherEmail || unproven.User.EmailVerified {
		t.Errorf("an e-mail that is not verified made %s", shown(unproven.User))
	}
	code := s.codeOf(t, newBrowser(t).LogIn(t, s.Begin("state=xyz"), person), "xyz")
	asked := s.refuseExchange(t, code, "", http.StatusConflict)
	if asked.Code != "email_required" || asked.Ticket == "" {
		t.Fatalf("without an e-mail: %q, a ticket: %t", asked.Code, asked.Ticket != "")
	}
	var done auth
	s.call(t, "POST", "/api/v1/auth/oauth/complete", "", `{"ticket":"`+asked.Ticket+`","email":"`+personEmail+`"}`, http.StatusCreated, &done)
	if again := s.LogIn(t, person); again.IsNewUser || again.User.ID != done.User.ID || again.User.EmailVerified {
		t.Errorf("the next log-in is answered %s, want the user %s", shown(again), done.User.ID)
	}
}

// A flow whose parts do not belong together, in the eyes of the provider or in ours, makes
// nobody a user.
func TestMixedUpFlows(t *testing.T) {
	t.Parallel()
	s, p := newWorld(t)
	replaced := func(name string) *url.URL { // in what is asked of the provider
		b := newBrowser(t)
		b.until = p.Endpoints.Auth
		authorize, _ := b.visit(t, s.Begin("state=xyz"), nil)
		query := authorize.Query()
		if query.Get(name) == "" {
			t.Fatalf("no %s in %v", name, query)
		}
		hash := sha256.Sum256([]byte("of somebody else"))
		query.Set(name, base64.RawURLEncoding.EncodeToString(hash[:]))
		authorize.RawQuery = query.Encode()
		b.until = frontend
		return b.LogIn(t, authorize.String(), person)
	}
	for name, want := range map[string]string{"code_challenge": "provider_error", "nonce": "provider_error", "state": "invalid_state"} {
		mustFail(t, replaced(name), want)
	}

	mine, theirs := newBrowser(t), newBrowser(t)
	mine.until, theirs.until = p.redirect, p.redirect
	myCallback, theirCallback := mine.LogIn(t, s.Begin("state=xyz"), other), theirs.LogIn(t, s.Begin("state=xyz"), person)
	mixed := *myCallback
	query := mixed.Query()
	query.Set("code", theirCallback.Query().Get("code"))
	mixed.RawQuery = query.Encode()
	mine.until, theirs.until = frontend, frontend
	visit := func(b *browser, address *url.URL) *url.URL {
		where, _ := b.visit(t, address.String(), nil)
		return where
	}
	mustFail(t, visit(mine, &mixed), "provider_error")
	mustFail(t, visit(mine, myCallback), "invalid_state") // it was used up
	mustFail(t, visit(mine, theirCallback), "invalid_state")

	for _, who := range []string{person, other} {
		if got := s.LogIn(t, who); !got.IsNewUser {
			t.Errorf("%s was a user already", who)
		}
	}
}

func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	env, p := newSettings(t)
	p.Start(t, p.newStorage(p.people()))
	wrong := p.Settings()
	wrong["GOOGLE_CLIENT_SECRET"] = "not-the-secret-of-this-client"
	s := start(t, env, wrong)
	mustFail(t, newBrowser(t).LogIn(t, s.Begin("state=xyz"), person), "provider_error")
	if got, want := s.outcomes(t), map[string]string{"provider_error": "1"}; !maps.Equal(got, want) {
		t.Errorf("the metrics count %v, want %v", got, want)
	}
	if !strings.Contains(s.Output(), "invalid_client") {
		t.Error("the log does not tell the operator why")
	}
	s.Kill(t)

	if got := start(t, env, p.Settings()).LogIn(t, person); !got.IsNewUser {
		t.Error("the log-in that failed has left a user")
	}
}

func shown(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
