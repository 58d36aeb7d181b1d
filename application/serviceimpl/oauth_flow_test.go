package serviceimpl_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

var ada = person{provider: "google", subject: "1001", email: "Ada@Example.com", verified: true, name: "Ada Lovelace", refresh: "refresh-1001"}

func TestTheFrontEndGetsItsStateBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const state = "a b&c=d+é/?#%00"
	f := w.start(t, dto.StartOAuthRequest{Provider: "google", State: state})
	result, err := w.oauth.Callback(t.Context(), "google", f.response(ada))
	if err != nil || result.State != state || result.Code == "" {
		t.Errorf("Callback() = %+v, %v", result, err)
	}
	f = w.start(t, dto.StartOAuthRequest{Provider: "google", State: state})
	denied := f.response(ada)
	denied.Error = "access_denied"
	result, err = w.oauth.Callback(t.Context(), "google", denied)
	want(t, "a refusal", err, domain.ErrAccessDenied)
	if result.State != state || result.Code != "" {
		t.Errorf("a refusal has %+v", result)
	}
}

func TestWhatAFlowBeginsWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, in := range map[string]dto.StartOAuthRequest{
		"a state that is too long": {Provider: "line", State: strings.Repeat("s", 1025)},
		"a state that is no text":  {Provider: "line", State: "\xff"},
		"a challenge of no SHA":    {Provider: "line", CodeChallenge: "short"},
		"a plain challenge":        {Provider: "line", CodeChallenge: challengeOf("v"), CodeChallengeMethod: "plain"},
	} {
		_, err := w.oauth.Start(t.Context(), in)
		want(t, name, err, domain.ErrValidation)
	}
	_, err := w.oauth.Start(t.Context(), dto.StartOAuthRequest{Provider: "myspace"})
	want(t, "an unknown provider", err, domain.ErrProviderUnknown)
}

func TestCallbacksThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		provider string
		change   func(w *world, r *services.OAuthCallback)
		want     error
	}{
		"no state":               {"google", func(_ *world, r *services.OAuthCallback) { r.State = "" }, domain.ErrInvalidState},
		"an invented state":      {"google", func(_ *world, r *services.OAuthCallback) { r.State = "invented" }, domain.ErrInvalidState},
		"another provider":       {"line", func(*world, *services.OAuthCallback) {}, domain.ErrInvalidState},
		"another browser":        {"google", func(_ *world, r *services.OAuthCallback) { r.Binding = func(string) string { return "" } }, domain.ErrInvalidState},
		"a forged cookie":        {"google", func(_ *world, r *services.OAuthCallback) { r.Binding = func(string) string { return "forged" } }, domain.ErrInvalidState},
		"too late":               {"google", func(w *world, _ *services.OAuthCallback) { w.clock.pass(10 * time.Minute) }, domain.ErrInvalidState},
		"a refusal":              {"google", func(_ *world, r *services.OAuthCallback) { r.Error = "ACCESS_DENIED" }, domain.ErrAccessDenied},
		"another error":          {"google", func(_ *world, r *services.OAuthCallback) { r.Error = "server_error" }, domain.ErrProvider},
		"no code":                {"google", func(_ *world, r *services.OAuthCallback) { r.Response.Code = "" }, domain.ErrProvider},
		"a code of another":      {"google", func(_ *world, r *services.OAuthCallback) { r.Response.Code = "nonce=other&verifier=other" }, domain.ErrProvider},
		"a provider that is off": {"myspace", func(*world, *services.OAuthCallback) {}, domain.ErrProviderUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := w.start(t, dto.StartOAuthRequest{Provider: "google"})
			r := f.response(ada)
			tt.change(w, &r)
			result, err := w.oauth.Callback(t.Context(), tt.provider, r)
			want(t, "Callback()", err, tt.want)
			if result.Code != "" {
				t.Error("a code was given out")
			}
			if users := w.store.AllUsers(t); len(users) != 0 {
				t.Errorf("%d users were made", len(users))
			}
		})
	}
}

// A flow with a challenge needs no cookie; the code is worth nothing without the verifier.
func TestTheChallengeTiesTheFlowToTheFrontEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	comes := func() string {
		t.Helper()
		f := w.start(t, dto.StartOAuthRequest{Provider: "google", CodeChallenge: challengeOf("the verifier"), CodeChallengeMethod: "S256"})
		r := f.response(ada)
		r.Binding = func(string) string { return "" }
		result, err := w.oauth.Callback(t.Context(), "google", r)
		if err != nil {
			t.Fatal(err)
		}
		return result.Code
	}
	exchange := func(code, verifier string) error {
		_, err := w.oauth.Exchange(t.Context(), dto.ExchangeRequest{Code: code, CodeVerifier: verifier}, models.Client{})
		return err
	}
	for name, wrong := range map[string]string{"a wrong verifier": "wrong", "no verifier": "", "the challenge": challengeOf("the verifier")} {
		code := comes()
		want(t, name, exchange(code, wrong), domain.ErrInvalidCode)
		want(t, "the right one after "+name, exchange(code, "the verifier"), domain.ErrInvalidCode)
	}
	if users := w.store.AllUsers(t); len(users) != 0 {
		t.Errorf("%d users were made", len(users))
	}
	want(t, "the right verifier", exchange(comes(), "the verifier"), nil)

	// Who took the challenge out of the start would get a code that needs no verifier.
	code := w.code(t, ada)
	want(t, "a verifier without a challenge", exchange(code, "the verifier"), domain.ErrInvalidCode)
}

func TestACodeThatComesAgainEndsItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code(t, ada)
	grant, err := w.exchange(code)
	if err != nil || !grant.IsNewUser {
		t.Fatalf("Exchange() = %+v, %v", grant, err)
	}
	p := w.principal(t, grant.AccessToken)
	other := w.mustLogIn(t, ada)
	w.clock.pass(5 * time.Minute) // long after its own time
	_, err = w.exchange(code)
	want(t, "the second time", err, domain.ErrInvalidCode)
	if w.isLive(t, p) {
		t.Error("the session that the code made lives on")
	}
	if !w.isLive(t, other) {
		t.Error("another session of the user ended, too")
	}
}

// Who comes second while the session is being made finds none to end; it ends all the same.
func TestACodeThatComesAgainMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code(t, ada)
	w.values.afterUse = func() {
		_, err := w.exchange(code)
		want(t, "the second", err, domain.ErrInvalidCode)
	}
	_, err := w.exchange(code)
	want(t, "the first", err, nil)
	for _, u := range w.store.AllUsers(t) {
		if n := len(w.store.SessionsOf(t, u.ID)); n != 0 {
			t.Errorf("%d sessions live", n)
		}
	}
}

func TestACodeIsGoodForAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code(t, ada)
	w.clock.pass(time.Minute)
	_, err := w.exchange(code)
	want(t, "after a minute", err, domain.ErrInvalidCode)
	for _, invented := range []string{"invented", strings.Repeat("x", 10_000)} {
		_, err = w.exchange(invented)
		want(t, "an invented code", err, domain.ErrInvalidCode)
	}
	_, err = w.exchange("")
	want(t, "no code", err, domain.ErrValidation)
}

func TestProviderThatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.code(t, ada)
	_, err := w.logIn(t, person{provider: "line", subject: "U1"})
	ticket := ticketOf(t, err)
	w.providers = registry{}
	_, err = w.exchange(code)
	want(t, "a code of before", err, domain.ErrInvalidCode)
	_, err = w.oauth.Complete(t.Context(), dto.CompleteOAuthRequest{Ticket: ticket, Email: "lin@example.com"}, models.Client{})
	want(t, "a ticket of before", err, domain.ErrInvalidTicket)
	if users := w.store.AllUsers(t); len(users) != 0 {
		t.Errorf("%d users were made", len(users))
	}
}

// Who reads the store learns neither a token that works nor who logs in.
func TestTheStoreSeesNoTokenInTheOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.start(t, dto.StartOAuthRequest{Provider: "google", State: "front-end-state"})
	result, err := w.oauth.Callback(t.Context(), "google", f.response(ada))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.logIn(t, person{provider: "line", subject: "U1"})
	ticket := ticketOf(t, err)
	if len(w.values.puts) != 2*3 { // two codes, a ticket
		t.Fatalf("%d values were kept", len(w.values.puts)/2)
	}
	for i, text := range w.values.puts {
		if i%2 == 1 {
			if _, err := base64.StdEncoding.DecodeString(text); err != nil {
				t.Errorf("a value is not sealed: %s", text)
			}
		}
		for _, secret := range []string{f.sent.Get("state"), f.sent.Get("nonce"), f.sent.Get("verifier"), f.Binding, result.Code, ticket, "ada@example.com", "front-end-state"} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%q stands in the store", secret)
			}
		}
	}
}

// ticketOf returns the ticket that came with domain.ErrEmailRequired.
func ticketOf(t *testing.T, err error) string {
	t.Helper()
	known, ok := errors.AsType[*domain.Error](err)
	if !ok || known.Code != domain.ErrEmailRequired.Code || known.Ticket == "" {
		t.Fatalf("%v, want ErrEmailRequired with a ticket", err)
	}
	return known.Ticket
}
