package simulator_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/fakeidp"
)

// forgery is one way to change an id_token.
type forgery struct {
	forge func(t *fakeidp.IDToken)
	want  string // "provider_error" where empty
}

// forgeries is what may be wrong with an id_token of any provider, and what may not.
var forgeries = map[string]forgery{
	"signature of another key":      {forge: func(t *fakeidp.IDToken) { t.Key = otherKey(t) }},
	"claims changed after signing":  {forge: func(t *fakeidp.IDToken) { t.Tamper = true }},
	"no signature":                  {forge: func(t *fakeidp.IDToken) { t.Key = nil }},
	"alg none, no signature":        {forge: func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "none", nil }},
	"alg None, no signature":        {forge: func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "None", nil }},
	"alg none, good signature":      {forge: func(t *fakeidp.IDToken) { t.Header["alg"] = "none" }},
	"alg absent":                    {forge: func(t *fakeidp.IDToken) { delete(t.Header, "alg") }},
	"alg HS512":                     {forge: func(t *fakeidp.IDToken) { t.Header["alg"] = "HS512" }},
	"alg RS512":                     {forge: func(t *fakeidp.IDToken) { t.Header["alg"] = "RS512" }},
	"alg EdDSA":                     {forge: func(t *fakeidp.IDToken) { t.Header["alg"] = "EdDSA" }},
	"critical extension":            {forge: func(t *fakeidp.IDToken) { t.Header["crit"], t.Header["b64"] = []string{"b64"}, false }},
	"HS256 with an empty secret":    {forge: func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", []byte{} }},
	"HS256 with the client's id":    {forge: func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", []byte(t.Provider.ClientID) }},
	"key that the token brings":     {forge: func(t *fakeidp.IDToken) { bring(t) }},
	"kid unknown":                   {forge: func(t *fakeidp.IDToken) { asymmetric(t); t.Header["kid"] = "nobody" }},
	"kid a number":                  {forge: func(t *fakeidp.IDToken) { asymmetric(t); t.Header["kid"] = 7 }},
	"iss absent":                    {forge: func(t *fakeidp.IDToken) { delete(t.Claims, "iss") }},
	"iss empty":                     {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = "" }},
	"iss of somebody":               {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = "https://evil.example" }},
	"iss with a slash":              {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = t.Provider.Issuer() + "/" }},
	"iss by http":                   {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = strings.Replace(t.Provider.Issuer(), "https", "http", 1) }},
	"iss in capitals":               {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = strings.ToUpper(t.Provider.Issuer()) }},
	"iss that begins so":            {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = t.Provider.Issuer() + ".evil.example" }},
	"iss a list":                    {forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = []string{t.Provider.Issuer()} }},
	"aud absent":                    {forge: func(t *fakeidp.IDToken) { delete(t.Claims, "aud") }},
	"aud null":                      {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = nil }},
	"aud empty list":                {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{} }},
	"aud of another client":         {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = "another-client" }},
	"aud of others":                 {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{"a", "b"} }},
	"aud ours and another's":        {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{t.Provider.ClientID, "another-client"} }},
	"aud that begins so":            {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = t.Provider.ClientID + "x" }},
	"azp of another client":         {forge: func(t *fakeidp.IDToken) { t.Claims["azp"] = "another-client" }},
	"exp absent":                    {forge: func(t *fakeidp.IDToken) { delete(t.Claims, "exp") }},
	"exp null":                      {forge: func(t *fakeidp.IDToken) { t.Claims["exp"] = nil }},
	"exp zero":                      {forge: func(t *fakeidp.IDToken) { t.Claims["exp"] = 0 }},
	"exp an hour ago":               {forge: func(t *fakeidp.IDToken) { t.Claims["exp"] = in(-time.Hour) }},
	"exp ten minutes ago":           {forge: func(t *fakeidp.IDToken) { t.Claims["exp"] = in(-10 * time.Minute) }},
	"exp a word":                    {forge: func(t *fakeidp.IDToken) { t.Claims["exp"] = "tomorrow" }},
	"iat in a day":                  {forge: func(t *fakeidp.IDToken) { t.Claims["iat"], t.Claims["exp"] = in(24*time.Hour), in(48*time.Hour) }},
	"nbf in a day":                  {forge: func(t *fakeidp.IDToken) { t.Claims["nbf"] = in(24 * time.Hour) }},
	"nonce absent":                  {forge: func(t *fakeidp.IDToken) { delete(t.Claims, "nonce") }},
	"nonce empty":                   {forge: func(t *fakeidp.IDToken) { t.Claims["nonce"] = "" }},
	"nonce null":                    {forge: func(t *fakeidp.IDToken) { t.Claims["nonce"] = nil }},
	"nonce wrong":                   {forge: func(t *fakeidp.IDToken) { t.Claims["nonce"] = "n-0S6_WzA2Mj" }},
	"nonce in a list":               {forge: func(t *fakeidp.IDToken) { t.Claims["nonce"] = []any{t.Claims["nonce"]} }},
	"nonce of the other case":       {forge: func(t *fakeidp.IDToken) { t.Claims["nonce"] = swapCase(t.Claims["nonce"].(string)) }},
	"sub absent":                    {forge: func(t *fakeidp.IDToken) { delete(t.Claims, "sub") }},
	"sub empty":                     {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = "" }},
	"sub null":                      {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = nil }},
	"sub a number":                  {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = 12345 }},
	"sub an object":                 {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = map[string]any{"id": "1"} }},
	"sub of spaces":                 {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = "   " }},
	"sub of 300 characters":         {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = strings.Repeat("s", 300) }},
	"sub of 100,000 characters":     {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = strings.Repeat("s", 100_000) }},
	"sub with NUL":                  {forge: func(t *fakeidp.IDToken) { t.Claims["sub"] = "a\x00b" }},
	"claims a list":                 {forge: func(t *fakeidp.IDToken) { t.Raw = "e30.W10.e30" }},
	"token of garbage":              {forge: func(t *fakeidp.IDToken) { t.Raw = "garbage" }},
	"token of dots":                 {forge: func(t *fakeidp.IDToken) { t.Raw = ".." }},
	"token empty":                   {forge: func(t *fakeidp.IDToken) { t.Raw = "" }},
	"token a list":                  {forge: func(t *fakeidp.IDToken) { t.Raw = []string{"a", "b", "c"} }},
	"token a number":                {forge: func(t *fakeidp.IDToken) { t.Raw = 1 }},
	"token an object":               {forge: func(t *fakeidp.IDToken) { t.Raw = t.Claims }},
	"the person is known to others": {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = "another-client"; t.Claims["azp"] = t.Provider.ClientID }},

	"nothing wrong":    {forge: func(*fakeidp.IDToken) {}, want: "ok"},
	"aud a list of us": {forge: func(t *fakeidp.IDToken) { t.Claims["aud"] = []string{t.Provider.ClientID} }, want: "ok"},
	"more claims":      {forge: func(t *fakeidp.IDToken) { t.Claims["hd"], t.Claims["amr"] = "example.com", []string{"pwd"} }, want: "ok"},
}

// ofOne is what may be wrong, or right, with an id_token of one provider.
var ofOne = map[string]map[string]forgery{
	fakeidp.Google: {
		"iss in its short form":          {func(t *fakeidp.IDToken) { t.Claims["iss"] = "accounts.google.com" }, "ok"},
		"iss short with a slash":         {func(t *fakeidp.IDToken) { t.Claims["iss"] = "accounts.google.com/" }, "provider_error"},
		"iss short by two slashes":       {func(t *fakeidp.IDToken) { t.Claims["iss"] = "//accounts.google.com" }, "provider_error"},
		"iss of LINE":                    {func(t *fakeidp.IDToken) { t.Claims["iss"] = "https://access.line.me" }, "provider_error"},
		"HS256 with the client's secret": {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", []byte(t.Provider.ClientSecret) }, "provider_error"},
		"HS256 with the public key, PEM": {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", publicPEM(t.Key) }, "provider_error"},
		"HS256 with the public key, DER": {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", publicDER(t.Key) }, "provider_error"},
		"HS256 with the modulus":         {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "HS256", t.Key.(*rsa.PrivateKey).N.Bytes() }, "provider_error"},
		"ES256 of the key for RS256":     {func(t *fakeidp.IDToken) { t.Header["alg"] = "ES256" }, "provider_error"},
		"ES256 of a key of our own":      {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "ES256", fakeidp.NewEC() }, "provider_error"},
		"PS256 of the key for RS256":     {func(t *fakeidp.IDToken) { t.Header["alg"] = "PS256" }, "provider_error"},
		"at_hash wrong":                  {func(t *fakeidp.IDToken) { t.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, "provider_error"},
		"at_hash absent":                 {func(t *fakeidp.IDToken) { delete(t.Claims, "at_hash") }, "ok"},
	},
	fakeidp.LINE: {
		"ES256 by the keys":              {func(t *fakeidp.IDToken) { t.ES256() }, "ok"},
		"ES256 of another key":           {func(t *fakeidp.IDToken) { t.ES256(); t.Key = fakeidp.NewEC() }, "provider_error"},
		"iss in a short form":            {func(t *fakeidp.IDToken) { t.Claims["iss"] = "access.line.me" }, "provider_error"},
		"iss of Google":                  {func(t *fakeidp.IDToken) { t.Claims["iss"] = "https://accounts.google.com" }, "provider_error"},
		"HS256 with the public key, PEM": {func(t *fakeidp.IDToken) { t.ES256(); t.Header["alg"], t.Key = "HS256", publicPEM(t.Key) }, "provider_error"},
		"HS256 with the public key, DER": {func(t *fakeidp.IDToken) { t.ES256(); t.Header["alg"], t.Key = "HS256", publicDER(t.Key) }, "provider_error"},
		"RS256 of a key of our own":      {func(t *fakeidp.IDToken) { t.Header["alg"], t.Key = "RS256", fakeidp.NewRSA() }, "provider_error"},
		"RS256 of the key for ES256":     {func(t *fakeidp.IDToken) { t.ES256(); t.Header["alg"] = "RS256" }, "provider_error"},
		"ES256 signed by the secret":     {func(t *fakeidp.IDToken) { t.Header["alg"], t.Header["kid"] = "ES256", t.Provider.Key().ID }, "provider_error"},
		"kid with HS256":                 {func(t *fakeidp.IDToken) { t.Header["kid"] = "whatever" }, "ok"},
	},
}

// TestIDTokens has each provider answer with id_tokens that are not as they should be.
func TestIDTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := len(w.users(t, ""))
	let := 0
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		cases := map[string]forgery{}
		for name, test := range forgeries {
			cases[name] = test
		}
		for name, test := range ofOne[provider] {
			cases[name] = test
		}
		for name, test := range cases {
			if test.want == "" {
				test.want = "provider_error"
			}
			if test.want == "ok" {
				let++
			}
			t.Run(provider+", "+name, func(t *testing.T) {
				person := fakeidp.Answer{Subject: w.name("subject"), Email: w.email("forged"), Verified: true, Name: "Ada", Forge: test.forge}
				got, _, _ := w.newBrowser().outcome(t, provider, person)
				if got != test.want {
					t.Errorf("the log-in ends with %q, want %q", got, test.want)
				}
				if users := w.users(t, person.Email); test.want != "ok" && len(users) != 0 {
					t.Errorf("there is a user now: %v", users)
				}
			})
		}
	}
	if got := len(w.users(t, "")) - before; got != let && !t.Failed() {
		t.Errorf("%d users came to be, want %d", got, let)
	}
	events := w.published(t, func(e event) bool { return strings.HasPrefix(e.Email, "forged") })
	if len(events) != let && !t.Failed() {
		t.Errorf("the bus has told %v, want %d events", events, let)
	}
}

// TestTokenOfAnotherFlow swaps the id_tokens of two people who log in at the same time.
func TestTokenOfAnotherFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, provider := range []string{fakeidp.Google, fakeidp.LINE} {
		var stolen any
		first := fakeidp.Answer{Subject: w.name("s"), Email: w.email("victim"), Verified: true, Token: func(a map[string]any) { stolen = a["id_token"] }}
		w.newBrowser().logIn(t, provider, first)
		got, _, _ := w.newBrowser().outcome(t, provider, fakeidp.Answer{Subject: w.name("s"), Token: func(a map[string]any) { a["id_token"] = stolen }})
		if got != "provider_error" {
			t.Errorf("%s: the id_token of another flow: %q, want provider_error", provider, got)
		}
	}
}

// TestConfiguredIssuer has Google's issuer set: then it is that and nothing else.
func TestConfiguredIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"GOOGLE_ISSUER": "https://id.example/tenant", "LINE_ISSUER": "https://line.example"})
	for iss, want := range map[string]string{
		"https://id.example/tenant":   "ok",
		"https://id.example/tenant/":  "provider_error",
		"id.example/tenant":           "provider_error",
		"https://accounts.google.com": "provider_error",
		"accounts.google.com":         "provider_error",
		"https://line.example":        "provider_error",
	} {
		got, _, _ := w.newBrowser().outcome(t, fakeidp.Google, fakeidp.Answer{
			Subject: w.name("s"), Email: w.email("iss"), Verified: true, Forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = iss },
		})
		if got != want {
			t.Errorf("iss %s: %q, want %q", iss, got, want)
		}
	}
	for iss, want := range map[string]string{"https://line.example": "ok", "https://access.line.me": "provider_error"} {
		got, _, _ := w.newBrowser().outcome(t, fakeidp.LINE, fakeidp.Answer{
			Subject: w.name("s"), Email: w.email("iss"), Forge: func(t *fakeidp.IDToken) { t.Claims["iss"] = iss },
		})
		if got != want {
			t.Errorf("iss %s: %q, want %q", iss, got, want)
		}
	}
}

func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }

func otherKey(t *fakeidp.IDToken) any {
	switch t.Key.(type) {
	case []byte:
		return []byte("not the secret of the channel at all")
	default:
		return fakeidp.NewRSA()
	}
}

// asymmetric has the token signed by the provider's published key.
func asymmetric(t *fakeidp.IDToken) {
	if t.Provider.Name == fakeidp.LINE {
		t.ES256()
	}
}

// bring signs with a key of our own, which the header shows.
func bring(t *fakeidp.IDToken) {
	key := fakeidp.Key{ID: "brought", Private: fakeidp.NewRSA()}
	t.Header["alg"], t.Header["kid"], t.Header["jwk"], t.Key = "RS256", "brought", key.Public(), key.Private
}

func publicDER(key any) []byte {
	signer := key.(crypto.Signer)
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		panic(err) // a test's own mistake
	}
	return der
}

func publicPEM(key any) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(key)})
}

func swapCase(s string) string {
	if lower := strings.ToLower(s); lower != s {
		return lower
	}
	return strings.ToUpper(s)
}
