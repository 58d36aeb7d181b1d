package simulator_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// jwtPattern is what a token looks like; a random code may begin as one does.
var jwtPattern = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.`)

// browser keeps the service's cookies as browsers do for https, which the proxy before the
// service speaks.
type browser struct {
	w *world

	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

func (w *world) newBrowser() *browser { return &browser{w: w, cookies: map[string]*http.Cookie{}} }

// page is an answer that a browser got.
type page struct {
	status int
	header http.Header
	body   []byte
}

// open makes a request as the browser does, and follows nothing.
func (b *browser) open(ctx context.Context, method, path, token string) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.w.base+path, http.NoBody)
	if err != nil {
		return page{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	b.mu.Lock()
	for _, c := range b.cookies {
		if c.Path == "" || strings.HasPrefix(req.URL.Path, c.Path) {
			req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	b.mu.Unlock()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.keep(res.Cookies())
	return page{res.StatusCode, res.Header, body}, err
}

// keep takes what Set-Cookie says.
func (b *browser) keep(cookies []*http.Cookie) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range cookies {
		switch {
		case c.MaxAge < 0 || c.Value == "":
			delete(b.cookies, c.Name)
			continue
		case !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || !c.Secure || c.Domain != "":
			b.w.Fault("the cookie %s is not HttpOnly, SameSite=Lax, Secure and of this host", c.Name)
		}
		b.w.Secret("cookie", c.Value)
		b.cookies[c.Name] = c
	}
}

// flow is a log-in, or a linking, under way.
type flow struct {
	provider string
	url      string // of the provider's page
	verifier string // of the front end; empty: it relies on the cookie
	state    string // of the front end
}

// begin starts a log-in; it may be called from any goroutine.
func (b *browser) begin(t *testing.T, provider string, challenge bool) flow {
	t.Helper()
	f := flow{provider: provider, state: "state-of-the-front-end-" + rand.Text()}
	query := url.Values{"state": {f.state}}
	if challenge {
		f.verifier = rand.Text() + rand.Text()
		query.Set("code_challenge", s256(f.verifier))
		query.Set("code_challenge_method", "S256")
		b.w.Secret("code verifier of the front end", f.verifier)
	}
	b.w.Secret("state of the front end", f.state)
	got, err := b.open(t.Context(), http.MethodGet, "/api/v1/auth/"+provider+"?"+query.Encode(), "")
	if err != nil {
		t.Fatal(err)
	}
	f.url = urlOf(t, got)
	return f
}

// beginLink starts a linking by the bearer of the token.
func (b *browser) beginLink(t *testing.T, provider, token string) flow {
	t.Helper()
	got, err := b.open(t.Context(), http.MethodPost, "/api/v1/users/me/oauth-providers/"+provider, token)
	if err != nil {
		t.Fatal(err)
	}
	return flow{provider: provider, url: urlOf(t, got)}
}

func urlOf(t *testing.T, got page) string {
	t.Helper()
	var out struct{ URL string }
	if err := json.Unmarshal(got.body, &out); err != nil || got.status != http.StatusOK || out.URL == "" {
		t.Fatalf("the start of a flow = %d %s", got.status, got.body)
	}
	return out.URL
}

// decide has the person decide at the provider, and returns the callback's path and query.
func (b *browser) decide(t *testing.T, f flow, a fakeidp.Answer) string {
	t.Helper()
	back := b.w.Visit(t, f.url, a)
	return "/api/v1/auth/" + f.provider + "/callback?" + back.RawQuery
}

// comeBack opens the callback and returns what the front end gets.
func (b *browser) comeBack(t *testing.T, callback string) url.Values {
	t.Helper()
	got, err := b.open(t.Context(), http.MethodGet, callback, "")
	if err != nil {
		t.Errorf("callback: %v", err)
		return url.Values{}
	}
	location := got.header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || got.status != http.StatusFound || u.Scheme+"://"+u.Host+u.Path != frontend+"/auth/callback" || u.Fragment != "" {
		t.Errorf("callback = %d %s to %q", got.status, got.body, location)
		return url.Values{}
	}
	if jwtPattern.MatchString(location) {
		t.Errorf("there is a token in %s", location)
	}
	if !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
		t.Errorf("Cache-Control of the callback is %q, want no-store", got.header.Get("Cache-Control"))
	}
	q := u.Query()
	b.w.Secret("one-time code", q.Get("code"))
	for name, values := range q {
		if len(values) != 1 {
			t.Errorf("the front end gets %s %d times", name, len(values))
		}
	}
	return q
}

// exchange redeems the code of a callback.
func (w *world) exchange(t *testing.T, code, verifier string) (int, account, problem) {
	t.Helper()
	body := map[string]string{"code": code}
	if verifier != "" {
		body["codeVerifier"] = verifier
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var a account
	status, p := w.call(t, http.MethodPost, "/auth/exchange", "", string(text), &a)
	w.Secret("access token", a.Token)
	return status, a, p
}

// consent goes through a log-in up to the callback, which must give a code.
func (b *browser) consent(t *testing.T, provider string, a fakeidp.Answer) (code, verifier string) {
	t.Helper()
	f := b.begin(t, provider, true)
	q := b.comeBack(t, b.decide(t, f, a))
	if q.Get("error") != "" || q.Get("code") == "" || q.Get("state") != f.state {
		t.Fatalf("the callback gives %v, want a code and state %s", q, f.state)
	}
	return q.Get("code"), f.verifier
}

// logIn logs in, which must work.
func (b *browser) logIn(t *testing.T, provider string, a fakeidp.Answer) account {
	t.Helper()
	code, verifier := b.consent(t, provider, a)
	status, got, p := b.w.exchange(t, code, verifier)
	if status != http.StatusOK {
		t.Fatalf("exchange = %d %q, want 200", status, p.Code)
	}
	return got
}

// outcome goes through a log-in and says how it ended: "ok", or the error's code, of the
// callback or of the exchange.
func (b *browser) outcome(t *testing.T, provider string, a fakeidp.Answer) (string, account, problem) {
	t.Helper()
	f := b.begin(t, provider, true)
	return b.finish(t, f, b.decide(t, f, a))
}

// finish goes on at the callback and says how it ended, as outcome does.
func (b *browser) finish(t *testing.T, f flow, callback string) (string, account, problem) {
	t.Helper()
	q := b.comeBack(t, callback)
	if q.Get("error") != "" || q.Get("code") == "" {
		if q.Get("error") == "" {
			t.Errorf("the callback gives %v", q)
		}
		return q.Get("error"), account{}, problem{}
	}
	status, got, p := b.w.exchange(t, q.Get("code"), f.verifier)
	if status == http.StatusOK {
		return "ok", got, p
	}
	return p.Code, got, p
}

// link links an identity, and returns what the front end gets.
func (b *browser) link(t *testing.T, provider, token string, a fakeidp.Answer) url.Values {
	t.Helper()
	return b.comeBack(t, b.decide(t, b.beginLink(t, provider, token), a))
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
