package examiner

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

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
)

// TestPasswordRules tries passwords wherever one is set.
func TestPasswordRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	admin := w.newAdmin(t)
	// Everybody here is called so: local part, username.
	const local, username = "ada.lovelace", "Countess-K"
	for name, c := range map[string]struct{ password, code string }{
		"seven":                      {"x9!kQ2z", "password"},
		"eight":                      {"x9!kQ2zw", ""},
		"eight of four bytes":        {"😀😁😂😃😄😅😆😇", ""},
		"eight only before NFC":      {strings.Repeat("e\u0301", 7), "password"},
		"eight after NFC":            {strings.Repeat("o\u0302\u0323", 8), ""},
		"128 of four bytes":          {strings.Repeat("😀😁", 64), ""},
		"128 after NFC":              {strings.Repeat("e\u0301", 128), ""},
		"129":                        {strings.Repeat("kw", 64) + "z", "password"},
		"NUL":                        {"long enough\x00 to be good", "password"},
		"spaces within":              {"   a b c d   ", ""},
		"common":                     {"password1", "common_password"},
		"common numbers":             {"123456789", "common_password"},
		"common rows":                {"qwertyuiop", "common_password"},
		"less common":                {"trustno1", "common_password"},
		"the local part":             {"my ada.lovelace 1", "contains_identity"},
		"the local part in capitals": {"MY ADA.LOVELACE 1", "contains_identity"},
		"the username":               {"xxCOUNTESS-kxx", "contains_identity"},
		"a part of the username":     {"xxCOUNTESSxx!7", ""},
		"nothing composed":           {"aaaaaaaaaaaaaaaaaaaaaaaaz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := namesake{w, local, username, admin}
			for place, r := range w.places(t, c.password) {
				a := w.one.send(t, r)
				switch {
				case c.code == "" && a.status >= 300:
					t.Errorf("%s: %d %s, want it taken", place, a.status, a.body)
				case c.code == "":
				case a.status != 422 || len(a.problem.Errors) != 1:
					t.Errorf("%s: %d %s, want 422", place, a.status, a.body)
				case !strings.HasSuffix(strings.ToLower(a.problem.Errors[0].Field), "password"), c.code != "password" && a.problem.Errors[0].Code != c.code:
					t.Errorf("%s: %s, want %s", place, a.body, c.code)
				}
			}
		})
	}
}

// namesake makes users who are called alike, one after the other.
type namesake struct {
	*world
	local, username string
	admin           auth
}

// places is a request for each place where a password is set.
func (n namesake) places(t *testing.T, secret string) map[string]request {
	t.Helper()
	fresh := func() (email, username string) {
		id := n.name()
		return n.local + "@" + id + ".example.com", n.username + "-" + id
	}
	// The username has a number in it, so that it is free; it is put into the password, too.
	spell := func(username string) string {
		if i := strings.Index(strings.ToLower(secret), strings.ToLower(n.username)); i >= 0 {
			return secret[:i] + strings.ToUpper(username) + secret[i+len(n.username):]
		}
		return secret
	}
	email, username := fresh()
	all := map[string]request{"register": {method: "POST", path: "/auth/register", body: object("email", email, "username", username, "password", spell(username))}}
	email, username = fresh()
	all["the admin's"] = request{method: "POST", path: "/users", token: n.admin.Token, body: object("email", email, "username", username, "password", spell(username))}
	email, username = fresh()
	var a auth
	n.one.must(t, request{method: "POST", path: "/auth/register", body: object("email", email, "username", username, "password", password)}, 201, &a)
	n.seen(a)
	n.mails(t, email, 1)
	token := n.askReset(t, email, 2)
	all["reset"] = reset(token, spell(username))
	email, username = fresh()
	n.one.must(t, request{method: "POST", path: "/auth/register", body: object("email", email, "username", username, "password", password)}, 201, &a)
	n.seen(a)
	all["change"] = request{method: "PUT", path: "/users/me/password", token: a.Token, body: object("currentPassword", password, "newPassword", spell(username))}
	return all
}

// TestShortNames has names of three characters in passwords.
func TestShortNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	w.one.must(t, request{method: "POST", path: "/auth/register", body: object("email", "bob@example.com", "username", "bo1", "password", "bobs and bo1s words")}, 201, nil)
	w.one.refuses(t, request{method: "POST", path: "/auth/register", body: object("email", "anna@example.com", "username", "an2", "password", "Annas and an2s words")}, 422, "validation_failed password contains_identity")
}

// TestAllOfThePassword logs in with what differs late, and with what only looks different.
func TestAllOfThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	for name, c := range map[string]struct{ set, wrong, same string }{
		"after 72 bytes":      {strings.Repeat("long ", 20) + "end", strings.Repeat("long ", 20) + "eND", ""},
		"the 128th":           {strings.Repeat("ü", 127) + "a", strings.Repeat("ü", 127) + "b", ""},
		"one more":            {strings.Repeat("ab", 36), strings.Repeat("ab", 36) + "a", ""},
		"composed":            {"d\u00e9j\u00e0 vu ce soir", "deja vu ce soir", "de\u0301ja\u0300 vu ce soir"},
		"decomposed":          {"de\u0301ja\u0300 vu ce soir", "de\u0301ja vu ce soir", "d\u00e9j\u00e0 vu ce soir"},
		"Hangul":              {"한국어 비밀번호입니다", "한국어 비밀번호입니", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 비밀번호입니다"},
		"compatibility stays": {"ﬁne words for me", "fine words for me", ""},
		"case":                {"Some Words Of Mine", "some words of mine", ""},
		"space at the end":    {"words and a space ", "words and a space", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			member := w.name()
			w.one.must(t, request{method: "POST", path: "/auth/register", body: object("email", member+"@example.com", "username", member, "password", c.set)}, 201, nil)
			login := func(secret string) request {
				return request{method: "POST", path: "/auth/login", body: object("username", member, "password", secret)}
			}
			w.one.must(t, login(c.set), 200, nil)
			w.one.refuses(t, login(c.wrong), 401, "invalid_credentials")
			if c.same != "" {
				w.one.must(t, login(c.same), 200, nil)
			}
		})
	}
}

// ranges is a range endpoint that knows one password.
type ranges struct {
	*httptest.Server

	mu     sync.Mutex
	asked  []string // the whole requests
	broken http.HandlerFunc
}

func newRanges(t *testing.T, known string, padded string) *ranges {
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
		fmt.Fprintf(w, "%s:12\r\n", strings.Repeat("0", 35))
		for secret, count := range map[string]int{known: 3, padded: 0} {
			if hash := sha1Of(secret); strings.HasSuffix(req.URL.Path, hash[:5]) {
				fmt.Fprintf(w, "%s:%d\r\n", hash[5:], count)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func sha1Of(text string) string {
	sum := sha1.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (r *ranges) fail(with http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = with
}

var rangePattern = regexp.MustCompile(`^GET /range/[0-9A-F]{5} HTTP/1\.1\r\n`)

// TestBreached runs the check against an endpoint that answers, fails and hangs.
func TestBreached(t *testing.T) {
	t.Parallel()
	const breached, padded = "Tr0ub4dor&3 was breached", "only padding knows me"
	for _, mode := range []string{"open", "closed"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newRanges(t, breached, padded)
			w := newWorld(t, plan{env: map[string]string{"BREACH_CHECK_URL": r.URL + "/range/", "BREACH_CHECK_FAIL": mode}})
			register := func(secret string) answer {
				name := w.name()
				return w.one.send(t, request{method: "POST", path: "/auth/register", body: object("email", name+"@example.com", "username", name, "password", secret)})
			}
			if got := register(breached); got.status != 422 || got.problem.Errors[0].Field != "password" {
				t.Errorf("a breached password = %d %s, want 422", got.status, got.body)
			}
			for _, secret := range []string{password, padded} {
				if got := register(secret); got.status != 201 {
					t.Errorf("a password that is not breached = %d %s", got.status, got.body)
				}
			}
			a := w.one.register(t)
			w.one.refuses(t, request{method: "PUT", path: "/users/me/password", token: a.Token, body: object("currentPassword", password, "newPassword", breached)}, 422, "validation_failed")
			asked := len(r.asked)
			w.one.logIn(t, a.User)
			r.mu.Lock()
			if len(r.asked) != asked || asked == 0 {
				t.Errorf("the endpoint was asked %d times, after a log-in %d", asked, len(r.asked))
			}
			for _, text := range r.asked {
				if !rangePattern.MatchString(text) || strings.Contains(text, a.User.Username) || !strings.HasSuffix(text, "\r\n\r\n") {
					t.Errorf("the endpoint was asked %q", text)
				}
			}
			r.mu.Unlock()
			ended := make(chan struct{})
			defer close(ended)
			for name, broken := range map[string]http.HandlerFunc{
				"fails":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
				"limits": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTooManyRequests) },
				"hangs": func(_ http.ResponseWriter, req *http.Request) {
					select {
					case <-req.Context().Done():
					case <-ended:
					}
				},
				"drips for ever": func(w http.ResponseWriter, req *http.Request) {
					for req.Context().Err() == nil {
						if _, err := fmt.Fprintf(w, "%s:1\r\n", strings.Repeat("1", 35)); err != nil {
							return
						}
					}
				},
				"says something else": func(w http.ResponseWriter, _ *http.Request) {
					fmt.Fprint(w, "<html>log in to the hotel's network</html>")
				},
			} {
				r.fail(broken)
				begun := time.Now()
				got := register(password)
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("%s: the registration takes %s, and the check may take one", name, took)
				}
				if mode == "open" && got.status != 201 || mode == "closed" && got.status < 400 {
					t.Errorf("%s: %d %s", name, got.status, got.body)
				}
			}
			r.fail(nil)
			if got := register(password); got.status != 201 {
				t.Errorf("when the endpoint is back: %d %s", got.status, got.body)
			}
		})
	}
}

// TestTiming compares how fast log-ins are refused; only differences that a stranger would see
// at once count.
func TestTiming(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{providers: true, env: map[string]string{"BCRYPT_COST": "11"}})
	admin := w.newAdmin(t)
	known, disabled := w.one.register(t), w.one.register(t)
	w.one.must(t, request{method: "PATCH", path: "/users/" + disabled.User.ID, token: admin.Token, body: `{"isActive":false}`}, 200, nil)
	oauth := w.one.come(t, fakeidp.Answer{Subject: "nopassword", Email: w.name() + "@example.com", Verified: true})
	login := func(email, secret string) func() answer {
		return func() answer {
			return w.one.send(t, request{method: "POST", path: "/auth/login", body: object("email", email, "password", secret)})
		}
	}
	ask := func(email string) func() answer { return func() answer { return w.one.send(t, forgot(email)) } }
	long := strings.Repeat("long", 32)
	compare(t, 401, 6, 2, map[string]func() answer{
		"known": login(known.User.Email, "wrong words"), "unknown": login("nobody@example.com", "wrong words"),
		"without a password": login(oauth.User.Email, "wrong words"), "disabled": login(disabled.User.Email, "wrong words"),
		"known, long": login(known.User.Email, long), "unknown, long": login("nobody@example.com", long),
	})
	compare(t, 202, 15, 5, map[string]func() answer{
		"known": ask(known.User.Email), "unknown": ask("nobody@example.com"), "without a password": ask(oauth.User.Email), "disabled": ask(disabled.User.Email),
	})
}

// compare does each so many times in turn, and has no fastest time be more than so many times
// another's. Of the times the fastest says most: whatever else the machine does only adds.
func compare(t *testing.T, status, times, factor int, all map[string]func() answer) {
	t.Helper()
	best := map[string]time.Duration{}
	var body string
	for range times {
		for name, do := range all {
			begun := time.Now()
			got := do()
			took := time.Since(begun)
			if got.status != status {
				t.Fatalf("%s: %d %s, want %d", name, got.status, got.body, status)
			}
			text := strings.ReplaceAll(string(got.body), got.header.Get("X-Request-ID"), "")
			if body == "" {
				body = text
			}
			if text != body {
				t.Errorf("%s: %s, others get %s", name, text, body)
			}
			if best[name] == 0 || took < best[name] {
				best[name] = took
			}
		}
	}
	var sorted []time.Duration
	for _, d := range best {
		sorted = append(sorted, d)
	}
	slices.Sort(sorted)
	if sorted[len(sorted)-1] > time.Duration(factor)*sorted[0] {
		t.Errorf("the fastest of %d: %v", times, best)
	}
}

// TestMailServerHangs has one that takes connections and says nothing.
func TestMailServerHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{})
	hang := make(chan struct{})
	reached := make(chan struct{}, 100)
	w.sink.Stop()
	w.sink.Data = func() error {
		select {
		case reached <- struct{}{}:
		default:
		}
		<-hang
		return nil
	}
	w.sink.Start(t)
	first := w.one.register(t)
	harness.Await(t, reached, "the mail server has a mail")
	begun := time.Now()
	const users = 20
	got := make([]auth, users)
	for n := range users {
		got[n] = w.one.register(t)
		w.one.must(t, forgot(got[n].User.Email), 202, nil)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("%d requests take %s while the mail server hangs", 2*users, took)
	}
	close(hang)
	w.late(t, first.User.Email, 1)
	for _, a := range got {
		w.late(t, a.User.Email, 2)
	}
}
