package devidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// faultOf returns the code of an error, in RFC 6749's words for Facebook too.
func faultOf(answer map[string]any) string {
	switch fault := answer["error"].(type) {
	case string:
		return fault
	case map[string]any:
		switch {
		case fault["code"] == 1.0:
			return "invalid_client"
		case fault["error_subcode"] == 36009.0:
			return "invalid_grant"
		case fault["code"] == 100.0 && fault["type"] == "OAuthException" && text(fault["fbtrace_id"]) != "":
			return "other"
		}
	}
	return ""
}

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		for name, c := range map[string]struct {
			change func(f url.Values)
			want   string
			burns  bool // whether the code is gone after that
		}{
			"no client":            {func(f url.Values) { f.Del("client_id") }, "invalid_client", false},
			"another client":       {func(f url.Values) { f.Set("client_id", "x") }, "invalid_client", false},
			"no secret":            {func(f url.Values) { f.Del("client_secret") }, "invalid_client", false},
			"wrong secret":         {func(f url.Values) { f.Set("client_secret", "x") }, "invalid_client", false},
			"no grant_type":        {func(f url.Values) { f.Del("grant_type") }, "invalid_request", false},
			"another grant_type":   {func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type", false},
			"no code":              {func(f url.Values) { f.Del("code") }, "invalid_request", false},
			"unknown code":         {func(f url.Values) { f.Set("code", "x") }, "invalid_grant", false},
			"code twice":           {func(f url.Values) { f.Add("code", f.Get("code")) }, "invalid_request", false},
			"secret twice":         {func(f url.Values) { f.Add("client_secret", f.Get("client_secret")) }, "invalid_request", false},
			"no redirect_uri":      {func(f url.Values) { f.Del("redirect_uri") }, "invalid_grant", true},
			"another redirect_uri": {func(f url.Values) { f.Set("redirect_uri", callback+"/") }, "invalid_grant", true},
			"no verifier":          {func(f url.Values) { f.Del("code_verifier") }, "invalid_grant", true},
			"wrong verifier":       {func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, "invalid_grant", true},
			"challenge for it":     {func(f url.Values) { f.Set("code_verifier", challengeOf(verifier)) }, "invalid_grant", true},
		} {
			code := i.code(provider, "ada", query(provider))
			f := form(provider, code)
			c.change(f)
			status, answer := i.redeem(provider, f)
			want := c.want
			if provider == "facebook" && (want == "invalid_request" || want == "unsupported_grant_type") {
				want = "other"
			}
			wantStatus := http.StatusBadRequest
			if provider == "google" && want == "invalid_client" {
				wantStatus = http.StatusUnauthorized
			}
			if status != wantStatus || faultOf(answer) != want || answer["access_token"] != nil {
				t.Errorf("%s, %s: %d %v, want %s", provider, name, status, answer, want)
			}
			wantStatus = http.StatusOK
			if c.burns {
				wantStatus = http.StatusBadRequest
			}
			if status, answer := i.redeem(provider, form(provider, code)); status != wantStatus {
				t.Errorf("%s, after %s: %d %v", provider, name, status, answer)
			}
		}
	}
}

// The token endpoint takes a form in the body of a POST, and nothing else.
func TestTokenTakesFormsOnly(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		address, f := i.Endpoints(provider).Token, form(provider, i.code(provider, "ada", query(provider)))
		asJSON := i.request(http.MethodPost, address, f)
		asJSON.Header.Set("Content-Type", "application/json")
		untyped := i.request(http.MethodPost, address, f)
		untyped.Header.Del("Content-Type")
		for name, req := range map[string]*http.Request{
			"GET": i.request(http.MethodGet, address+"?"+f.Encode(), nil), "query": i.request(http.MethodPost, address+"?"+f.Encode(), nil),
			"query too": i.request(http.MethodPost, address+"?code=x", f), "JSON": asJSON, "no type": untyped,
			"too long": i.request(http.MethodPost, address, url.Values{"code": {strings.Repeat("x", 20<<10)}}),
		} {
			if status, answer := i.send(req); status < 400 || status >= 500 || answer["access_token"] != nil {
				t.Errorf("%s, %s: %d %v", provider, name, status, answer)
			}
		}
		if status, answer := i.redeem(provider, f); status != http.StatusOK {
			t.Errorf("%s, at last: %d %v", provider, status, answer)
		}
	}
}

// LINE and Facebook take the secret in the body only.
func TestTokenRefusesBasic(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, provider := range []string{"line", "facebook"} {
		f := form(provider, i.code(provider, "ada", query(provider)))
		for _, inBody := range []bool{true, false} {
			if !inBody {
				f.Del("client_secret")
			}
			req := i.request(http.MethodPost, i.Endpoints(provider).Token, f)
			req.SetBasicAuth(url.QueryEscape("client-at-"+provider), url.QueryEscape(secretOf(provider)))
			if status, answer := i.send(req); status != http.StatusBadRequest || faultOf(answer) != "invalid_client" {
				t.Errorf("%s: %d %v", provider, status, answer)
			}
		}
	}
}

// A code of one provider means nothing to another.
func TestCodesDoNotMix(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		for other := range scopes {
			if status, _ := i.redeem(other, form(other, i.code(provider, "ada", query(provider)))); (status == http.StatusOK) != (provider == other) {
				t.Errorf("a code of %s at %s: %d", provider, other, status)
			}
		}
	}
}

func TestCodesLastAMinute(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		early, late := i.code(provider, "ada", query(provider)), i.code(provider, "ada", query(provider))
		i.wait(50 * time.Second)
		if status, answer := i.redeem(provider, form(provider, early)); status != http.StatusOK {
			t.Errorf("%s, after 50 s: %d %v", provider, status, answer)
		}
		i.wait(10 * time.Second)
		if status, answer := i.redeem(provider, form(provider, late)); status != http.StatusBadRequest || faultOf(answer) != "invalid_grant" {
			t.Errorf("%s, after 60 s: %d %v", provider, status, answer)
		}
	}
}

// The second use of a code ends what the first one gave, after its minute too.
func TestSecondUseRevokes(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider := range scopes {
		code := i.code(provider, "ada", query(provider))
		_, answer := i.redeem(provider, form(provider, code))
		access := text(answer["access_token"])
		address := i.Endpoints(provider).Userinfo
		if provider == "facebook" {
			address += "?appsecret_proof=" + proofOf(access)
		}
		if status, answer := i.get(address, access); status != http.StatusOK {
			t.Fatalf("%s, before: %d %v", provider, status, answer)
		}
		i.wait(2 * time.Minute)
		if status, answer := i.redeem(provider, form(provider, code)); status != http.StatusBadRequest || faultOf(answer) != "invalid_grant" {
			t.Errorf("%s, second use: %d %v", provider, status, answer)
		}
		if status, answer := i.get(address, access); status == http.StatusOK {
			t.Errorf("%s, after: %d %v", provider, status, answer)
		}
	}
}

func TestAccessTokensExpire(t *testing.T) {
	t.Parallel()
	i := start(t)
	access := text(i.login("google", "ada", query("google"))["access_token"])
	i.wait(time.Hour)
	if status, _ := i.get(i.Endpoints("google").Userinfo, access); status != http.StatusUnauthorized {
		t.Errorf("after an hour: %d", status)
	}
}
