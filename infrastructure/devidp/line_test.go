package devidp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"net/http"
	"regexp"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// lineClaims verifies an id_token with the channel secret.
func (i *idp) lineClaims(idToken string) jwt.MapClaims {
	i.t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(idToken, claims, func(*jwt.Token) (any, error) { return []byte(secretOf("line")), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(i.base+"/line"), jwt.WithAudience("client-at-line"),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(i.now))
	if err != nil {
		i.t.Fatal(err)
	}
	return claims
}

func TestLINE(t *testing.T) {
	t.Parallel()
	i := start(t)
	answer := i.login("line", "somchai", query("line"))
	access := text(answer["access_token"])
	claims := i.lineClaims(text(answer["id_token"]))
	if text(answer["refresh_token"]) == "" {
		t.Error("no refresh_token")
	}
	for _, secret := range []string{"access_token", "id_token", "refresh_token"} {
		delete(answer, secret)
	}
	if diff := cmp.Diff(map[string]any{"expires_in": 2592000.0, "scope": "openid profile", "token_type": "Bearer"}, answer); diff != "" {
		t.Errorf("token endpoint (-want +got):\n%s", diff)
	}
	want := jwt.MapClaims{
		"iss": i.Endpoints("line").Issuer, "aud": "client-at-line", "nonce": nonce, "amr": []any{"linesso"}, "sub": claims["sub"],
		"name": "สมชาย ใจดี", "picture": i.base + "/picture.svg", "email": "somchai@example.com", "iat": claims["iat"], "exp": claims["exp"],
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("id_token (-want +got):\n%s", diff)
	}
	if !regexp.MustCompile(`^U[0-9a-f]{32}$`).MatchString(text(claims["sub"])) {
		t.Errorf("sub = %v", claims["sub"])
	}
	status, profile := i.get(i.Endpoints("line").Userinfo, access)
	wantProfile := map[string]any{"userId": claims["sub"], "displayName": "สมชาย ใจดี", "pictureUrl": i.base + "/picture.svg"}
	if diff := cmp.Diff(wantProfile, profile); diff != "" || status != http.StatusOK {
		t.Errorf("profile %d (-want +got):\n%s", status, diff)
	}
	if status, _ := i.get(i.Endpoints("line").Userinfo, "x"); status != http.StatusUnauthorized {
		t.Errorf("profile for a wrong token: %d", status)
	}
}

// An address is in the id_token only where there is one and it was asked for.
func TestLINEEmail(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, c := range []struct {
		person, scope string
		email         any
	}{
		{"ada", "openid profile email", "ada@example.com"},
		{"ada", "openid profile", nil},
		{"linus", "openid profile email", nil},
	} {
		claims := i.lineClaims(text(i.login("line", c.person, with(query("line"), "scope", c.scope))["id_token"]))
		if claims["email"] != c.email || claims["email_verified"] != nil {
			t.Errorf("%s with %s: %v", c.person, c.scope, claims)
		}
	}
	answer := i.login("line", "ada", with(with(query("line"), "scope", "openid"), "access_type", "x"))
	if status, _ := i.get(i.Endpoints("line").Userinfo, text(answer["access_token"])); status != http.StatusForbidden {
		t.Errorf("profile without the scope: %d", status)
	}
}

func TestLINECerts(t *testing.T) {
	t.Parallel()
	key := start(t).jwk("line")
	point := append([]byte{4}, bigInt(t, key["x"]).FillBytes(make([]byte, 32))...)
	point = append(point, bigInt(t, key["y"]).FillBytes(make([]byte, 32))...)
	_, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil || key["kty"] != "EC" || key["crv"] != "P-256" || key["alg"] != "ES256" || text(key["kid"]) == "" {
		t.Errorf("%v: %v", key, err)
	}
}
