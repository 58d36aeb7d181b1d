package devidp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func proofOf(token string) string {
	mac := hmac.New(sha256.New, []byte(secretOf("facebook")))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestFacebook(t *testing.T) {
	t.Parallel()
	i := start(t)
	answer := i.login("facebook", "ada", query("facebook"))
	access := text(answer["access_token"])
	delete(answer, "access_token")
	if diff := cmp.Diff(map[string]any{"token_type": "bearer", "expires_in": 5184000.0}, answer); diff != "" {
		t.Errorf("token endpoint (-want +got):\n%s", diff)
	}
	const fields = "id,name,email,picture.type(large){url,width}"
	for name, address := range map[string]string{
		"header":            "/facebook/me?" + url.Values{"fields": {fields}, "appsecret_proof": {proofOf(access)}}.Encode(),
		"version":           "/facebook/v24.0/me?" + url.Values{"fields": {fields}, "appsecret_proof": {proofOf(access)}}.Encode(),
		"header, parameter": "/facebook/me?" + url.Values{"fields": {fields}, "appsecret_proof": {proofOf(access)}, "access_token": {access}}.Encode(),
	} {
		status, me := i.get(i.base+address, access)
		if !regexp.MustCompile(`^[0-9]{16}$`).MatchString(text(me["id"])) {
			t.Errorf("%s: id = %v", name, me["id"])
		}
		want := map[string]any{
			"id": me["id"], "name": "Ada Lovelace", "email": "ada@example.com",
			"picture": map[string]any{"data": map[string]any{"height": 50.0, "is_silhouette": false, "url": i.base + "/picture.svg", "width": 50.0}},
		}
		if diff := cmp.Diff(want, me); diff != "" || status != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", name, status, diff)
		}
	}
}

func graphError(answer map[string]any) map[string]any {
	fault, _ := answer["error"].(map[string]any)
	return fault
}

// Graph wants the token and the proof, and has its own way to say so.
func TestFacebookRefuses(t *testing.T) {
	t.Parallel()
	i := start(t)
	access := text(i.login("facebook", "ada", query("facebook"))["access_token"])
	other := text(i.login("facebook", "grace", query("facebook"))["access_token"])
	for name, c := range map[string]struct {
		token string
		query url.Values
		kind  string
		code  float64
	}{
		"no token":      {"", url.Values{}, "OAuthException", 2500},
		"unknown token": {"x", url.Values{"appsecret_proof": {proofOf("x")}}, "OAuthException", 190},
		"no proof":      {access, url.Values{}, "GraphMethodException", 100},
		"wrong proof":   {access, url.Values{"appsecret_proof": {proofOf(other)}}, "GraphMethodException", 100},
	} {
		status, answer := i.get(i.Endpoints("facebook").Userinfo+"?"+c.query.Encode(), c.token)
		fault := graphError(answer)
		if status != http.StatusBadRequest || fault["type"] != c.kind || fault["code"] != c.code || text(fault["message"]) == "" || text(fault["fbtrace_id"]) == "" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
}
