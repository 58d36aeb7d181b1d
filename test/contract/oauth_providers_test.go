package contract

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// distrusts checks that a log-in ends with provider_error, uses the state up and makes no user.
func distrusts(t *testing.T, s *setup, why, provider string, a fakeidp.Answer) {
	t.Helper()
	if a.Subject == "" {
		base := person()
		a.Subject, a.Email, a.Verified = base.Subject, base.Email, true
	}
	b := s.browser()
	f := b.Begin(t, provider, true)
	callback := b.Decide(t, f, a)
	q := b.ComeBack(t, callback)
	fails(t, provider+": "+why, q, "provider_error")
	if q.Get("state") != f.State {
		t.Errorf("%s: %s: the state is %q, want %q", provider, why, q.Get("state"), f.State)
	}
	fails(t, provider+": "+why+", again", b.ComeBack(t, callback), "invalid_state")
	if users := s.users(t, a.Email); len(users) != 0 {
		t.Errorf("%s: %s: made the user %+v", provider, why, users)
	}
}

// TestOAuthForgedIDTokens has a row for each way that a token is tied to its flow; what else may be
// wrong with one is tested beside the code that reads it.
func TestOAuthForgedIDTokens(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		for why, forge := range map[string]func(t *fakeidp.IDToken){
			"another key":           func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "RS256", fakeidp.NewRSA() },
			"alg none":              func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "none", nil },
			"iss that continues":    func(t *fakeidp.IDToken) { t.Claims["iss"] = t.Provider.Issuer() + ".evil.example" },
			"aud of another client": func(t *fakeidp.IDToken) { t.Claims["aud"], t.Claims["azp"] = "another-client", t.Provider.ClientID },
			"exp an hour ago":       func(t *fakeidp.IDToken) { t.Claims["exp"] = time.Now().Add(-time.Hour).Unix() },
			"an empty sub":          func(t *fakeidp.IDToken) { t.Claims["sub"] = "" },
		} {
			distrusts(t, s, why, provider, fakeidp.Answer{Forge: forge})
		}
		var stolen any
		a := person()
		a.Token = func(a map[string]any) { stolen = a["id_token"] }
		s.ends(t, provider, provider, a, "ok")
		distrusts(t, s, "the id_token of another flow", provider, fakeidp.Answer{Token: func(a map[string]any) { a["id_token"] = stolen }})
	}
	a := person()
	a.Forge = (*fakeidp.IDToken).ES256
	s.ends(t, "LINE's ES256", fakeidp.LINE, a, "ok")
}

// TestOAuthKeys has a service of its own, since it counts how often the keys are read.
func TestOAuthKeys(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	google := s.idp.Providers[fakeidp.Google]
	reads := func(when string, most int64) {
		t.Helper()
		if n := google.KeysRead.Load(); n > most {
			t.Errorf("%s: the keys were read %d times, want %d", when, n, most)
		}
	}
	first, second := google.Key(), fakeidp.Key{ID: "google-2", Private: fakeidp.NewRSA()}
	client.AtOnce(20, func(int) { s.ends(t, "at once", fakeidp.Google, person(), "ok") })
	reads("20 log-ins at once", 1)
	google.Rotate(second, first)
	client.AtOnce(10, func(int) { s.ends(t, "a new key", fakeidp.Google, person(), "ok") })
	reads("a new key", 2)
	old := person()
	old.Forge = func(t *fakeidp.IDToken) { t.Header["kid"], t.Key = first.ID, first.Private }
	s.ends(t, "the old key, still published", fakeidp.Google, old, "ok")
	for range 10 {
		a := person()
		a.Forge = func(t *fakeidp.IDToken) { t.Header["kid"] = client.Name() }
		distrusts(t, s, "an unknown kid", fakeidp.Google, a)
	}
	s.ends(t, "after unknown kids", fakeidp.Google, person(), "ok")
}

// hang begins six flows and returns when all wait for providers that never answer. The front ends must
// get provider_error all the same.
func hang(t *testing.T, s *setup) *sync.WaitGroup {
	t.Helper()
	var waiting atomic.Int64
	silent := func(_ http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		defer waiting.Add(-1)
		s.idp.Hang(r)
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		waiting.Add(1)
		defer waiting.Add(-1)
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush() // the next write fails
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}
	keys := http.HandlerFunc(silent)
	s.idp.Providers[fakeidp.LINE].KeysAnswer.Store(&keys)
	scripts := []fakeidp.Answer{{TokenAnswer: silent}, {Forge: (*fakeidp.IDToken).ES256}, {ProfileAnswer: silent}, {TokenAnswer: drip}, {TokenAnswer: drip}, {ProfileAnswer: drip}}
	var backs []func()
	for i, script := range scripts {
		a, b := person(), s.browser()
		a.TokenAnswer, a.ProfileAnswer, a.Forge = script.TokenAnswer, script.ProfileAnswer, script.Forge
		f := b.Begin(t, fakeidp.Names[i%3], true)
		callback := b.Decide(t, f, a)
		backs = append(backs, func() {
			q := b.ComeBack(t, callback)
			if fails(t, fmt.Sprintf("flow %d of %s", i, f.Provider), q, "provider_error"); q.Get("state") != f.State {
				t.Errorf("flow %d: the state is %q, want %q", i, q.Get("state"), f.State)
			}
		})
	}
	hanging := new(sync.WaitGroup)
	for _, back := range backs {
		hanging.Go(back)
	}
	harness.Eventually(t, "all flows wait at once", func() error {
		if n := waiting.Load(); n < int64(len(backs)) {
			return fmt.Errorf("%d wait", n)
		}
		return nil
	})
	return hanging
}

// TestOAuthProviderHangs has six flows wait while there are two connections to the database: a flow
// that waits must hold none.
func TestOAuthProviderHangs(t *testing.T) {
	t.Parallel()
	s := newSetup(t, map[string]string{"DATABASE_URL": pgtest.New(t), "DB_MAX_OPEN_CONNS": "2", "DB_MAX_IDLE_CONNS": "2"})
	member := s.one.Register(t)
	hanging := hang(t, s)
	s.one.Me(t, member.Token)
	s.one.LogIn(t, member.User.Email, client.Password)
	s.ends(t, "a log-in beside those that hang", fakeidp.Google, person(), "ok")
	hanging.Wait()
	if users := s.users(t, "m"); len(users) != 3 { // with the admin, whose name begins so, too
		t.Errorf("the users are %+v", users)
	}
}

func TestOAuthStopWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	hanging := hang(t, s)
	s.one.Stop(t)
	hanging.Wait()
}
