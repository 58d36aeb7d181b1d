package simulator_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// callbackErrors is what a front end has to know: the last three for what is no fault of the
// provider's, and may pass.
var callbackErrors = []string{
	"access_denied", "invalid_state", "provider_error", "account_exists", "account_disabled", "provider_already_linked",
	"overloaded", "unavailable", "internal",
}

// TestDatabaseAway takes the database away while a person is at the provider.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	dsn, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	wire := harness.NewWire(t, dsn.Host)
	dsn.Host = wire.Addr
	w := newWorld(t, map[string]string{"DATABASE_URL": dsn.String()})
	t.Run("at the callback", func(t *testing.T) {
		person := w.someone()
		person.Token = func(map[string]any) { wire.Cut() }
		b := w.newBrowser()
		f := b.begin(t, fakeidp.Google, true)
		q := b.comeBack(t, b.decide(t, f, person))
		wire.Mend(t)
		if !slices.Contains(callbackErrors, q.Get("error")) || q.Get("state") != f.state {
			t.Errorf("the front end gets %v, want one of %v", q, callbackErrors)
		}
	})
	t.Run("at the exchange", func(t *testing.T) {
		person := w.someone()
		w.ready(t)
		code, verifier := w.newBrowser().consent(t, fakeidp.Google, person)
		wire.Cut()
		status, _, body, err := w.do(t.Context(), http.MethodPost, "/api/v1/auth/exchange", "", `{"code":"`+code+`","codeVerifier":"`+verifier+`"}`)
		wire.Mend(t)
		if err != nil || status < 500 {
			t.Errorf("exchange without a database = %d %s %v, want 5xx", status, body, err)
		}
		w.ready(t)
		w.ends(t, "with the database again", fakeidp.Google, person, "ok")
	})
}
