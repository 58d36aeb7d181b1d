package fakeidp_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// TestFaultsOfAClient sends the requests of a careless client. Were they not noticed, the tests of
// the service would prove nothing.
func TestFaultsOfAClient(t *testing.T) {
	t.Parallel()
	s := fakeidp.New(t, "https://Auth.Example.com:443/api/v1/auth")
	verifier := strings.Repeat("v", 43)
	authorization := func(p *fakeidp.Provider) url.Values {
		return url.Values{
			"response_type": {"code"}, "client_id": {p.ClientID}, "redirect_uri": {p.RedirectURL}, "scope": {"openid email profile public_profile"},
			"state": {s256(t.Name() + p.Name)}, "nonce": {s256("nonce" + p.Name)}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
		}
	}
	faulty := func(t *testing.T, why string, want bool) {
		t.Helper()
		if got := s.Faults(); (len(got) > 0) != want {
			t.Errorf("%s: the faults are %v", why, got)
		}
		s.Forgive("")
	}
	get := func(target string, header http.Header) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	for _, name := range fakeidp.Names {
		p, at := s.Providers[name], s.URL+"/"+name
		good := authorization(p)
		for why, change := range map[string]func(q url.Values){
			"another redirect_uri": func(q url.Values) { q.Set("redirect_uri", strings.ToLower(p.RedirectURL)) },
			"another client":       func(q url.Values) { q.Set("client_id", "another") },
			"no PKCE":              func(q url.Values) { q.Del("code_challenge") },
			"plain PKCE":           func(q url.Values) { q.Set("code_challenge_method", "plain") },
			"a short state":        func(q url.Values) { q.Set("state", "short") },
			"a scope too few":      func(q url.Values) { q.Set("scope", "openid") },
			"a secret in the URL":  func(q url.Values) { q.Set("client_secret", p.ClientSecret) },
			"state twice":          func(q url.Values) { q.Add("state", q.Get("state")) },
			"an implicit flow":     func(q url.Values) { q.Set("response_type", "token") },
		} {
			bad := clone(good)
			change(bad)
			get(at+"/authorize?"+bad.Encode(), http.Header{})
			faulty(t, name+", "+why, true)
		}
		code := func() string {
			q := clone(good)
			q.Set("state", s256(rand.Text()))
			q.Set("nonce", s256("n"+q.Get("state")))
			back := s.Visit(t, at+"/authorize?"+q.Encode(), fakeidp.Answer{Subject: "1"})
			s.Forgive("code challenge was used before")
			return back.Query().Get("code")
		}
		form := func() url.Values {
			return url.Values{
				"grant_type": {"authorization_code"}, "code": {code()}, "redirect_uri": {p.RedirectURL}, "code_verifier": {verifier},
				"client_id": {p.ClientID}, "client_secret": {p.ClientSecret},
			}
		}
		post := func(query string, body url.Values, kind string) int {
			res, err := http.Post(at+"/token"+query, kind, strings.NewReader(body.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.StatusCode
		}
		const encoded = "application/x-www-form-urlencoded"
		right := form()
		if status := post("", right, encoded); status != http.StatusOK {
			t.Fatalf("%s: a good token request = %d: %v", name, status, s.Faults())
		}
		faulty(t, name+", good", false)
		post("", right, encoded)
		faulty(t, name+", a code twice", true)
		post("?client_secret="+p.ClientSecret, form(), encoded)
		faulty(t, name+", a secret in the URL", true)
		post("", form(), "application/json")
		faulty(t, name+", no form", true)
		for field, value := range map[string]string{
			"client_secret": "wrong", "client_id": "another", "redirect_uri": strings.ToLower(p.RedirectURL), "code_verifier": strings.Repeat("w", 43), "grant_type": "password",
		} {
			bad := form()
			bad.Set(field, value)
			post("", bad, encoded)
			faulty(t, name+", another "+field, true)
		}
		get(at+"/me?access_token=abc", http.Header{})
		faulty(t, name+", an access token in the URL", true)
	}
	get(s.URL+"/facebook/me?fields=id,name,email", http.Header{"Authorization": {"Bearer abc"}})
	faulty(t, "Graph without appsecret_proof", true)
	get(s.URL+"/somewhere", http.Header{})
	faulty(t, "somewhere else", true)
}

func clone(q url.Values) url.Values {
	out := maps.Clone(q)
	for name, values := range q {
		out[name] = append([]string(nil), values...)
	}
	return out
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
