package devidp_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func proofOf(token string) string {
	mac := hmac.New(sha256.New, []byte(secretOf("facebook")))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// me returns what Graph tells of whose token it is.
func (i *idp) me(access string) map[string]any {
	i.t.Helper()
	_, answer := i.get(i.Endpoints("facebook").Userinfo+"?"+url.Values{"fields": {"id,name,email"}, "appsecret_proof": {proofOf(access)}}.Encode(), access)
	return answer
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

func TestFacebookFields(t *testing.T) {
	t.Parallel()
	i := start(t)
	me := func(person, scope, fields string) map[string]any {
		access := text(i.login("facebook", person, with(query("facebook"), "scope", scope))["access_token"])
		_, answer := i.get(i.Endpoints("facebook").Userinfo+"?"+url.Values{"fields": {fields}, "appsecret_proof": {proofOf(access)}, "access_token": {access}}.Encode(), "")
		return answer
	}
	id := me("ada", "email", "id")["id"]
	for _, c := range []struct {
		person, scope, fields string
		want                  map[string]any
	}{
		{"ada", "email", "", map[string]any{"id": id, "name": "Ada Lovelace"}},
		{"ada", "email", "email", map[string]any{"id": id, "email": "ada@example.com"}},
		{"ada", "email public_profile", "first_name,last_name", map[string]any{"id": id, "first_name": "Ada", "last_name": "Lovelace"}},
		{"ada", "public_profile", "id,email", map[string]any{"id": id}},
		{"ada", "", "id,email", map[string]any{"id": id}},
	} {
		if diff := cmp.Diff(c.want, me(c.person, c.scope, c.fields)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
	if linus := me("linus", "email", "id,name,email"); linus["email"] != nil || linus["name"] != "Linus Quiet" {
		t.Errorf("linus is %v", linus)
	}
	if fault := graphError(me("ada", "email", "id,password")); fault["code"] != 100.0 {
		t.Errorf("an unknown field: %v", fault)
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
		"no token":            {"", url.Values{}, "OAuthException", 2500},
		"unknown token":       {"x", url.Values{"appsecret_proof": {proofOf("x")}}, "OAuthException", 190},
		"two tokens":          {access, url.Values{"access_token": {other}, "appsecret_proof": {proofOf(access)}}, "OAuthException", 190},
		"no proof":            {access, url.Values{}, "GraphMethodException", 100},
		"wrong proof":         {access, url.Values{"appsecret_proof": {proofOf(other)}}, "GraphMethodException", 100},
		"upper-case proof":    {access, url.Values{"appsecret_proof": {strings.ToUpper(proofOf(access))}}, "GraphMethodException", 100},
		"repeated parameters": {access, url.Values{"appsecret_proof": {proofOf(access), proofOf(access)}}, "OAuthException", 100},
	} {
		status, answer := i.get(i.Endpoints("facebook").Userinfo+"?"+c.query.Encode(), c.token)
		fault := graphError(answer)
		if status != http.StatusBadRequest || fault["type"] != c.kind || fault["code"] != c.code || text(fault["message"]) == "" || text(fault["fbtrace_id"]) == "" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
}

func TestFacebookVersions(t *testing.T) {
	t.Parallel()
	i := start(t)
	code := i.code("facebook", "ada", query("facebook"))
	if status, answer := i.send(i.request(http.MethodPost, i.base+"/facebook/v24.0/oauth/access_token", form("facebook", code))); status != http.StatusOK {
		t.Errorf("token endpoint: %d %v", status, answer)
	}
	for address, want := range map[string]int{
		"/facebook/v19.0/dialog/oauth?" + query("facebook").Encode(): http.StatusOK,
		"/facebook/latest/me": http.StatusNotFound,
	} {
		if status, answer := i.get(i.base+address, ""); status != want {
			t.Errorf("%s: %d %v", address, status, answer)
		}
	}
}

// Facebook puts a fragment on every address that it sends people back to.
func TestFacebookFragment(t *testing.T) {
	t.Parallel()
	i := start(t)
	resp, _ := i.visit(i.request(http.MethodGet, i.authorizeURL("facebook", with(query("facebook"), "code_challenge")), nil))
	if location := resp.Header.Get("Location"); !strings.HasSuffix(location, "#_=_") {
		t.Errorf("sent to %s", location)
	}
}
