package devidp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// page opens a consent page and returns it with the address and the name that its form has.
func (i *idp) page(provider string, q url.Values) (body, action, request string) {
	i.t.Helper()
	resp, body := i.visit(i.request(http.MethodGet, i.authorizeURL(provider, q), nil))
	name := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(body)
	if resp.StatusCode != http.StatusOK || name == nil {
		i.t.Fatalf("%s: %s", resp.Status, body)
	}
	return body, i.base + "/" + provider + "/consent", name[1]
}

func TestConsentPage(t *testing.T) {
	t.Parallel()
	i := start(t)
	for provider, want := range map[string][]string{
		"google":   {"Continue with Google", "ada@example.com, verified", "grace@example.com, not verified", `name="verified"`, "whether it is verified"},
		"line":     {"Continue with LINE", "your display name and picture", ">grace@example.com</span>"},
		"facebook": {"Continue with Facebook", "your name and picture", ">grace@example.com</span>"},
	} {
		body, _, _ := i.page(provider, query(provider))
		for _, part := range append(want,
			"Development identity provider - no real Google/LINE/Facebook involved", "<strong>app.example.com</strong>", `<html lang="en">`,
			`action="/dev/idp/`+provider+`/consent"`, `id="continue"`, `id="deny"`, `value="ada" checked`, `value="grace"`, `value="linus"`,
			`value="somchai"`, `value="mallory"`, `<span class="name" lang="th">สมชาย ใจดี</span>`, "no e-mail address",
		) {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the page lacks %s", provider, part)
			}
		}
		if verified := strings.Contains(body, `name="verified"`); verified != (provider == "google") {
			t.Errorf("%s: asks whether an address is verified: %t", provider, verified)
		}
	}
}

// An answer counts once, in time, from the page itself, and at its own provider.
func TestConsentRefuses(t *testing.T) {
	t.Parallel()
	i := start(t)
	for name, change := range map[string]func(req *http.Request, f url.Values){
		"no request":     func(_ *http.Request, f url.Values) { f.Del("request") },
		"twice":          func(_ *http.Request, f url.Values) { f.Add("request", f.Get("request")) },
		"no decision":    func(_ *http.Request, f url.Values) { f.Del("decision") },
		"unknown person": func(_ *http.Request, f url.Values) { f.Set("person", "eve") },
		"another site":   func(req *http.Request, _ url.Values) { req.Header.Set("Sec-Fetch-Site", "cross-site") },
		"other provider": func(req *http.Request, _ url.Values) {
			req.URL.Path = strings.Replace(req.URL.Path, "line", "google", 1)
		},
	} {
		_, action, request := i.page("line", query("line"))
		f := devidptest.As("ada")
		f.Set("request", request)
		good := i.request(http.MethodPost, action, f)
		changed := i.request(http.MethodPost, action, nil)
		change(changed, f)
		changed.Body = i.request(http.MethodPost, action, f).Body
		changed.ContentLength = int64(len(f.Encode()))
		if resp, _ := i.visit(changed); resp.StatusCode < 400 || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %s", name, resp.Status)
		}
		if resp, _ := i.visit(good); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("after %s: %s", name, resp.Status)
		}
		if resp, _ := i.visit(i.request(http.MethodPost, action, f)); resp.StatusCode != http.StatusBadRequest && name != "another site" && name != "JSON" && name != "other provider" {
			t.Errorf("after %s, again: %s", name, resp.Status)
		}
	}
}

// What was typed wrong is shown again, escaped, and can be put right on the same page.
func TestTypedWrong(t *testing.T) {
	t.Parallel()
	i := start(t)
	for name, p := range map[string]devidptest.Person{
		"no name": {Email: "joan@example.com"}, "long name": {Name: strings.Repeat("ก", 101)}, "controls": {Name: "Joan\x00Clarke"},
		"address": {Name: "Joan", Email: "joan"}, "two addresses": {Name: "Joan", Email: "a@example.com, b@example.com"}, "named": {Name: "Joan", Email: "Joan <a@example.com>"},
		"script": {Name: `"><script>alert(1)</script>`, Email: `"><script>alert(2)</script>`},
	} {
		_, action, request := i.page("google", query("google"))
		f := devidptest.AsPerson(p)
		f.Set("request", request)
		resp, body := i.visit(i.request(http.MethodPost, action, f))
		if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, "<details id=\"someone-else\" open>") || strings.Contains(body, "<script") {
			t.Errorf("%s: %s: %s", name, resp.Status, body)
		}
		f.Set("name", "Joan")
		f.Set("email", "")
		if resp, _ := i.visit(i.request(http.MethodPost, action, f)); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("%s, put right: %s", name, resp.Status)
		}
	}
}

// Nothing that comes from outside becomes markup.
func TestEscapes(t *testing.T) {
	t.Parallel()
	i := start(t)
	const attack = `"><script>alert(1)</script>`
	q := query("google")
	for _, name := range []string{"state", "nonce", "login_hint", "prompt", "hl"} {
		q.Set(name, attack)
	}
	if body, _, _ := i.page("google", q); strings.Contains(body, "<script") || strings.Contains(body, "alert(") {
		t.Error("markup of the request is on the page")
	}
	person := devidptest.Person{Name: attack, Email: "joan@example.com"}
	back := answerOf(t, devidptest.LoginAs(t, i.client, i.authorizeURL("google", q), person))
	if back.Get("state") != attack {
		t.Errorf("state = %q", back.Get("state"))
	}
	_, answer := i.redeem("google", form("google", back.Get("code")))
	if claims := claimsOf(t, answer["id_token"]); claims["name"] != attack || claims["nonce"] != attack {
		t.Errorf("claims = %v", claims)
	}
}
