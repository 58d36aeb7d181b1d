package contract

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
)

func TestRegistration(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		name := client.Name()
		var a auth
		// Fields of the user that a registration cannot set are ignored.
		s.one.Must(t, request{Method: "POST", Path: "/auth/register", Body: map[string]any{
			"email": "ADA." + name + "@Example.com", "username": "Ada." + name, "password": client.Password, "displayName": "Ada Lovelace",
			"role": "admin", "isActive": false, "emailVerified": true, "id": "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000",
		}}, 201, &a)
		a.Seen()
		u := a.User
		if u.Email != "ada."+name+"@example.com" || u.Username != "Ada."+name || u.Role != "user" || !u.IsActive || u.EmailVerified || u.IsOauthUser || u.DisplayName == nil || *u.DisplayName != "Ada Lovelace" {
			t.Errorf("the user is %+v", u)
		}
		if a.TokenType != "Bearer" || a.ExpiresIn != 900 || a.RefreshExpiresIn != 30*24*60*60 || len(a.RefreshToken) < 43 {
			t.Errorf("Auth is %s, %d, %d, and the refresh token has %d characters", a.TokenType, a.ExpiresIn, a.RefreshExpiresIn, len(a.RefreshToken))
		}
		for claim, want := range map[string]string{"sub": u.ID, "email": u.Email, "email_verified": "false", "username": u.Username, "role": "user", "iss": "gofiber-auth", "aud": "gofiber-auth"} {
			if got := client.Claim(t, a.Token, claim); got != want {
				t.Errorf("the claim %s is %q, want %q", claim, got, want)
			}
		}
		for _, account := range []string{strings.ToUpper(u.Email), strings.ToUpper(u.Username)} {
			if got := s.two.LogIn(t, account, client.Password); got.User.ID != u.ID {
				t.Errorf("%s is %s", account, got.User.ID)
			}
		}
		taken := func(email, username string) request {
			return request{Method: "POST", Path: "/auth/register", Body: object("email", email, "username", username, "password", client.Password)}
		}
		s.two.Refuses(t, taken(strings.ToUpper(u.Email), client.Name()), 409, "email_taken")
		s.two.Refuses(t, taken(client.Name()+"@example.com", strings.ToUpper(u.Username)), 409, "username_taken")
	})
}

func TestOneOfManyRegistrationsOfAnEmailWins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *setup) {
		email := client.Name() + "@example.com"
		codes := make([]string, 16)
		client.AtOnce(len(codes), func(n int) {
			spelt := []string{email, strings.ToUpper(email)}[n/2%2]
			codes[n] = s.at(n).Send(t, request{Method: "POST", Path: "/auth/register", Body: object("email", spelt, "username", client.Name(), "password", client.Password)}).Code()
		})
		slices.Sort(codes)
		if codes[0] != "" || codes[1] != "email_taken" || codes[15] != "email_taken" {
			t.Errorf("the answers are %q, want one 201 and else email_taken", codes)
		}
	})
}

func TestEmailsThatAreNone(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	a := s.one.Register(t)
	for _, email := range []string{
		"a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "<a@example.com>", "Ada <a@example.com>", "a b@example.com", "ü@example.com",
		"a@exämple.com", "a@", "@example.com", "a", "a@@example.com", "a@example.com\x00", "a@example.com\n", strings.Repeat("a", 250) + "@example.com", "a@-", "a@example..com", ".a.@example.com.",
	} {
		s.one.Refuses(t, request{Method: "POST", Path: "/auth/register", Body: object("email", email, "username", client.Name(), "password", client.Password)}, 422, "validation_failed")
		s.one.Refuses(t, request{Method: "PATCH", Path: "/users/me", Token: a.Token, Body: object("email", email, "currentPassword", client.Password)}, 422, "validation_failed")
		if got := s.one.Send(t, forgot(email)); got.Status != 202 && got.Status != 422 {
			t.Errorf("forgot of %q = %d %s", email, got.Status, got.Body)
		}
	}
}

// TestPasswordRules tries each password on every route that sets one.
func TestPasswordRules(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	admin := s.one.NewAdmin(t, s.env)
	for name, c := range map[string]struct{ password, code string }{
		"seven":                  {"x9!kQ2z", "length"},
		"eight":                  {"x9!kQ2zw", ""},
		"eight of four bytes":    {"😀😁😂😃😄😅😆😇", ""},
		"eight only before NFC":  {strings.Repeat("e\u0301", 7), "length"},
		"128 after NFC":          {strings.Repeat("e\u0301", 128), ""},
		"129":                    {strings.Repeat("kw", 64) + "z", "length"},
		"NUL":                    {"long enough\x00 to be good", "any"},
		"spaces within":          {"   a b c d   ", ""},
		"common":                 {"password1", "common_password"},
		"less common":            {"trustno1", "common_password"},
		"the local part":         {"MY LOCAL 1", "contains_identity"},
		"the username":           {"xxUSERxx", "contains_identity"},
		"a part of the username": {"xxcountessxx!7", ""},
		"nothing composed":       {"aaaaaaaaaaaaaaaaaaaaaaaaz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := func() (email, username, password string) {
				id := client.Name()
				email, username = "ada."+id+"@example.com", "Countess-"+id
				return email, username, strings.NewReplacer("LOCAL", "ADA."+strings.ToUpper(id), "USER", strings.ToUpper(username)).Replace(c.password)
			}
			member := func() (auth, string) {
				email, username, password := fresh()
				var a auth
				s.one.Must(t, request{Method: "POST", Path: "/auth/register", Body: object("email", email, "username", username, "password", client.Password)}, 201, &a)
				return a.Seen(), password
			}
			email, username, password := fresh()
			requests := map[string]request{"register": {Method: "POST", Path: "/auth/register", Body: object("email", email, "username", username, "password", password)}}
			email, username, password = fresh()
			requests["the admin's"] = request{Method: "POST", Path: "/users", Token: admin.Token, Body: object("email", email, "username", username, "password", password)}
			a, password := member()
			requests["change"] = request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("currentPassword", client.Password, "newPassword", password)}
			a, password = member()
			s.mails(t, a.User.Email, 1)
			requests["reset"] = reset(s.askReset(t, a.User.Email, 2), password)
			for route, r := range requests {
				got := s.one.Send(t, r)
				switch {
				case c.code == "" && got.Status >= 300:
					t.Errorf("%s: %d %s, want it taken", route, got.Status, got.Body)
				case c.code == "":
				case got.Status != 422 || len(got.Problem.Errors) != 1 || !strings.HasSuffix(strings.ToLower(got.Problem.Errors[0].Field), "password"):
					t.Errorf("%s: %d %s, want 422 of the password", route, got.Status, got.Body)
				case strings.Contains(c.code, "_") && got.Problem.Errors[0].Code != c.code:
					t.Errorf("%s: %s, want %s", route, got.Body, c.code)
				}
			}
		})
	}
	s.one.Must(t, request{Method: "POST", Path: "/auth/register", Body: object("email", "bob@"+client.Name()+".example.com", "username", client.Name(), "password", "bobs own words")}, 201, nil) // names of 3 are no matter
}

// ranges is a list of breached passwords that knows one.
type ranges struct {
	*httptest.Server

	mu     sync.Mutex
	asked  []string // the whole requests
	broken http.HandlerFunc
}

func newRanges(t *testing.T, known, padding string) *ranges {
	t.Helper()
	r := &ranges{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, _ := httputil.DumpRequest(req, true)
		r.mu.Lock()
		r.asked = append(r.asked, string(text))
		broken := r.broken
		r.mu.Unlock()
		if broken != nil {
			broken(w, req)
			return
		}
		for password, count := range map[string]int{known: 3, padding: 0} {
			sum := sha1.Sum([]byte(password))
			if hash := strings.ToUpper(hex.EncodeToString(sum[:])); strings.HasSuffix(req.URL.Path, hash[:5]) {
				fmt.Fprintf(w, "%s:%d\r\n", hash[5:], count)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *ranges) fail(with http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = with
}

var rangeRequest = regexp.MustCompile(`^GET /range/[0-9A-F]{5} HTTP/1\.1\r\n`)

func TestBreachedPasswords(t *testing.T) {
	t.Parallel()
	const breached, padding = "Tr0ub4dor&3 was breached", "only padding knows me"
	for _, mode := range []string{"open", "closed"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newRanges(t, breached, padding)
			s := newSetup(t, map[string]string{"BREACH_CHECK_URL": r.URL + "/range/", "BREACH_CHECK_FAIL": mode})
			register := func(password string) answer {
				name := client.Name()
				return s.one.Send(t, request{Method: "POST", Path: "/auth/register", Body: object("email", name+"@example.com", "username", name, "password", password)})
			}
			if got := register(breached); got.Code() != "validation_failed password breached_password" {
				t.Errorf("a breached password = %d %s", got.Status, got.Body)
			}
			if got := register(padding); got.Status != 201 {
				t.Errorf("a password that stands in the list 0 times = %d %s", got.Status, got.Body)
			}
			if code, output := authctl(t, s.env, breached+"\n", "user", "create", "--email", "root@example.com", "--username", "rooted"); code != 1 || !strings.Contains(output, "stolen") {
				t.Errorf("authctl: exit code %d: %s", code, output)
			}
			a := s.one.Register(t)
			s.one.Refuses(t, request{Method: "PUT", Path: "/users/me/password", Token: a.Token, Body: object("currentPassword", client.Password, "newPassword", breached)}, 422, "validation_failed newPassword breached_password")
			asked := len(r.asked)
			s.one.LogIn(t, a.User.Email, client.Password)
			r.mu.Lock()
			if len(r.asked) != asked || asked == 0 {
				t.Errorf("the list was asked %d times, and a log-in asked it again", asked)
			}
			for _, text := range r.asked {
				if !rangeRequest.MatchString(text) || strings.Contains(text, a.User.Username) || !strings.HasSuffix(text, "\r\n\r\n") {
					t.Errorf("the list was asked %q", text)
				}
			}
			r.mu.Unlock()
			r.fail(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
			if got := register(client.Password); mode == "open" && got.Status != 201 || mode == "closed" && got.Status != 503 {
				t.Errorf("the list fails: %d %s", got.Status, got.Body)
			}
			r.fail(nil)
			if got := register(client.Password); got.Status != 201 {
				t.Errorf("when the list is back: %d %s", got.Status, got.Body)
			}
		})
	}
}

// TestRefusalsOfALogInAreAlike compares the answers, and counts hashes: an account that is missing
// or has no password costs as much as a wrong password.
func TestRefusalsOfALogInAreAlike(t *testing.T) {
	t.Parallel()
	s := newSetup(t, nil)
	admin := s.one.NewAdmin(t, s.env)
	known, disabled := s.one.Register(t), s.one.Register(t)
	s.one.Must(t, request{Method: "PATCH", Path: "/users/" + disabled.User.ID, Token: admin.Token, Body: `{"isActive":false}`}, 200, nil)
	guest := s.come(t, fakeidp.Answer{Subject: client.Name(), Email: client.Name() + "@example.com", Verified: true})
	s.one.Refuses(t, client.Login(disabled.User.Email, client.Password), 403, "account_disabled")
	var first string
	for name, account := range map[string]string{
		"known": known.User.Email, "unknown": client.Name() + "@example.com", "unknown username": client.Name(),
		"without a password": guest.User.Email, "disabled": disabled.User.Email,
	} {
		for _, password := range []string{"wrong words", strings.Repeat("long", 32)} {
			before := s.one.Metric(t, "password_pool_wait_seconds_count")
			got := s.one.Refuses(t, client.Login(account, password), 401, "invalid_credentials")
			if after := s.one.Metric(t, "password_pool_wait_seconds_count"); before == after {
				t.Errorf("%s: a refusal without a hash", name)
			}
			text := strings.ReplaceAll(string(got.Body), got.Header.Get("X-Request-ID"), "")
			if first == "" {
				first = text
			}
			if text != first {
				t.Errorf("%s: %s, others get %s", name, text, first)
			}
		}
	}
}

// TestTimeOfForgotTellsNothing compares the medians of a known and an unknown address, asked in
// turn, so that whatever else the machine does slows both down.
func TestTimeOfForgotTellsNothing(t *testing.T) {
	t.Parallel()
	s := embedded(t).one
	known, unknown := forgot(s.Register(t).User.Email), forgot(client.Name()+"@example.com")
	var times [2][]time.Duration
	for range 25 {
		for n, r := range []request{known, unknown} {
			begun := time.Now()
			s.Must(t, r, 202, nil)
			times[n] = append(times[n], time.Since(begun))
		}
	}
	slices.Sort(times[0])
	slices.Sort(times[1])
	if a, b := times[0][12], times[1][12]; max(a, b) > 5*min(a, b)+50*time.Millisecond {
		t.Errorf("half of the answers for a known address come within %s, for an unknown one within %s", a, b)
	}
}
