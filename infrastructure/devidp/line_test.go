package devidp_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestLINE(t *testing.T) {
	t.Parallel()
	i := start(t)
	answer := i.login("line", "somchai", query("line"))
	access := text(answer["access_token"])
	claims := claimsOf(t, answer["id_token"])
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
