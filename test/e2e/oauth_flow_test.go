package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
)

// browser is one that somebody sits in front of, who goes from page to page by hand: it follows
// no redirect.
type browser struct{ client *http.Client }

// newBrowser returns one without cookies. Outside development cookies are kept to HTTPS, which
// stands in front of the service: the browser does as if it did here, too.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{
		Jar:           overTLS{jar},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// overTLS keeps cookies, by host and not by port, as if every page came by HTTPS.
type overTLS struct{ http.CookieJar }

func secure(u *url.URL) *url.URL {
	u = u.JoinPath()
	u.Scheme = "https"
	return u
}

func (j overTLS) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(secure(u), cookies)
}
func (j overTLS) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(secure(u)) }

// send makes a request and returns its answer, whose body has been read.
func (b *browser) send(method, address, token, body string) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res, answer, err
}

// flow is a log-in through a provider. Each of its steps may go to another instance. Its methods
// may be called from any goroutine.
type flow struct {
	*browser

	provider string
	frontend string // where it ends
	state    string // of the front end
	verifier string // of the front end; empty: the browser's cookie is what ties the flow to it
}

// newFlow returns a flow in a browser of its own, tied to that by its cookie.
func newFlow(t *testing.T, provider string) flow {
	t.Helper()
	return flow{browser: newBrowser(t), provider: provider, frontend: frontendURL, state: rand.Text()}
}

// proven returns the flow tied to the front end by a code_challenge instead.
func (f flow) proven() flow {
	f.verifier = rand.Text() + rand.Text()
	return f
}

// oauthAnswer is what the service says to a log-in through a provider.
type oauthAnswer struct {
	auth

	IsNewUser bool
	Code      string // of an error
	Ticket    string
}

// path is what begins the flow.
func (f flow) path() string {
	query := url.Values{"state": {f.state}}
	if f.verifier != "" {
		sum := sha256.Sum256([]byte(f.verifier))
		query.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		query.Set("code_challenge_method", "S256")
	}
	return "/api/v1/auth/" + f.provider + "?" + query.Encode()
}

// start begins the flow and returns where the provider is.
func (f flow) start(s *instance) (string, error) {
	res, body, err := f.send(http.MethodGet, s.base+f.path(), "", "")
	if err != nil {
		return "", err
	}
	var answer struct{ URL string }
	if err := json.Unmarshal(body, &answer); res.StatusCode != http.StatusOK || err != nil || answer.URL == "" {
		return "", fmt.Errorf("the start of a flow = %d %s", res.StatusCode, body)
	}
	return answer.URL, nil
}

// consent answers the provider's page and returns where the provider sends the browser.
func (f flow) consent(address string, answer url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return devidptest.Answer(ctx, f.client, address, answer)
}

// callback goes where the provider sends the browser, at this instance, and returns what the
// front end gets to know.
func (f flow) callback(s *instance, location string) (url.Values, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	res, body, err := f.send(http.MethodGet, s.base+u.RequestURI(), "", "")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusFound {
		return nil, fmt.Errorf("the callback = %d %s", res.StatusCode, body)
	}
	query := target.Query()
	if target.RawQuery = ""; target.String() != f.frontend+"/auth/callback" {
		return nil, fmt.Errorf("the callback leads to %s, not to the front end at %s", target, f.frontend)
	}
	return query, nil
}

// redeem exchanges the one-time code and returns the answer with its status.
func (f flow) redeem(s *instance, code string) (int, oauthAnswer, error) {
	in, err := json.Marshal(map[string]string{"code": code, "codeVerifier": f.verifier})
	if err != nil {
		return 0, oauthAnswer{}, err
	}
	status, _, body, err := s.do(http.MethodPost, "/api/v1/auth/exchange", "", string(in))
	if err != nil {
		return 0, oauthAnswer{}, err
	}
	var answer oauthAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return status, answer, fmt.Errorf("the exchange = %d %s: %w", status, body, err)
	}
	return status, answer, nil
}

// come goes through the flow until the front end has its one-time code.
func (f flow) come(start, callback *instance, answer url.Values) (code string, err error) {
	address, err := f.start(start)
	if err != nil {
		return "", err
	}
	location, err := f.consent(address, answer)
	if err != nil {
		return "", err
	}
	query, err := f.callback(callback, location)
	if err != nil {
		return "", err
	}
	if query.Get("code") == "" || query.Get("state") != f.state {
		return "", fmt.Errorf("the front end gets %v, want a code and the state %s", query, f.state)
	}
	return query.Get("code"), nil
}

// logIn goes through the whole flow, each step at the instance given for it.
func (f flow) logIn(start, callback, exchange *instance, answer url.Values) (oauthAnswer, error) {
	code, err := f.come(start, callback, answer)
	if err != nil {
		return oauthAnswer{}, err
	}
	status, in, err := f.redeem(exchange, code)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the exchange = %d %s", status, in.Code)
	}
	return in, err
}

// mustLogIn goes through the whole flow at one instance.
func (f flow) mustLogIn(t *testing.T, s *instance, answer url.Values) oauthAnswer {
	t.Helper()
	in, err := f.logIn(s, s, s, answer)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// mustCome goes through the flow at one instance until the front end has its one-time code.
func (f flow) mustCome(t *testing.T, s *instance, answer url.Values) string {
	t.Helper()
	code, err := f.come(s, s, answer)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// mustBegin begins a flow and answers the provider's page, and returns where that sends the
// browser.
func (f flow) mustBegin(t *testing.T, s *instance, answer url.Values) string {
	t.Helper()
	address, err := f.start(s)
	if err != nil {
		t.Fatal(err)
	}
	location, err := f.consent(address, answer)
	if err != nil {
		t.Fatal(err)
	}
	return location
}
