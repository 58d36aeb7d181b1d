package devidp_test

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/infrastructure/devidp"
	"gofiber-auth/infrastructure/devidp/devidptest"
)

// Two hundred flows at once, over all providers: each gets its own state, nonce, verifier and
// person.
func TestFlowsDoNotMix(t *testing.T) {
	t.Parallel()
	i := start(t)
	providers := []string{"google", "line", "facebook"}
	var flows sync.WaitGroup
	for n := range 200 {
		flows.Go(func() {
			provider, own := providers[n%3], fmt.Sprintf("flow-%d", n)
			secret := fmt.Sprintf("%043d", n)
			q := query(provider)
			q.Set("state", own)
			q.Set("nonce", own)
			q.Set("code_challenge", challengeOf(secret))
			person := devidptest.Person{Name: own, Email: own + "@example.com", Verified: true}
			code, state, err := i.try(t.Context(), provider, q, devidptest.AsPerson(person))
			if err != nil || state != own {
				t.Errorf("%s: state %q, %v", own, state, err)
				return
			}
			f := form(provider, code)
			f.Set("code_verifier", secret)
			status, answer := i.redeem(provider, f)
			if status != http.StatusOK {
				t.Errorf("%s: %d %v", own, status, answer)
				return
			}
			claims := map[string]any{"nonce": own}
			switch provider {
			case "google":
				claims = i.googleClaims(text(answer["id_token"]))
			case "line":
				claims = i.lineClaims(text(answer["id_token"]))
			default:
				access := text(answer["access_token"])
				maps.Copy(claims, i.me(access))
			}
			if claims["nonce"] != own || claims["name"] != own || claims["email"] != person.Email {
				t.Errorf("%s: %v", own, claims)
			}
		})
	}
	flows.Wait()
}

// Of many uses of a code at once one gets tokens, and not even these last.
func TestCodesWorkOnce(t *testing.T) {
	t.Parallel()
	i := start(t)
	f := form("google", i.code("google", "ada", query("google")))
	var access atomic.Value
	var won, lost atomic.Int32
	var uses sync.WaitGroup
	for range 50 {
		uses.Go(func() {
			if status, answer := i.redeem("google", f); status == http.StatusOK {
				won.Add(1)
				access.Store(text(answer["access_token"]))
			} else if faultOf(answer) == "invalid_grant" {
				lost.Add(1)
			}
		})
	}
	uses.Wait()
	if won.Load() != 1 || lost.Load() != 49 {
		t.Fatalf("%d of 50 uses got tokens, %d were refused", won.Load(), lost.Load())
	}
	token, _ := access.Load().(string)
	if status, answer := i.get(i.Endpoints("google").Userinfo, token); status != http.StatusUnauthorized {
		t.Errorf("the token of a code that was used twice works: %d %v", status, answer)
	}
}

// Of many answers to one consent page at once one counts.
func TestAnswersCountOnce(t *testing.T) {
	t.Parallel()
	i := start(t)
	_, action, request := i.page("line", query("line"))
	f := devidptest.As("ada")
	f.Set("request", request)
	var won atomic.Int32
	var answers sync.WaitGroup
	for range 50 {
		answers.Go(func() {
			if resp, _ := i.visit(i.request(http.MethodPost, action, f)); resp.StatusCode == http.StatusSeeOther {
				won.Add(1)
			}
		})
	}
	answers.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 50 answers counted", won.Load())
	}
}

// A provider without a client is not there, nor is one that nobody knows.
func TestOnlyProvidersWithClients(t *testing.T) {
	t.Parallel()
	i := start(t)
	some := devidp.New(devidp.Options{BaseURL: i.base, Clients: map[string]devidp.Registration{"line": {ClientID: "x"}, "github": {ClientID: "y"}}})
	for path, want := range map[string]bool{"/line/certs": true, "/google/jwks": false, "/facebook/me": false, "/github/authorize": false, "/": false} {
		req := i.request(http.MethodGet, path, nil)
		if _, pattern := some.Handler().(*http.ServeMux).Handler(req); (pattern != "") != want {
			t.Errorf("%s is served by %q", path, pattern)
		}
	}
	if some.Endpoints("github") != (devidp.Endpoints{}) {
		t.Error("an unknown provider has endpoints")
	}
}
