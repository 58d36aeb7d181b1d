package devidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
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
			"wrong secret":         {func(f url.Values) { f.Set("client_secret", "x") }, "invalid_client", false},
			"another grant_type":   {func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type", false},
			"unknown code":         {func(f url.Values) { f.Set("code", "x") }, "invalid_grant", false},
			"code twice":           {func(f url.Values) { f.Add("code", f.Get("code")) }, "invalid_request", false},
			"another redirect_uri": {func(f url.Values) { f.Set("redirect_uri", callback+"/") }, "invalid_grant", true},
			"no verifier":          {func(f url.Values) { f.Del("code_verifier") }, "invalid_grant", true},
			"wrong verifier":       {func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, "invalid_grant", true},
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
