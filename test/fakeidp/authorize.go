package fakeidp

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// answerHeader names the Answer of a visit of the authorization endpoint.
const answerHeader = "Fake-Answer"

var (
	randomOf256Bits = regexp.MustCompile(`^[A-Za-z0-9_.-]{43,}$`) // at least, since it may hold more, sealed
	challengeS256   = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// scopes holds what the client must ask for, at least.
var scopes = map[string][]string{
	Google:   {"openid", "email", "profile"},
	LINE:     {"openid", "email", "profile"},
	Facebook: {"email", "public_profile"},
}

// extras holds the parameters that providers send back beside those of OAuth.
var extras = map[string]map[string]string{
	Google: {"scope": "email profile openid https://www.googleapis.com/auth/userinfo.profile", "authuser": "0", "prompt": "consent", "hd": "example.com"},
	LINE:   {"friendship_status_changed": "false", "liffRedirectUri": "https://liff.example/"},
}

// Visit opens the URL that the service gave, as the person with that answer. It returns where the
// provider redirects to.
func (s *Server) Visit(t testing.TB, target string, answer Answer) *url.URL {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Split(strings.TrimPrefix(target, s.URL+"/"), "/")[0]
	p := s.Providers[name]
	if p == nil {
		t.Fatalf("the service sends people to %s", u.Redacted())
	}
	id := s.secret("answer")
	p.mu.Lock()
	p.answers[id] = answer
	p.mu.Unlock()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(answerHeader, id)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		t.Fatalf("%s refuses the request: %v", name, s.Faults())
	}
	return back
}

// authorize is the authorization endpoint.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if err := p.checkAuthorize(r, q); err != nil {
		p.fault("authorization request: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.once("state", q.Get("state"))
	p.once("code challenge", q.Get("code_challenge"))
	p.server.Secret("state", q.Get("state"))
	if p.Name != Facebook {
		p.once("nonce", q.Get("nonce"))
		p.server.Secret("nonce", q.Get("nonce"))
	}
	p.mu.Lock()
	answer := p.answers[r.Header.Get(answerHeader)]
	p.mu.Unlock()

	back := url.Values{"state": {q.Get("state")}}
	if answer.Denied != "" {
		back.Set("error", answer.Denied)
		back.Set("error_description", "It was <b>said</b> so")
	} else {
		code := "4/0A+" + p.server.secret("code of the provider") + "=#_" // real ones need escaping, too
		p.mu.Lock()
		p.codes[code] = &grant{answer: answer, nonce: q.Get("nonce"), challenge: q.Get("code_challenge")}
		p.mu.Unlock()
		back.Set("code", code)
	}
	for name, value := range extras[p.Name] {
		back.Set(name, value)
	}
	w.Header().Set("Location", p.RedirectURL+"?"+back.Encode())
	w.WriteHeader(http.StatusFound)
}

// checkAuthorize returns what is wrong with an authorization request.
func (p *Provider) checkAuthorize(r *http.Request, q url.Values) error {
	known := []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "access_type", "display"}
	for name, values := range q {
		if len(values) != 1 {
			return errors.New(name + " comes more than once")
		}
		if !slices.Contains(known, name) {
			return errors.New("there is a parameter " + name)
		}
	}
	scope := strings.Fields(strings.ReplaceAll(q.Get("scope"), ",", " "))
	for _, wanted := range scopes[p.Name] {
		if !slices.Contains(scope, wanted) {
			return errors.New("the scope lacks " + wanted)
		}
	}
	switch {
	case r.Method != http.MethodGet:
		return errors.New("the method is " + r.Method)
	case q.Get("response_type") != "code":
		return errors.New("response_type is not code")
	case q.Get("client_id") != p.ClientID:
		return errors.New("client_id is another one")
	case q.Get("redirect_uri") != p.RedirectURL:
		return errors.New("redirect_uri is not the registered one, to the letter: " + q.Get("redirect_uri"))
	case !randomOf256Bits.MatchString(q.Get("state")):
		return errors.New("state is not 256 bits")
	case q.Get("code_challenge_method") != "S256" || !challengeS256.MatchString(q.Get("code_challenge")):
		return errors.New("there is no PKCE by S256")
	case p.Name != Facebook && !randomOf256Bits.MatchString(q.Get("nonce")) && len(q.Get("nonce")) < 22:
		return errors.New("nonce is not random")
	}
	return nil
}
