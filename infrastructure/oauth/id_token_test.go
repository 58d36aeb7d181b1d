package oauth

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
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
		"nonce: empty":      {put("nonce", ""), "nonce"},
		"nonce: another":    {put("nonce", "nonce-of-another"), "nonce"},
		"nonce: a number":   {put("nonce", 1), "nonce"},
		"nonce: in letters": {func(c jwt.MapClaims) { c["Nonce"] = c["nonce"]; delete(c, "nonce") }, "nonce"},

		"exp: past":           {put("exp", now.Add(-time.Hour).Unix()), "expired"},
		"exp: now":            {put("exp", now.Unix()), "expired"},
		"exp: in a second":    {put("exp", now.Unix()+1), ""},
		"exp: none":           {drop("exp"), "exp is no time"},
		"exp: a text":         {put("exp", "4102444800"), "exp is no time"},
		"exp: below 0":        {put("exp", -1), "exp is no time"},
		"exp: beyond numbers": {put("exp", 1e300), "exp is no time"},

		"iat: a minute ahead":  {put("iat", now.Unix()+60), ""},
		"iat: more":            {put("iat", now.Unix()+61), "iat"},
		"iat: a text":          {put("iat", "1"), "iat"},
		"nbf: more":            {put("nbf", now.Unix()+61), "nbf"},
		"nbf: a minute before": {put("nbf", now.Unix()-60), ""},

		"aud: another":               {put("aud", "client-2"), "aud"},
		"aud: longer":                {put("aud", clientID+"0"), "aud"},
		"aud: none":                  {drop("aud"), "aud"},
		"aud: empty":                 {put("aud", ""), "aud"},
		"aud: a number":              {put("aud", 1), "aud"},
		"aud: an empty list":         {put("aud", []string{}), "aud"},
		"aud: a list of others":      {put("aud", []string{"client-2", "client-3"}), "aud"},
		"aud: a list of one":         {put("aud", []string{clientID}), ""},
		"aud: several, no azp":       {put("aud", []string{clientID, "client-2"}), "azp"},
		"aud: several, azp":          {both([]string{"client-2", clientID}, clientID), ""},
		"aud: several, azp another":  {both([]string{clientID, "client-2"}, "client-2"), "azp"},
		"azp: this client":           {put("azp", clientID), ""},
		"azp: another":               {put("azp", "client-2"), "azp"},
		"azp: a list":                {put("azp", []string{clientID}), "azp"},
		"aud: another, azp this one": {both("client-2", clientID), "aud"},

		"iss: none":         {drop("iss"), "iss"},
		"iss: empty":        {put("iss", ""), "iss"},
		"iss: a list":       {func(c jwt.MapClaims) { c["iss"] = []any{c["iss"]} }, "iss"},
		"iss: a slash more": {func(c jwt.MapClaims) { c["iss"] = c["iss"].(string) + "/" }, "iss"},
		"iss: http":         {func(c jwt.MapClaims) { c["iss"] = strings.Replace(c["iss"].(string), "https", "http", 1) }, "iss"},
		"iss: upper case":   {func(c jwt.MapClaims) { c["iss"] = strings.ToUpper(c["iss"].(string)) }, "iss"},
		"iss: a space more": {func(c jwt.MapClaims) { c["iss"] = c["iss"].(string) + " " }, "iss"},
		"iss: an evil one":  {put("iss", "https://accounts.google.com.evil.example"), "iss"},

		"at_hash: right":  {put("at_hash", halfHash(accessToken+"-"+subject)), ""},
		"at_hash: wrong":  {put("at_hash", halfHash("another")), "at_hash"},
		"at_hash: empty":  {put("at_hash", ""), "at_hash"},
		"at_hash: number": {put("at_hash", 1), "at_hash"},
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
		{google, "", "accounts.google.com/", false},
		{google, "", "http://accounts.google.com", false},
		{google, "", "https://access.line.me", false},
		{google, "https://accounts.google.com", "accounts.google.com", true},
		{google, "accounts.google.com", "https://accounts.google.com", true},
		{google, "https://login.example", "https://login.example", true},
		{google, "https://login.example", "https://login.example/", false},
		{google, "https://login.example/", "https://login.example", false},
		{google, "https://login.example", "login.example", false},
		{google, "https://login.example", "https://accounts.google.com", false},
		{lineWeb, "", "https://access.line.me", true},
		{lineWeb, "", "access.line.me", false},
		{lineWeb, "", "https://accounts.google.com", false},
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

// TestForged has tokens that the provider did not sign, or not in a way that counts.
func TestForged(t *testing.T) {
	t.Parallel()
	with := func(alg, kid string, key any) func(object, object) string {
		return func(header, claims object) string {
			header["alg"], header["kid"] = alg, kid
			if kid == "" {
				delete(header, "kid")
			}
			return signed(header, claims, key)
		}
	}
	right := func(k kind, change func(header object)) func(object, object) string {
		return func(header, claims object) string {
			change(header)
			return signed(header, claims, k.key())
		}
	}
	none := func(alg string) func(object, object) string {
		return func(header, claims object) string {
			header["alg"] = alg
			return encoded(header) + "." + encoded(claims) + "."
		}
	}
	const signature, unreadable = "signature is wrong", "cannot be"
	tests := map[string]struct {
		kinds []kind
		sign  func(k kind) func(header, claims object) string
		want  string
	}{
		"alg none":         {oidcKinds, func(kind) func(object, object) string { return none("none") }, signature},
		"alg None":         {oidcKinds, func(kind) func(object, object) string { return none("None") }, unreadable},
		"alg empty":        {oidcKinds, func(kind) func(object, object) string { return none("") }, unreadable},
		"no signature":     {oidcKinds, func(k kind) func(object, object) string { return none(k.method.Alg()) }, signature},
		"another RSA key":  {[]kind{google}, func(kind) func(object, object) string { return with("RS256", "key-1", otherRSA()) }, signature},
		"another EC key":   {[]kind{lineApp}, func(kind) func(object, object) string { return with("ES256", "key-1", otherEC()) }, signature},
		"another secret":   {oidcKinds, func(kind) func(object, object) string { return with("HS256", "", []byte("another")) }, signature},
		"an empty secret":  {oidcKinds, func(kind) func(object, object) string { return with("HS256", "key-1", []byte{}) }, signature},
		"Google's secret":  {[]kind{google}, func(kind) func(object, object) string { return with("HS256", "key-1", []byte(clientSecret)) }, signature},
		"RS256 for LINE":   {[]kind{lineWeb, lineApp}, func(kind) func(object, object) string { return with("RS256", "key-1", rsaKey()) }, signature},
		"ES256 for Google": {[]kind{google}, func(kind) func(object, object) string { return with("ES256", "key-1", ecKey()) }, signature},
		"PS256":            {oidcKinds, func(kind) func(object, object) string { return with("PS256", "key-1", rsaKey()) }, signature},
		"RS512":            {oidcKinds, func(kind) func(object, object) string { return with("RS512", "key-1", rsaKey()) }, signature},
		"HS512":            {oidcKinds, func(kind) func(object, object) string { return with("HS512", "", []byte(clientSecret)) }, signature},
		"HS256 by PEM":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicPEM(k)) }, signature},
		"HS256 by DER":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicDER(k)) }, signature},
		"HS256 by JWK":     {oidcKinds, func(k kind) func(object, object) string { return with("HS256", "key-1", publicJWK(k)) }, signature},
		"crit": {oidcKinds, func(k kind) func(object, object) string {
			return right(k, func(h object) { h["crit"] = []string{"exp"} })
		}, "critical"},
		"crit null":    {oidcKinds, func(k kind) func(object, object) string { return right(k, func(h object) { h["crit"] = nil }) }, "critical"},
		"kid a number": {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = 1 }) }, "name of its key"},
		"kid empty":    {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "" }) }, "name of its key"},
		"kid huge": {[]kind{google, lineApp}, func(k kind) func(object, object) string {
			return right(k, func(h object) { h["kid"] = strings.Repeat("k", 1<<16) })
		}, "name of its key"},
		"kid unknown":        {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "key-2" }) }, "no such key"},
		"kid of a file":      {[]kind{google, lineApp}, func(k kind) func(object, object) string { return right(k, func(h object) { h["kid"] = "/dev/null" }) }, "no such key"},
		"its own key in jwk": {[]kind{google}, func(kind) func(object, object) string { return withKey("RS256", otherRSA(), otherRSA().Public()) }, signature},
		"its own EC key":     {[]kind{lineApp}, func(kind) func(object, object) string { return withKey("ES256", otherEC(), otherEC().Public()) }, signature},
	}
	for name, test := range tests {
		for _, k := range test.kinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.sign = test.sign(k)
				_, err := logIn(t, f, f.provider())
				refused(t, f, err, test.want)
			})
		}
	}
}

// TestMangled has tokens that are no tokens any more.
func TestMangled(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mangle func(string) string
		want   string
	}{
		"none":            {func(string) string { return "" }, "there is none"},
		"two parts":       {func(s string) string { return s[:strings.LastIndex(s, ".")] }, "cannot be read"},
		"four parts":      {func(s string) string { return s + ".x" }, "cannot be read"},
		"dots":            {func(string) string { return ".." }, "cannot be read"},
		"padded":          {func(s string) string { return s + "=" }, "cannot be read"},
		"a cut signature": {func(s string) string { return s[:strings.LastIndex(s, ".")+1+20] }, "signature is wrong"},
		"another payload": {func(s string) string {
			parts := strings.Split(s, ".")
			payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), subject, "victim", 1)))
			return strings.Join(parts, ".")
		}, "signature is wrong"},
		"a payload of null": {func(s string) string {
			parts := strings.Split(s, ".")
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("null")) + "." + parts[2]
		}, "signature is wrong"},
	}
	for name, test := range tests {
		for _, k := range oidcKinds {
			t.Run(name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, k)
				f.sign = func(header, claims object) string { return test.mangle(signed(header, claims, k.key())) }
				if name == "none" {
					f.sign = func(object, object) string { return "" }
					f.token = map[string]any{"id_token": nil}
				}
				_, err := logIn(t, f, f.provider())
				refused(t, f, err, test.want)
			})
		}
	}
}

// TestUnfitKeys has keys that a provider may publish and that verify nothing.
func TestUnfitKeys(t *testing.T) {
	t.Parallel()
	p384 := newEC(elliptic.P384())
	rsaJWK := func(change func(*jose.JSONWebKey)) jose.JSONWebKey {
		k := jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "unfit", Use: "sig", Algorithm: "RS256"}
		change(&k)
		return k
	}
	tests := map[string]struct {
		kind kind
		jwk  jose.JSONWebKey
		key  any
		alg  string
		want string
	}{
		"for encryption":        {google, rsaJWK(func(k *jose.JSONWebKey) { k.Use = "enc" }), otherRSA(), "RS256", "no such key"},
		"for another algorithm": {google, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "RS512" }), otherRSA(), "RS256", "no such key"},
		"for RSA-OAEP":          {google, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "RSA-OAEP" }), otherRSA(), "RS256", "no such key"},
		"weak":                  {google, rsaJWK(func(k *jose.JSONWebKey) { k.Key = weakRSA().Public() }), weakRSA(), "RS256", "no such key"},
		"private":               {google, rsaJWK(func(k *jose.JSONWebKey) { k.Key = otherRSA() }), otherRSA(), "RS256", "no such key"},
		"symmetric":             {lineApp, jose.JSONWebKey{Key: []byte("known to all"), KeyID: "unfit"}, []byte("known to all"), "HS256", "signature is wrong"},
		"of another kind":       {lineApp, rsaJWK(func(k *jose.JSONWebKey) { k.Algorithm = "" }), otherEC(), "ES256", "no such key"},
		"another curve":         {lineApp, jose.JSONWebKey{Key: p384.Public(), KeyID: "unfit"}, p384, "ES384", "signature is wrong"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			f.keys = append(f.keys, test.jwk)
			p := f.provider()
			if _, err := logIn(t, f, p); err != nil {
				t.Fatalf("the keys beside the unfit one are not taken: %v", err)
			}
			f.set(func() {
				f.sign = func(header, claims object) string {
					header["kid"], header["alg"] = "unfit", test.alg
					return signed(header, claims, test.key)
				}
			})
			_, err := logIn(t, f, p)
			refused(t, f, err, test.want)
		})
	}
	t.Run("all of them", func(t *testing.T) {
		t.Parallel()
		f := newFake(t, google)
		f.keys = []jose.JSONWebKey{rsaJWK(func(k *jose.JSONWebKey) { k.Use = "enc" })}
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "no key that could be used")
	})
}

// TestNoKeyID proves that a token without kid is taken only where there is no choice of keys.
func TestNoKeyID(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{google, lineApp} {
		f := newFake(t, k)
		f.sign = func(header, claims object) string {
			delete(header, "kid")
			return signed(header, claims, k.key())
		}
		if _, err := logIn(t, f, f.provider()); err != nil {
			t.Errorf("%s: one key for the algorithm: %v", k.name, err)
		}
		f.keys = append(f.keys,
			jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "key-2"}, jose.JSONWebKey{Key: otherEC().Public(), KeyID: "key-2"})
		_, err := logIn(t, f, f.provider())
		refused(t, f, err, "no such key")
	}
}

// TestNoSecret proves that a provider without a secret takes no token signed with nothing.
func TestNoSecret(t *testing.T) {
	t.Parallel()
	v := newIDTokens(Client{ID: clientID}, []string{"https://access.line.me"}, []string{"HS256"}, nil, time.Now)
	forged := signed(object{"alg": "HS256"}, object{"sub": subject}, []byte{})
	if _, err := v.verify(t.Context(), tokens{id: forged}, "nonce"); err == nil {
		t.Error("a token signed with nothing is taken")
	}
}

func withKey(alg string, private, public any) func(object, object) string {
	return func(header, claims object) string {
		header["alg"], header["jwk"] = alg, jose.JSONWebKey{Key: public, KeyID: "key-1"}
		header["jku"], header["x5u"] = "https://evil.example/keys", "https://evil.example/cert"
		return signed(header, claims, private)
	}
}

func encoded(part object) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (k kind) public() any {
	if k.method == jwt.SigningMethodRS256 {
		return rsaKey().Public()
	}
	return ecKey().Public()
}

func publicDER(k kind) []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public())
	if err != nil {
		panic(err)
	}
	return der
}

func publicPEM(k kind) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(k)})
}

func publicJWK(k kind) []byte {
	text, err := jose.JSONWebKey{Key: k.public(), KeyID: "key-1", Use: "sig", Algorithm: k.method.Alg()}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return text
}
