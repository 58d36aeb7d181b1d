package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// TestMixedFlows puts log-ins and linkings of one browser together in the wrong way.
func TestMixedFlows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	owner := w.someone()
	known := w.newBrowser().logIn(t, fakeidp.LINE, owner)
	member := w.register(t, w.email("member"))
	b := w.newBrowser()

	// A log-in that comes back while a linking is under way logs in, and links nothing.
	login, linking := b.begin(t, fakeidp.LINE, false), b.beginLink(t, fakeidp.Google, member.Token)
	linkBack := b.decide(t, linking, w.someone())
	q := b.comeBack(t, b.decide(t, login, owner))
	if status, a, p := w.exchange(t, q.Get("code"), ""); status != http.StatusOK || a.User.ID != known.User.ID {
		t.Errorf("the log-in beside a linking: %d %q %v", status, p.Code, a.User)
	}
	if ids := w.identities(t, member.Token); len(ids) != 0 {
		t.Errorf("the log-in has linked %v", ids)
	}
	if q := b.comeBack(t, linkBack); q.Get("linked") != fakeidp.Google || q.Has("code") {
		t.Errorf("the linking beside a log-in: %v", q)
	}
	if q := b.comeBack(t, linkBack); q.Get("error") != "invalid_state" {
		t.Errorf("the linking again: %v, want invalid_state", q)
	}

	// A linking of a stranger's session does not come back in the owner's browser.
	victim := w.newBrowser()
	victim.begin(t, fakeidp.Facebook, false)
	attacker := w.newBrowser()
	planted := attacker.decide(t, attacker.beginLink(t, fakeidp.Facebook, member.Token), w.someone())
	if q := victim.comeBack(t, planted); q.Get("error") != "invalid_state" {
		t.Errorf("a stranger's linking in another browser: %v, want invalid_state", q)
	}

	// A parameter of a linking's start does not make it a log-in by the challenge.
	got, err := attacker.open(t.Context(), http.MethodPost, "/api/v1/users/me/oauth-providers/facebook?code_challenge_method=S256&code_challenge="+s256("verifier"), member.Token)
	if err != nil {
		t.Fatal(err)
	}
	f := flow{provider: fakeidp.Facebook, url: urlOf(t, got)}
	if q := w.newBrowser().comeBack(t, attacker.decide(t, f, w.someone())); q.Get("error") != "invalid_state" {
		t.Errorf("a linking with a challenge in another browser: %v, want invalid_state", q)
	}
}

// TestLongStarts begins flows with more than a URL should have.
func TestLongStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, n := range []int{1000, 2000, 10_000} {
		status, _, body, err := w.do(t.Context(), http.MethodGet, "/api/v1/auth/google?"+url.Values{"state": {strings.Repeat("s", n)}}.Encode(), "", "")
		if err != nil || status >= 500 {
			t.Errorf("a state of %d characters = %d %s %v", n, status, body, err)
		}
	}
	b := w.newBrowser()
	f := b.begin(t, fakeidp.Google, true)
	if got, _, _ := b.finish(t, f, b.decide(t, f, w.someone())+"&more="+strings.Repeat("m", 2000)); got != "ok" {
		t.Errorf("a callback with a long parameter that nobody knows: %q, want ok", got)
	}
}
