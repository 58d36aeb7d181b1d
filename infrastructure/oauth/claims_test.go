package oauth

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestClaims has genuine tokens with claims that are wrong, and some that are not.
func TestClaims(t *testing.T) {
	t.Parallel()
	now := newFake(t, google).clock.now()
	put := func(name string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = value } }
	drop := func(name string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, name) } }
	both := func(aud, azp any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c["aud"], c["azp"] = aud, azp }
	}
	tests := map[string]struct {
		change func(jwt.MapClaims)
		want   string // empty: the token is taken
	}{
		"nonce: none":       {drop("nonce"), "nonce"},
		"nonce: another":    {put("nonce", "nonce-of-another"), "nonce"},
		"nonce: in letters": {func(c jwt.MapClaims) { c["Nonce"] = c["nonce"]; delete(c, "nonce") }, "nonce"},

		"exp: past":           {put("exp", now.Add(-time.Hour).Unix()), "expired"},
		"exp: now":            {put("exp", now.Unix()), "expired"},
		"exp: in a second":    {put("exp", now.Unix()+1), ""},
		"exp: none":           {drop("exp"), "exp is no time"},
		"exp: a text":         {put("exp", "4102444800"), "exp is no time"},
		"exp: beyond numbers": {put("exp", 1e300), "exp is no time"},

		"iat: a minute ahead": {put("iat", now.Unix()+60), ""},
		"iat: more":           {put("iat", now.Unix()+61), "iat"},
		"nbf: more":           {put("nbf", now.Unix()+61), "nbf"},

		"aud: another":               {put("aud", "client-2"), "aud"},
		"aud: none":                  {drop("aud"), "aud"},
		"aud: an empty list":         {put("aud", []string{}), "aud"},
		"aud: a list of one":         {put("aud", []string{clientID}), ""},
		"aud: several, no azp":       {put("aud", []string{clientID, "client-2"}), "aud"},
		"aud: several, azp":          {both([]string{"client-2", clientID}, clientID), "aud"},
		"azp: another":               {put("azp", "client-2"), "azp"},
		"aud: another, azp this one": {both("client-2", clientID), "aud"},

		"iss: none":         {drop("iss"), "iss"},
		"iss: a slash more": {func(c jwt.MapClaims) { c["iss"] = c["iss"].(string) + "/" }, "iss"},
		"iss: http":         {func(c jwt.MapClaims) { c["iss"] = strings.Replace(c["iss"].(string), "https", "http", 1) }, "iss"},
		"iss: an evil one":  {put("iss", "https://accounts.google.com.evil.example"), "iss"},

		"at_hash: right": {put("at_hash", halfHash(accessToken+"-"+subject)), ""},
		"at_hash: wrong": {put("at_hash", halfHash("another")), "at_hash"},
	}
	for name, test := range tests {
		for _, k := range oidcKinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.claims = test.change
				_, err := logIn(t, f, f.provider())
				if test.want != "" {
					refused(t, f, err, "id_token: ")
					refused(t, f, err, test.want)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestIssuer has who may have signed, by what is configured.
func TestIssuer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind               kind
		configured, issuer string
		taken              bool
	}{
		{google, "", "https://accounts.google.com", true},
		{google, "", "accounts.google.com", true},
		{google, "", "https://access.line.me", false},
		{google, "https://accounts.google.com", "accounts.google.com", true},
		{google, "https://login.example", "https://login.example", true},
		{google, "https://login.example", "https://login.example/", false},
		{google, "https://login.example", "https://accounts.google.com", false},
		{lineWeb, "", "https://access.line.me", true},
		{lineApp, "https://line.example", "https://line.example", true},
		{lineApp, "https://line.example", "https://access.line.me", false},
	}
	for _, test := range tests {
		t.Run(test.kind.name+"/"+test.configured+"/"+test.issuer, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			f.claims = func(c jwt.MapClaims) { c["iss"] = test.issuer }
			c := f.client()
			c.Issuer = test.configured
			_, err := logIn(t, f, test.kind.make(c, f.deps()))
			if !test.taken {
				refused(t, f, err, "iss")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
