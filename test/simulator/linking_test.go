package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/test/fakeidp"
)

// TestLinking links and unlinks the identities of a user.
func TestLinking(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		member := w.register(t, w.email("member"))
		before := w.me(t, member.Token)
		people := map[string]fakeidp.Answer{}
		for _, provider := range fakeidp.Names {
			people[provider] = fakeidp.Answer{Subject: w.name("s"), Email: strings.ToUpper(before.Email), Verified: provider != fakeidp.Google, Name: "Renamed"}
			if q := w.newBrowser().link(t, provider, member.Token, people[provider]); !cmp.Equal(q, url.Values{"linked": {provider}}) {
				t.Errorf("linking %s: the front end gets %v", provider, q)
			}
			w.refused(t, http.MethodPost, "/users/me/oauth-providers/"+provider, member.Token, "", http.StatusConflict, "provider_already_linked")
		}
		status, _, body, err := w.do(t.Context(), http.MethodGet, "/api/v1/users/me/oauth-providers", member.Token, "")
		var raw []map[string]any
		if err != nil || status != http.StatusOK || json.Unmarshal(body, &raw) != nil || len(raw) != 3 {
			t.Fatalf("the linked accounts = %d %s %v", status, body, err)
		}
		for _, one := range raw {
			if len(one) != 3 || one["providerId"] != people[one["provider"].(string)].Subject || one["createdAt"] == "" {
				t.Errorf("a linked account is %v", one)
			}
		}
		if after := w.me(t, member.Token); !cmp.Equal(after, before) {
			t.Errorf("linking has changed the user: %s", cmp.Diff(before, after))
		}
		for provider, person := range people {
			if got := w.newBrowser().logIn(t, provider, person); got.User.ID != member.User.ID || got.IsNewUser {
				t.Errorf("%s logs in as %+v", provider, got)
			}
		}
		for _, provider := range fakeidp.Names {
			w.must(t, http.MethodDelete, "/users/me/oauth-providers/"+provider, member.Token, "", http.StatusNoContent, nil)
			if status, _ := w.call(t, http.MethodDelete, "/users/me/oauth-providers/"+provider, member.Token, "", nil); status != http.StatusNotFound {
				t.Errorf("unlinking %s again = %d, want 404", provider, status)
			}
			w.ends(t, provider+" after it was unlinked", provider, people[provider], "account_exists")
		}
		w.told(t, member.User.ID, "created")
	})
}

// TestLastLogInMethod unlinks the only way in.
func TestLastLogInMethod(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		person := w.someone()
		member := w.newBrowser().logIn(t, fakeidp.LINE, person)
		unlink := func(provider string) (int, string) {
			status, p := w.call(t, http.MethodDelete, "/users/me/oauth-providers/"+provider, member.Token, "", nil)
			return status, p.Code
		}
		if status, code := unlink(fakeidp.LINE); status != http.StatusConflict || code != "last_login_method" {
			t.Errorf("unlinking the only way in = %d %q, want 409 last_login_method", status, code)
		}
		if status, _ := unlink(fakeidp.Google); status != http.StatusNotFound {
			t.Errorf("unlinking what is not linked = %d, want 404", status)
		}
		w.newBrowser().link(t, fakeidp.Google, member.Token, w.someone())
		for range 5 { // two at once must not both go
			w.newBrowser().link(t, fakeidp.Facebook, member.Token, w.someone())
			w.call(t, http.MethodDelete, "/users/me/oauth-providers/google", member.Token, "", nil)
			var gone atomic.Int64
			atOnce(2, func(i int) {
				if status, _ := unlink([]string{fakeidp.LINE, fakeidp.Facebook}[i]); status == http.StatusNoContent {
					gone.Add(1)
				}
			})
			ids := w.identities(t, member.Token)
			if gone.Load() != 1 || len(ids) != 1 {
				t.Fatalf("%d of the last two went at once, and there are %v", gone.Load(), ids)
			}
			if ids[fakeidp.LINE] == "" {
				w.newBrowser().link(t, fakeidp.LINE, member.Token, person)
				w.call(t, http.MethodDelete, "/users/me/oauth-providers/facebook", member.Token, "", nil)
			}
		}
		w.must(t, http.MethodPut, "/users/me/password", member.Token, fmt.Sprintf(`{"newPassword":%q}`, password), http.StatusNoContent, nil)
		if status, code := unlink(fakeidp.LINE); status != http.StatusNoContent {
			t.Errorf("unlinking with a password = %d %q, want 204", status, code)
		}
		if u := w.me(t, member.Token); !u.IsOauthUser || u.OauthProvider == nil || *u.OauthProvider != fakeidp.LINE {
			t.Errorf("unlinking has changed the user: %+v", u)
		}
	})
}

// TestLinkingRefused links what must not be linked.
func TestLinkingRefused(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		owner := w.someone()
		other := w.newBrowser().logIn(t, fakeidp.LINE, owner)
		member := w.register(t, w.email("member"))
		none := func(why string, q url.Values, want string) {
			t.Helper()
			if q.Get("error") != want || q.Has("linked") || q.Has("code") {
				t.Errorf("%s: the front end gets %v, want %s", why, q, want)
			}
			if ids := w.identities(t, w.logIn(t, member.User.Email).Token); len(ids) != 0 {
				t.Fatalf("%s: the identities are %v", why, ids)
			}
		}
		none("somebody else's identity", w.newBrowser().link(t, fakeidp.LINE, member.Token, owner), "provider_already_linked")
		none("denied", w.newBrowser().link(t, fakeidp.LINE, member.Token, fakeidp.Answer{Denied: "access_denied"}), "access_denied")
		none("failed", w.newBrowser().link(t, fakeidp.LINE, member.Token, fakeidp.Answer{}), "provider_error")

		b := w.newBrowser()
		callback := b.decide(t, b.beginLink(t, fakeidp.LINE, member.Token), w.someone())
		none("in another browser", w.newBrowser().comeBack(t, callback), "invalid_state")

		session := w.logIn(t, member.User.Email)
		b = w.newBrowser()
		callback = b.decide(t, b.beginLink(t, fakeidp.LINE, session.Token), w.someone())
		w.must(t, http.MethodPost, "/auth/logout", session.Token, "", http.StatusNoContent, nil)
		if q := b.comeBack(t, callback); q.Has("linked") || q.Get("error") == "" {
			t.Errorf("after the log-out: the front end gets %v", q)
		}
		session = w.logIn(t, member.User.Email)
		b = w.newBrowser()
		callback = b.decide(t, b.beginLink(t, fakeidp.LINE, session.Token), w.someone())
		w.change(t, member.User.ID, `{"isActive":false}`)
		if q := b.comeBack(t, callback); q.Has("linked") || q.Get("error") == "" {
			t.Errorf("a disabled user: the front end gets %v", q)
		}
		w.change(t, member.User.ID, `{"isActive":true}`)
		if ids := w.identities(t, w.logIn(t, member.User.Email).Token); len(ids) != 0 {
			t.Errorf("the identities are %v", ids)
		}

		// Two linkings under way, with two subjects.
		session = w.logIn(t, member.User.Email)
		b = w.newBrowser()
		first := b.decide(t, b.beginLink(t, fakeidp.Google, session.Token), w.someone())
		second := b.decide(t, b.beginLink(t, fakeidp.Google, session.Token), w.someone())
		one, two := b.comeBack(t, first), b.comeBack(t, second)
		if one.Get("linked") != fakeidp.Google || two.Get("error") != "provider_already_linked" {
			t.Errorf("two linkings: %v and %v, want one linked and provider_already_linked", one, two)
		}
		if ids := w.identities(t, other.Token); len(ids) != 1 || ids[fakeidp.LINE] != owner.Subject {
			t.Errorf("the other's identities are %v", ids)
		}
	})
}

// TestLinkingsAtOnce links one identity to ten users at once, and ten identities to one.
func TestLinkingsAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		person := w.someone()
		const many = 10
		browsers, callbacks := make([]*browser, many), make([]string, many)
		for i := range many {
			browsers[i] = w.newBrowser()
			callbacks[i] = browsers[i].decide(t, browsers[i].beginLink(t, fakeidp.LINE, w.register(t, w.email("many")).Token), person)
		}
		linked := func() int64 {
			var n atomic.Int64
			atOnce(many, func(i int) {
				q := browsers[i].comeBack(t, callbacks[i])
				if q.Get("linked") != "" {
					n.Add(1)
				} else if q.Get("error") != "provider_already_linked" {
					t.Errorf("the front end gets %v, want provider_already_linked", q)
				}
			})
			return n.Load()
		}
		if n := linked(); n != 1 {
			t.Errorf("one identity was linked to %d users", n)
		}
		member := w.register(t, w.email("member"))
		for i := range many {
			browsers[i] = w.newBrowser()
			callbacks[i] = browsers[i].decide(t, browsers[i].beginLink(t, fakeidp.Facebook, member.Token), w.someone())
		}
		if n := linked(); n != 1 || len(w.identities(t, member.Token)) != 1 {
			t.Errorf("%d identities of one provider were linked to one user", n)
		}
	})
}
