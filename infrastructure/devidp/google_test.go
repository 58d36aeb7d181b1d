package devidp_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// jwk returns the only key that a provider publishes.
func (i *idp) jwk(provider string) map[string]any {
	i.t.Helper()
	status, answer := i.get(i.Endpoints(provider).JWKS, "")
	keys, _ := answer["keys"].([]any)
	if status != http.StatusOK || len(keys) != 1 {
		i.t.Fatalf("keys: %d %v", status, answer)
	}
	key, _ := keys[0].(map[string]any)
	return key
}

func bigInt(t *testing.T, v any) *big.Int {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text(v))
	if err != nil || len(b) == 0 {
		t.Fatalf("%v is no number of a key", v)
	}
	return new(big.Int).SetBytes(b)
}

// googleClaims verifies an id_token with the published key.
func (i *idp) googleClaims(idToken string) jwt.MapClaims {
	i.t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(idToken, claims, func(token *jwt.Token) (any, error) {
		key := i.jwk("google")
		if key["kid"] != token.Header["kid"] || key["kty"] != "RSA" || key["alg"] != "RS256" || key["use"] != "sig" {
			i.t.Errorf("key %v for header %v", key, token.Header)
		}
		return &rsa.PublicKey{N: bigInt(i.t, key["n"]), E: int(bigInt(i.t, key["e"]).Int64())}, nil
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(i.base+"/google"), jwt.WithAudience("client-at-google"),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(i.now))
	if err != nil {
		i.t.Fatal(err)
	}
	return claims
}

func TestGoogle(t *testing.T) {
	t.Parallel()
	i := start(t)
	answer := i.login("google", "ada", query("google"))
	access := text(answer["access_token"])
	claims := i.googleClaims(text(answer["id_token"]))

	delete(answer, "access_token")
	delete(answer, "id_token")
	wantAnswer := map[string]any{
		"expires_in": 3600.0, "token_type": "Bearer",
		"scope": "openid https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/userinfo.email",
	}
	if diff := cmp.Diff(wantAnswer, answer); diff != "" {
		t.Errorf("token endpoint (-want +got):\n%s", diff)
	}
	sum := sha256.Sum256([]byte(access))
	profile := map[string]any{
		"sub": claims["sub"], "email": "ada@example.com", "email_verified": true, "hd": "example.com",
		"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "picture": i.base + "/picture.svg",
	}
	want := map[string]any{
		"iss": i.Endpoints("google").Issuer, "aud": "client-at-google", "azp": "client-at-google", "nonce": nonce,
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "iat": claims["iat"], "exp": claims["exp"],
	}
	maps.Copy(want, profile)
	if diff := cmp.Diff(want, map[string]any(claims)); diff != "" {
		t.Errorf("id_token (-want +got):\n%s", diff)
	}
	if !regexp.MustCompile(`^1[0-9]{20}$`).MatchString(text(claims["sub"])) {
		t.Errorf("sub %v is not 21 digits", claims["sub"])
	}
	status, userinfo := i.get(i.Endpoints("google").Userinfo, access)
	if diff := cmp.Diff(profile, userinfo); diff != "" || status != http.StatusOK {
		t.Errorf("userinfo %d (-want +got):\n%s", status, diff)
	}
	for _, token := range []string{"", "x", text(answer["id_token"])} {
		if status, userinfo := i.get(i.Endpoints("google").Userinfo, token); status != http.StatusUnauthorized || userinfo["error"] == nil {
			t.Errorf("userinfo for token %q: %d %v", token, status, userinfo)
		}
	}
}

// Who shows what: each test person is there for one rule of accounts.
func TestGooglePeople(t *testing.T) {
	t.Parallel()
	i := start(t)
	subjects := map[any]bool{}
	for person, want := range map[string][3]any{
		"ada":     {"Ada Lovelace", "ada@example.com", true},
		"grace":   {"Grace Hopper", "grace@example.com", false},
		"linus":   {"Linus Quiet", nil, nil},
		"somchai": {"สมชาย ใจดี", "somchai@example.com", true},
		"mallory": {"Mallory Malicious", "ada@example.com", false},
	} {
		for range 2 { // the second time they are the same
			claims := i.googleClaims(text(i.login("google", person, query("google"))["id_token"]))
			if got := [3]any{claims["name"], claims["email"], claims["email_verified"]}; got != want {
				t.Errorf("%s is %v, want %v", person, got, want)
			}
			subjects[claims["sub"]] = true
		}
	}
	if len(subjects) != 5 {
		t.Errorf("5 people have %d subjects", len(subjects))
	}
}

func TestGoogleTellsOnlyWhatTheScopeSays(t *testing.T) {
	t.Parallel()
	i := start(t)
	for scope, want := range map[string][]string{
		"openid":       {"at_hash", "aud", "azp", "exp", "iat", "iss", "nonce", "sub"},
		"openid email": {"at_hash", "aud", "azp", "email", "email_verified", "exp", "hd", "iat", "iss", "nonce", "sub"},
		"openid https://www.googleapis.com/auth/userinfo.email": {"at_hash", "aud", "azp", "email", "email_verified", "exp", "hd", "iat", "iss", "nonce", "sub"},
	} {
		claims := i.googleClaims(text(i.login("google", "ada", with(query("google"), "scope", scope))["id_token"]))
		if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", scope, got, want)
		}
	}
	answer := i.login("google", "ada", with(with(query("google"), "scope", "email"), "nonce"))
	if _, ok := answer["id_token"]; ok {
		t.Error("an id_token without the scope openid")
	}
}

func TestGoogleGivesRefreshTokensOffline(t *testing.T) {
	t.Parallel()
	i := start(t)
	for access, want := range map[string]bool{"offline": true, "online": false} {
		answer := i.login("google", "ada", with(query("google"), "access_type", access))
		if (text(answer["refresh_token"]) != "") != want {
			t.Errorf("access_type %s: refresh_token %v", access, answer["refresh_token"])
		}
	}
}

func TestGoogleNamesItsIssuer(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, location := range []string{
		devidptest.Login(t, i.client, i.authorizeURL("google", query("google")), "ada"),
		devidptest.Deny(t, i.client, i.authorizeURL("google", query("google"))),
	} {
		if iss := answerOf(t, location).Get("iss"); iss != i.Endpoints("google").Issuer {
			t.Errorf("iss = %q", iss)
		}
	}
}

// A client may prove itself by HTTP Basic at Google, but not in two ways at once.
func TestGoogleBasic(t *testing.T) {
	t.Parallel()
	i := start(t)
	for name, c := range map[string]struct {
		id, secret string
		inBody     []string
		status     int
	}{
		"basic":             {"client-at-google", secretOf("google"), nil, http.StatusOK},
		"same id in body":   {"client-at-google", secretOf("google"), []string{"client_id"}, http.StatusOK},
		"secret in both":    {"client-at-google", secretOf("google"), []string{"client_id", "client_secret"}, http.StatusUnauthorized},
		"wrong secret":      {"client-at-google", "x", nil, http.StatusUnauthorized},
		"another id's body": {"client-at-line", secretOf("google"), []string{"client_id"}, http.StatusUnauthorized},
	} {
		f := form("google", i.code("google", "ada", query("google")))
		for _, field := range []string{"client_id", "client_secret"} {
			if !slices.Contains(c.inBody, field) {
				f.Del(field)
			}
		}
		req := i.request(http.MethodPost, i.Endpoints("google").Token, f)
		req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
		if status, answer := i.send(req); status != c.status {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
}
