package devidp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

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
		labelled(t, body)
	}
}

// labelled checks that every field that people see has a label, and every id is there once.
func labelled(t *testing.T, body string) {
	t.Helper()
	ids := map[string]int{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if ids[id[1]]++; ids[id[1]] > 1 {
			t.Errorf("id %s is there twice", id[1])
		}
	}
	fields := regexp.MustCompile(`<input type="(?:radio|text|email|checkbox)"[^>]* id="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(fields) < 7 {
		t.Errorf("only %d fields", len(fields))
	}
	for _, field := range fields {
		if !strings.Contains(body, `for="`+field[1]+`"`) {
			t.Errorf("%s has no label", field[1])
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	i := start(t)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`)
	for name, q := range map[string]url.Values{"consent": query("line"), "fault": {}, "redirect": with(query("line"), "nonce")} {
		resp, body := i.visit(i.request(http.MethodGet, i.authorizeURL("line", q), nil))
		policy := "default-src 'none'; style-src "
		if css := style.FindStringSubmatch(body); css != nil {
			sum := sha256.Sum256([]byte(css[1]))
			policy += "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
		} else if name != "redirect" {
			t.Errorf("%s: no style", name)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		} {
			if got := resp.Header.Get(header); !strings.HasPrefix(got, want) || strings.Contains(got, "form-action") {
				t.Errorf("%s: %s: %s, want %s", name, header, got, want)
			}
		}
		if strings.Contains(body, "<script") || len(resp.Cookies()) > 0 {
			t.Errorf("%s: scripts or cookies", name)
		}
	}
	resp, _ := i.visit(i.request(http.MethodPost, i.Endpoints("line").Token, form("line", i.code("line", "ada", query("line")))))
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("token endpoint: %v", resp.Header)
	}
}

// An answer counts once, in time, from the page itself, and at its own provider.
func TestConsentRefuses(t *testing.T) {
	t.Parallel()
	i := start(t)
	for name, change := range map[string]func(req *http.Request, f url.Values){
		"no request":     func(_ *http.Request, f url.Values) { f.Del("request") },
		"unknown":        func(_ *http.Request, f url.Values) { f.Set("request", "x") },
		"twice":          func(_ *http.Request, f url.Values) { f.Add("request", f.Get("request")) },
		"two people":     func(_ *http.Request, f url.Values) { f.Add("person", "grace") },
		"no decision":    func(_ *http.Request, f url.Values) { f.Del("decision") },
		"no person":      func(_ *http.Request, f url.Values) { f.Del("person") },
		"unknown person": func(_ *http.Request, f url.Values) { f.Set("person", "eve") },
		"another site":   func(req *http.Request, _ url.Values) { req.Header.Set("Sec-Fetch-Site", "cross-site") },
		"JSON":           func(req *http.Request, _ url.Values) { req.Header.Set("Content-Type", "application/json") },
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

func TestConsentPageExpires(t *testing.T) {
	t.Parallel()
	i := start(t)
	_, action, request := i.page("google", query("google"))
	f := devidptest.As("ada")
	f.Set("request", request)
	i.wait(10 * time.Minute)
	if resp, body := i.visit(i.request(http.MethodPost, action, f)); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "too old") {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

// Whoever is typed is the same person next time, whatever is said of the address.
func TestSomeoneElse(t *testing.T) {
	t.Parallel()
	i := start(t)
	login := func(p devidptest.Person) map[string]any {
		back := answerOf(t, devidptest.LoginAs(t, i.client, i.authorizeURL("google", query("google")), p))
		_, answer := i.redeem("google", form("google", back.Get("code")))
		return i.googleClaims(text(answer["id_token"]))
	}
	joan := login(devidptest.Person{Name: " Joan  Clarke ", Email: "joan@example.com", Verified: true})
	if joan["name"] != "Joan Clarke" || joan["email"] != "joan@example.com" || joan["email_verified"] != true {
		t.Errorf("joan is %v", joan)
	}
	again := login(devidptest.Person{Name: "Joan Clarke", Email: "joan@example.com"})
	if again["sub"] != joan["sub"] || again["email_verified"] != false {
		t.Errorf("joan is %v, then %v", joan, again)
	}
	mute := login(devidptest.Person{Name: "Joan Clarke", Verified: true})
	if mute["sub"] == joan["sub"] || mute["email"] != nil || mute["email_verified"] != nil {
		t.Errorf("joan without an address is %v", mute)
	}
	prince := login(devidptest.Person{Name: "ปริ๊นซ์"})
	if prince["name"] != "ปริ๊นซ์" || prince["given_name"] != "ปริ๊นซ์" || prince["family_name"] != nil {
		t.Errorf("prince is %v", prince)
	}
	if ada := login(devidptest.Person{Name: "Ada Lovelace", Email: "ada@example.com"}); ada["sub"] == i.googleClaims(text(i.login("google", "ada", query("google"))["id_token"]))["sub"] {
		t.Error("somebody typed is the test person")
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
	if claims := i.googleClaims(text(answer["id_token"])); claims["name"] != attack || claims["nonce"] != attack {
		t.Errorf("claims = %v", claims)
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	i := start(t)
	resp, body := i.visit(i.request(http.MethodGet, i.base+"/picture.svg", nil))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(body, "<svg") {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}
}
