package e2e

import (
	"net/url"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// A provider that does not answer holds up no stop. Who logs in just then hears of it, and is
// not logged in.
func TestStoppedWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		provider := newIDP(t)
		provider.configure(env)
		s := start(t, env)
		f := newFlow(t, "google")
		location := f.mustBegin(t, s, devidptest.As("ada"))
		provider.hangs(t)
		var query url.Values
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			query, err = f.callback(s, location)
		}()
		await(t, provider.hanging, "the service waits for the provider")
		s.stop(t)
		await(t, ended, "the browser is told")
		if err != nil || query.Get("error") != "provider_error" || query.Get("state") != f.state {
			t.Errorf("the front end gets %v, %v; want provider_error", query, err)
		}
	})
}
