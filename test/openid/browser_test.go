package openid

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// browser keeps cookies, follows redirects and fills in forms.
type browser struct {
	client http.Client
	until  string // it does not follow redirects to addresses that begin so
}

// newBrowser returns a browser without cookies that goes everywhere but to the front end, which
// nobody serves here.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{until: frontend}
	b.client.Jar = jar
	b.client.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), b.until) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// visit goes to an address, with a form if there is one, and on to wherever it is sent. It returns
// where that ended, and the page there; none where the browser was not to go.
func (b *browser) visit(t *testing.T, address string, form url.Values) (where *url.URL, page string) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if where, err = response.Location(); err == nil {
		return where, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s: %s", method, response.Request.URL, response.Status, body)
	}
	return response.Request.URL, string(body)
}

// LogIn goes to where a log-in begins, says at the provider who it is, and returns where the
// browser ends.
func (b *browser) LogIn(t *testing.T, begin, username string) *url.URL {
	t.Helper()
	where, page := b.visit(t, begin, nil)
	action, form := formOf(t, page)
	for _, name := range []string{"username", "password"} {
		if !form.Has(name) {
			t.Fatalf("no field %s on the page %s", name, where)
		}
	}
	form.Set("username", username)
	form.Set("password", personPassword)
	where, page = b.visit(t, where.ResolveReference(action).String(), form)
	if !strings.HasPrefix(where.String(), b.until) {
		t.Fatalf("the log-in at the provider ended at %s: %s", where.Host+where.Path, page)
	}
	return where
}

// formOf returns where the form of a page goes, and its fields as they are.
func formOf(t *testing.T, page string) (action *url.URL, fields url.Values) {
	t.Helper()
	fields = url.Values{}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if err != nil {
			break // the end, or not even HTML
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attributes := map[string]string{}
		for _, a := range element.Attr {
			attributes[a.Name.Local] = a.Value
		}
		switch element.Name.Local {
		case "form":
			if action, err = url.Parse(attributes["action"]); err != nil || !strings.EqualFold(attributes["method"], http.MethodPost) {
				t.Fatalf("a form that cannot be sent: %v", element)
			}
		case "input":
			fields.Set(attributes["name"], attributes["value"])
		}
	}
	if action == nil {
		t.Fatalf("no form on the page %q", page)
	}
	return action, fields
}
