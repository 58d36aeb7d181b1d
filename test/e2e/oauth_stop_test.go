package e2e

import (
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// A provider that does not answer holds up no stop, and nobody is logged in by it.
func TestStoppedWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		provider := newIDP(t)
		provider.configure(env)
		s := start(t, env)
		f := newFlow(t, "google")
		location := f.mustBegin(t, s, devidptest.As("ada"))
		provider.hangs(t)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			query, err := f.callback(s, location)
			t.Logf("the browser gets %v, %v", query, err)
		}()
		await(t, provider.hanging, "the service waits for the provider")
		s.stop(t)
		await(t, ended, "the browser is told")
	})
}
