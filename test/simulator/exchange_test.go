package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"gofiber-auth/test/fakeidp"
)

// TestVerifiers redeems codes with and without what the front end has promised to know.
func TestVerifiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for name, verifier := range map[string]func(right string) string{
		"wrong":     func(string) string { return strings.Repeat("w", 43) },
		"missing":   func(string) string { return "" },
		"challenge": s256,
		"shorter":   func(right string) string { return right[:len(right)-1] },
		"longer":    func(right string) string { return right + "a" },
		"spaced":    func(right string) string { return right + " " },
	} {
		code, right := w.newBrowser().consent(t, fakeidp.Google, w.someone())
		if status, _, p := w.exchange(t, code, verifier(right)); status != http.StatusBadRequest || p.Code != "invalid_code" {
			t.Errorf("verifier %s: %d %q, want 400 invalid_code", name, status, p.Code)
		}
		if status, _, p := w.exchange(t, code, right); status != http.StatusBadRequest || p.Code != "invalid_code" {
			t.Errorf("the right verifier, after %s: %d %q, want 400 invalid_code", name, status, p.Code)
		}
	}
	if n := len(w.users(t, "someone")); n != 0 {
		t.Errorf("there are %d users, want none", n)
	}
	b := w.newBrowser()
	q := b.comeBack(t, b.decide(t, b.begin(t, fakeidp.Google, false), w.someone()))
	if status, _, p := w.exchange(t, q.Get("code"), strings.Repeat("v", 43)); status >= 500 || status == http.StatusOK {
		t.Errorf("a verifier of no challenge: %d %q, want it refused (RFC 9700 §4.8.2)", status, p.Code)
	}
}

// TestChallengeWithoutMethod leaves out how the challenge was made. That is refused, or S256;
// "plain", which RFC 7636 has for that case, it never is.
func TestChallengeWithoutMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, try := range []string{"", strings.Repeat("v", 43), s256(strings.Repeat("v", 43))} {
		b := w.newBrowser()
		got, err := b.open(t.Context(), http.MethodGet, "/api/v1/auth/google?code_challenge="+s256(strings.Repeat("v", 43)), "")
		if err != nil {
			t.Fatal(err)
		}
		if got.status == http.StatusUnprocessableEntity {
			return
		}
		q := b.comeBack(t, b.decide(t, flow{provider: fakeidp.Google, url: urlOf(t, got)}, w.someone()))
		status, _, p := w.exchange(t, q.Get("code"), try)
		if right := try == strings.Repeat("v", 43); right != (status == http.StatusOK) {
			t.Errorf("exchange with %q = %d %q", try, status, p.Code)
		}
	}
}

// TestCodesWorkOnce has codes come again, which ends the session that they made.
func TestCodesWorkOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		code, verifier := w.newBrowser().consent(t, fakeidp.Google, w.someone())
		_, first, _ := w.exchange(t, code, verifier)
		w.me(t, first.Token)
		other := w.newBrowser().logIn(t, fakeidp.LINE, w.someone())
		if status, _, p := w.exchange(t, code, verifier); status != http.StatusBadRequest || p.Code != "invalid_code" {
			t.Errorf("the code again: %d %q, want 400 invalid_code", status, p.Code)
		}
		w.ended(t, "a code that came again", first.Token)
		w.me(t, other.Token)

		code, verifier = w.newBrowser().consent(t, fakeidp.Google, w.someone())
		_, first, _ = w.exchange(t, code, verifier)
		if status, _, p := w.exchange(t, code, ""); status != http.StatusBadRequest || p.Code != "invalid_code" {
			t.Errorf("the code again, without the verifier: %d %q, want 400 invalid_code", status, p.Code)
		}
		w.ended(t, "a code that came again without the verifier", first.Token)
	})
}

// TestCallbacksAtOnce has one callback come 50 times at once.
func TestCallbacksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, provider := range fakeidp.Names {
		b := w.newBrowser()
		f := b.begin(t, provider, true)
		callback := b.decide(t, f, w.someone())
		var mu sync.Mutex
		var codes []string
		atOnce(50, func(int) {
			q := b.comeBack(t, callback)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case q.Get("code") != "":
				codes = append(codes, q.Get("code"))
			case q.Get("error") != "invalid_state":
				t.Errorf("the front end gets %v, want invalid_state", q)
			}
		})
		if len(codes) != 1 {
			t.Fatalf("%s: %d of 50 callbacks with one state gave codes, want one", provider, len(codes))
		}
		if status, _, p := w.exchange(t, codes[0], f.verifier); status != http.StatusOK {
			t.Errorf("the exchange = %d %q, want 200", status, p.Code)
		}
	}
}

// TestExchangesAtOnce redeems one code 50 times at once: one gets a session, which ends
// since the code came again.
func TestExchangesAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		for range 3 {
			person := w.someone()
			code, verifier := w.newBrowser().consent(t, fakeidp.Google, person)
			var mu sync.Mutex
			var got []account
			atOnce(50, func(int) {
				status, a, p := w.exchange(t, code, verifier)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case status == http.StatusOK:
					got = append(got, a)
				case p.Code != "invalid_code":
					t.Errorf("exchange = %d %q, want invalid_code", status, p.Code)
				}
			})
			if len(got) > 1 {
				t.Errorf("%d of 50 exchanges of one code worked", len(got))
			}
			for _, a := range got {
				w.ended(t, "a code that came 50 times", a.Token)
			}
			if users := w.users(t, person.Email); len(users) > 1 {
				t.Errorf("there are %d users, want one at most", len(users))
			}
			if again := w.newBrowser().logIn(t, fakeidp.Google, person); again.User.Email != person.Email {
				t.Errorf("the next log-in is of %v", again.User)
			}
		}
	})
}

// Test200FlowsAtOnce checks that everybody gets their own session, whether all have a
// browser of their own or share one.
func Test200FlowsAtOnce(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *world) {
		run := func(b func() *browser, n int) {
			tokens := make([]string, n)
			atOnce(n, func(i int) {
				provider, b, person := fakeidp.Names[i%3], b(), w.someone()
				f := b.begin(t, provider, i%2 == 0)
				q := b.comeBack(t, b.decide(t, f, person))
				if q.Get("state") != f.state {
					t.Errorf("the state of a flow is %q, want %q", q.Get("state"), f.state)
				}
				status, a, p := w.exchange(t, q.Get("code"), f.verifier)
				if status != http.StatusOK {
					t.Errorf("%s: exchange = %d %q after %v", provider, status, p.Code, q)
					return
				}
				if u := w.me(t, a.Token); u.Email != person.Email || !a.IsNewUser || u.OauthProvider == nil || *u.OauthProvider != provider {
					t.Errorf("%s with %s is logged in as %v", provider, person.Email, u)
				}
				if got := w.identities(t, a.Token); len(got) != 1 || got[provider] != person.Subject {
					t.Errorf("%s with %s has the identities %v", provider, person.Subject, got)
				}
				tokens[i] = a.Token
			})
		}
		run(w.newBrowser, 200)
		shared := w.newBrowser()
		run(func() *browser { return shared }, 200)
	})
}

// TestNothingInLocations looks at what stands in URLs.
func TestNothingInLocations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	person := w.someone()
	for _, provider := range fakeidp.Names {
		b := w.newBrowser()
		f := b.begin(t, provider, true)
		got, err := b.open(t.Context(), http.MethodGet, b.decide(t, f, person), "")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got.header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		for secret, what := range w.Secrets() {
			if what != "state of the front end" && what != "one-time code" && strings.Contains(u.String(), secret) && secret != u.Query().Get("code") {
				t.Errorf("%s: there is the %s in the Location", provider, what)
			}
		}
		for name := range u.Query() {
			if name != "code" && name != "state" && name != "error" {
				t.Errorf("%s: there is %s in the Location", provider, name)
			}
		}
		if got.header.Get("Referrer-Policy") == "" {
			t.Logf("%s: there is no Referrer-Policy", provider)
		}
		w.Secret("one-time code", u.Query().Get("code"))
	}
}
