package devidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// What is wrong with the client or its address is shown to the person and sent nowhere
// (RFC 6749 section 4.1.2.1).
func TestAuthorizeShowsFaults(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		for name, q := range map[string]url.Values{
			"no client_id":         with(query(provider), "client_id"),
			"unknown client_id":    with(query(provider), "client_id", "<script>x"),
			"another redirect_uri": with(query(provider), "redirect_uri", "https://evil.example.com/"),
			"redirect_uri twice":   with(query(provider), "redirect_uri", callback, "https://evil.example.com/"),
			"far too long a state": with(query(provider), "state", strings.Repeat("x", 20<<10)),
		} {
			resp, body := i.visit(i.request(http.MethodGet, i.authorizeURL(provider, q), nil))
			if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" || !strings.Contains(body, "Something is wrong") || strings.Contains(body, "<script") {
				t.Errorf("%s, %s: %s, Location %q", provider, name, resp.Status, resp.Header.Get("Location"))
			}
		}
	}
}

// What else is wrong with a request is told to the application.
func TestAuthorizeSendsFaultsBack(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		for name, c := range map[string]struct {
			query url.Values
			code  string
			state string
		}{
			"response_type token": {with(query(provider), "response_type", "token"), "unsupported_response_type", state},
			"no state":            {with(query(provider), "state"), "invalid_request", ""},
			"state twice":         {with(query(provider), "state", "a", "b"), "invalid_request", ""},
			"unknown scope":       {with(query(provider), "scope", scopes[provider]+" admin"), "invalid_scope", state},
			"PKCE plain":          {with(query(provider), "code_challenge_method", "plain"), "invalid_request", state},
			"short challenge":     {with(query(provider), "code_challenge", challengeOf(verifier)[:42]), "invalid_request", state},
			"prompt none":         {with(query(provider), "prompt", "none"), "interaction_required", state},
		} {
			i.sentBack(t, provider+", "+name, provider, c.query, c.code, c.state)
		}
	}
	for _, provider := range []string{"google", "line"} {
		i.sentBack(t, provider+", no nonce", provider, with(query(provider), "nonce"), "invalid_request", state)
		i.sentBack(t, provider+", no scope", provider, with(query(provider), "scope"), "invalid_scope", state)
	}
}

func (i *idp) sentBack(t *testing.T, name, provider string, q url.Values, code, state string) {
	t.Helper()
	resp, _ := i.visit(i.request(http.MethodGet, i.authorizeURL(provider, q), nil))
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("%s: %s", name, resp.Status)
		return
	}
	back := answerOf(t, resp.Header.Get("Location"))
	if back.Get("error") != code || back.Get("state") != state || back.Has("state") != (state != "") || back.Has("code") || back.Get("error_description") == "" {
		t.Errorf("%s: sent back with %v", name, back)
	}
}

func TestDeny(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider, reason := range map[string]string{"google": "", "line": "", "facebook": "user_denied"} {
		back := answerOf(t, devidptest.Deny(t, i.client, i.authorizeURL(provider, query(provider))))
		if back.Get("error") != "access_denied" || back.Get("error_reason") != reason || back.Get("state") != state || back.Has("code") {
			t.Errorf("%s: sent back with %v", provider, back)
		}
	}
}
