package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// jwtPattern matches the beginning of a JWT. Random values may begin as one does.
var jwtPattern = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.`)

// Browser goes through log-ins at the fake identity provider. It keeps the cookies of the service
// as for a page served over HTTPS. It is safe for concurrent use.
type Browser struct {
	*Client // the instance that it talks to

	idp      *fakeidp.Server
	frontend string
	jar      *jar
}

type jar struct {
	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

// NewBrowser returns a browser without cookies, at an instance that sends browsers to a front end.
func NewBrowser(c *Client, idp *fakeidp.Server, frontend string) *Browser {
	return &Browser{Client: c, idp: idp, frontend: frontend, jar: &jar{cookies: map[string]*http.Cookie{}}}
}

// At returns the same browser, talking to another instance.
func (b *Browser) At(c *Client) *Browser {
	other := *b
	other.Client = c
	return &other
}

// Send makes a request with the cookies and keeps what the answer sets. It follows no redirect and
// may be called from any goroutine.
func (b *Browser) Send(t testing.TB, r Request) Answer {
	t.Helper()
	r.Header = maps.Clone(r.Header)
	if r.Header == nil {
		r.Header = map[string]string{}
	}
	r.Header["Cookie"] = b.jar.header("/api/v1" + r.Path)
	got := b.Client.Send(t, r)
	for _, c := range got.Cookies {
		if c.MaxAge >= 0 && c.Value != "" && (!c.HttpOnly || c.SameSite != http.SameSiteLaxMode || !c.Secure || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-")) {
			t.Errorf("the cookie %s", c)
		}
	}
	b.jar.keep(got.Cookies)
	return got
}

func (j *jar) header(path string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, c := range j.cookies {
		if strings.HasPrefix(path, c.Path) {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return strings.Join(all, "; ")
}

func (j *jar) keep(cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if c.MaxAge < 0 || c.Value == "" {
			delete(j.cookies, c.Name)
			continue
		}
		Secrets.Add("cookie", c.Value)
		j.cookies[c.Name] = c
	}
}

// Flow is a log-in or a linking that has begun.
type Flow struct {
	Provider string
	URL      string // of the provider's page
	Verifier string // of the front end; empty: the cookie ties the flow to the browser
	State    string // of the front end
}

// IDPState returns the state that the service sent to the provider.
func (f Flow) IDPState(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

// Begin starts a log-in, with a code_challenge of the front end or without.
func (b *Browser) Begin(t testing.TB, provider string, challenge bool) Flow {
	t.Helper()
	f := Flow{Provider: provider, State: "front-end-state-" + rand.Text()}
	query := url.Values{"state": {f.State}}
	Secrets.Add("state of the front end", f.State)
	if challenge {
		f.Verifier = rand.Text() + rand.Text()
		query.Set("code_challenge", S256(f.Verifier))
		query.Set("code_challenge_method", "S256")
		Secrets.Add("code verifier of the front end", f.Verifier)
	}
	f.URL = b.Start(t, Request{Method: http.MethodGet, Path: "/auth/" + provider + "?" + query.Encode()})
	return f
}

// Linking returns the request that begins to link an identity to the account, with Password.
func Linking(provider, token string) Request {
	return Request{Method: http.MethodPost, Path: "/users/me/oauth-providers/" + provider, Token: token, Body: Object("currentPassword", Password)}
}

// Unlinking returns the request that removes an identity from the account, with Password.
func Unlinking(provider, token string) Request {
	return Request{Method: http.MethodDelete, Path: "/users/me/oauth-providers/" + provider, Token: token, Body: Object("currentPassword", Password)}
}

// BeginLink starts a linking.
func (b *Browser) BeginLink(t testing.TB, provider, token string) Flow {
	t.Helper()
	return Flow{Provider: provider, URL: b.Start(t, Linking(provider, token))}
}

// Start makes a request that begins a flow, and returns the URL of the provider's page.
func (b *Browser) Start(t testing.TB, r Request) string {
	t.Helper()
	var out struct{ URL string }
	if got := b.Send(t, r); got.Decode(http.StatusOK, &out) != nil || out.URL == "" {
		t.Fatalf("%s %s = %d %s, want a URL", r.Method, r.Path, got.Status, got.Body)
	}
	return out.URL
}

// Decide gives the person's answer at the provider. It returns the path of the callback.
func (b *Browser) Decide(t testing.TB, f Flow, a fakeidp.Answer) string {
	t.Helper()
	back := b.idp.Visit(t, f.URL, a)
	Secrets.Add("state", back.Query().Get("state"))
	Secrets.Add("code of the provider", back.Query().Get("code"))
	return "/auth/" + f.Provider + "/callback?" + back.RawQuery
}

// ComeBack opens the callback and returns what the front end gets.
func (b *Browser) ComeBack(t testing.TB, callback string) url.Values {
	t.Helper()
	got := b.Send(t, Request{Method: http.MethodGet, Path: callback})
	location := got.Header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || got.Status != http.StatusFound || u.Scheme+"://"+u.Host+u.Path != b.frontend+"/auth/callback" || u.Fragment != "" {
		t.Errorf("the callback = %d %s to %q", got.Status, got.Body, location)
		return url.Values{}
	}
	if !strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("Cache-Control of the callback is %q, want no-store", got.Header.Get("Cache-Control"))
	}
	q := u.Query()
	for name, values := range q {
		if len(values) != 1 || name != "code" && name != "state" && name != "error" && name != "linked" {
			t.Errorf("the front end gets %s %v", name, values)
		}
	}
	rest := strings.ReplaceAll(location, url.QueryEscape(q.Get("state")), "") // the front end's own
	if found := Secrets.Found(rest); jwtPattern.MatchString(location) || len(found) > 0 {
		t.Errorf("a secret is in %s: %s", location, found)
	}
	Secrets.Add("one-time code", q.Get("code"))
	return q
}

// Exchanging returns the request that redeems a one-time code.
func Exchanging(code, verifier string) Request {
	body := map[string]string{"code": code}
	if verifier != "" {
		body["codeVerifier"] = verifier
	}
	return Request{Method: http.MethodPost, Path: "/auth/exchange", Body: body}
}

// Exchange redeems the code of a callback.
func (c *Client) Exchange(t testing.TB, code, verifier string) (Answer, Auth) {
	t.Helper()
	got := c.Send(t, Exchanging(code, verifier))
	var a Auth
	if got.Status == http.StatusOK {
		if err := json.Unmarshal(got.Body, &a); err != nil || a.Token == "" || a.User.ID == "" {
			t.Errorf("exchange = %s", got.Body)
		}
	}
	return got, a.Seen()
}

// Consent goes through a log-in up to the callback, which must give a code.
func (b *Browser) Consent(t testing.TB, provider string, a fakeidp.Answer) (code, verifier string) {
	t.Helper()
	f := b.Begin(t, provider, true)
	q := b.ComeBack(t, b.Decide(t, f, a))
	if q.Has("error") || q.Get("code") == "" || q.Get("state") != f.State {
		t.Fatalf("the callback gives %v, want a code and the state %s", q, f.State)
	}
	return q.Get("code"), f.Verifier
}

// LogIn logs in, which must work.
func (b *Browser) LogIn(t testing.TB, provider string, a fakeidp.Answer) Auth {
	t.Helper()
	code, verifier := b.Consent(t, provider, a)
	got, in := b.Exchange(t, code, verifier)
	if got.Status != http.StatusOK {
		t.Fatalf("exchange = %d %s, want 200", got.Status, got.Body)
	}
	return in
}

// Finish goes on at the callback. It returns "ok" or the code of the error that ended the log-in,
// and the answer of the exchange, where there was one.
func (b *Browser) Finish(t testing.TB, f Flow, callback string) (string, Answer, Auth) {
	t.Helper()
	q := b.ComeBack(t, callback)
	if q.Has("error") || q.Get("code") == "" || q.Get("state") != f.State {
		if !q.Has("error") {
			t.Errorf("the callback gives %v, want a code and the state %s", q, f.State)
		}
		return q.Get("error"), Answer{}, Auth{}
	}
	got, in := b.Exchange(t, q.Get("code"), f.Verifier)
	if got.Status == http.StatusOK {
		return "ok", got, in
	}
	return got.Problem.Code, got, in
}

// Outcome goes through a whole log-in and returns how it ended, as Finish does.
func (b *Browser) Outcome(t testing.TB, provider string, a fakeidp.Answer) (string, Answer, Auth) {
	t.Helper()
	f := b.Begin(t, provider, true)
	return b.Finish(t, f, b.Decide(t, f, a))
}

// Link links an identity and returns what the front end gets.
func (b *Browser) Link(t testing.TB, provider, token string, a fakeidp.Answer) url.Values {
	t.Helper()
	return b.ComeBack(t, b.Decide(t, b.BeginLink(t, provider, token), a))
}

// S256 returns the code_challenge of a verifier.
func S256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
