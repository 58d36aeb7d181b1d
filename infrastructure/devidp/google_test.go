package devidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGoogle(t *testing.T) {
	t.Parallel()
	i := start(t)
	answer := i.login("google", "ada", query("google"))
	access := text(answer["access_token"])
	claims := claimsOf(t, answer["id_token"])

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
