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
			"no client_id":          with(query(provider), "client_id"),
			"unknown client_id":     with(query(provider), "client_id", "<script>x"),
			"client_id twice":       with(query(provider), "client_id", "client-at-"+provider, "client-at-"+provider),
			"no redirect_uri":       with(query(provider), "redirect_uri"),
			"another redirect_uri":  with(query(provider), "redirect_uri", "https://evil.example.com/"),
			"longer redirect_uri":   with(query(provider), "redirect_uri", callback+"&a=b"),
			"shorter redirect_uri":  with(query(provider), "redirect_uri", strings.TrimSuffix(callback, "?tenant=7")),
			"redirect_uri's case":   with(query(provider), "redirect_uri", strings.Replace(callback, "app.", "APP.", 1)),
			"redirect_uri with #":   with(query(provider), "redirect_uri", callback+"#x"),
			"redirect_uri twice":    with(query(provider), "redirect_uri", callback, "https://evil.example.com/"),
			"far too long a state":  with(query(provider), "state", strings.Repeat("x", 20<<10)),
			"nothing but redirects": {"redirect_uri": {callback}},
		} {
			resp, body := i.visit(i.request(http.MethodGet, i.authorizeURL(provider, q), nil))
			if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" || !strings.Contains(body, "Something is wrong") || strings.Contains(body, "<script") {
				t.Errorf("%s, %s: %s, Location %q", provider, name, resp.Status, resp.Header.Get("Location"))
			}
		}
		if resp, _ := i.visit(i.request(http.MethodGet, i.Endpoints(provider).Auth+"?a=%zz", nil)); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s, broken escapes: %s", provider, resp.Status)
		}
		if resp, _ := i.visit(i.request(http.MethodPost, i.Endpoints(provider).Auth, query(provider))); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s, POST: %s", provider, resp.Status)
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
			"no response_type":    {with(query(provider), "response_type"), "invalid_request", state},
			"response_type token": {with(query(provider), "response_type", "token"), "unsupported_response_type", state},
			"hybrid":              {with(query(provider), "response_type", "code id_token"), "unsupported_response_type", state},
			"fragment mode":       {with(query(provider), "response_mode", "fragment"), "invalid_request", state},
			"no state":            {with(query(provider), "state"), "invalid_request", ""},
			"empty state":         {with(query(provider), "state", ""), "invalid_request", ""},
			"state twice":         {with(query(provider), "state", "a", "b"), "invalid_request", ""},
			"scope twice":         {with(query(provider), "scope", "email", "email"), "invalid_request", state},
			"unknown scope":       {with(query(provider), "scope", scopes[provider]+" admin"), "invalid_scope", state},
			"no PKCE":             {with(with(query(provider), "code_challenge"), "code_challenge_method"), "invalid_request", state},
			"PKCE plain":          {with(query(provider), "code_challenge_method", "plain"), "invalid_request", state},
			"no PKCE method":      {with(query(provider), "code_challenge_method"), "invalid_request", state},
			"short challenge":     {with(query(provider), "code_challenge", challengeOf(verifier)[:42]), "invalid_request", state},
			"padded challenge":    {with(query(provider), "code_challenge", challengeOf(verifier)+"="), "invalid_request", state},
			"challenge alphabet":  {with(query(provider), "code_challenge", strings.Repeat("+", 43)), "invalid_request", state},
			"prompt none":         {with(query(provider), "prompt", "none"), "interaction_required", state},
		} {
			i.sentBack(t, provider+", "+name, provider, c.query, c.code, c.state)
		}
	}
	for _, provider := range []string{"google", "line"} {
		i.sentBack(t, provider+", no nonce", provider, with(query(provider), "nonce"), "invalid_request", state)
		i.sentBack(t, provider+", no scope", provider, with(query(provider), "scope"), "invalid_scope", state)
	}
	i.sentBack(t, "LINE's email without openid", "line", with(query("line"), "scope", "profile email"), "invalid_scope", state)
	i.sentBack(t, "Google's access_type", "google", with(query("google"), "access_type", "x"), "invalid_request", state)
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
