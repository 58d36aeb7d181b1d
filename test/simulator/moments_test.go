package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// TestChangesMeanwhile changes a user at the very moment that the person logs in.
func TestChangesMeanwhile(t *testing.T) {
	t.Parallel()
	changes := map[string]struct {
		change func(t *testing.T, w *world, a account)
		codes  []string // what the exchange may end with
	}{
		"deletion":     {func(t *testing.T, w *world, a account) { w.call(t, http.MethodDelete, "/users/me", a.Token, "", nil) }, []string{""}},
		"deactivation": {func(t *testing.T, w *world, a account) { w.change(t, a.User.ID, `{"isActive":false}`) }, []string{"", "account_disabled"}},
		"unlinking": {func(t *testing.T, w *world, a account) {
			w.call(t, http.MethodDelete, "/users/me/oauth-providers/google", a.Token, "", nil)
		}, []string{""}},
		"another e-mail": {func(t *testing.T, w *world, a account) {
			w.call(t, http.MethodPatch, "/users/me", a.Token, fmt.Sprintf(`{"email":%q}`, w.email("moved")), nil)
		}, []string{""}},
	}
	onBothDatabases(t, func(t *testing.T, w *world) {
		for name, test := range changes {
			for range 5 {
				person := w.someone()
				member := w.newBrowser().logIn(t, fakeidp.Google, person)
				w.newBrowser().link(t, fakeidp.LINE, member.Token, w.someone())
				codes, verifiers := make([]string, 5), make([]string, 5)
				for i := range codes {
					codes[i], verifiers[i] = w.newBrowser().consent(t, fakeidp.Google, person)
				}
				atOnce(6, func(i int) {
					if i == 5 {
						test.change(t, w, member)
						return
					}
					status, a, p := w.exchange(t, codes[i], verifiers[i])
					for _, allowed := range test.codes {
						if p.Code == allowed {
							return
						}
					}
					t.Errorf("%s meanwhile: exchange = %d %q %v", name, status, p.Code, a.User)
				})
				got, _, _ := w.newBrowser().outcome(t, fakeidp.Google, person)
				if got != "ok" && (name != "deactivation" || got != "account_disabled") {
					t.Errorf("after %s: %q", name, got)
				}
				if name == "deactivation" {
					if u := w.byID(t, member.User.ID); u.IsActive {
						t.Error("the disabled user is active again")
					}
				}
				if users := w.users(t, person.Email); len(users) > 1 {
					t.Errorf("after %s: there are %d users", name, len(users))
				}
			}
		}
	})
}

// TestRequestIDs follows the id of the exchange into the event, and the outcomes into the metrics.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	code, verifier := w.newBrowser().consent(t, fakeidp.LINE, w.someone())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base+"/api/v1/auth/exchange", strings.NewReader(fmt.Sprintf(`{"code":%q,"codeVerifier":%q}`, code, verifier)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-ID", "exchange-0001")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("X-Request-ID") != "exchange-0001" || !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("exchange = %d with %v", res.StatusCode, res.Header)
	}
	harness.Eventually(t, "the event of the exchange", func() error {
		if len(w.bus.about(func(e event) bool { return e.request == "exchange-0001" && e.Action == "created" })) != 1 {
			return harness.ErrNotYet
		}
		return nil
	})
	w.ends(t, "denied", fakeidp.Google, fakeidp.Answer{Denied: "access_denied"}, "access_denied")
	_, _, metrics, err := w.do(t.Context(), http.MethodGet, "/metrics", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`oauth_logins_total{provider="line",status="success"} 1`, `oauth_logins_total{provider="google",status="access_denied"} 1`, `oauth_provider_duration_seconds_count{call="token",provider="line"} 1`} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
