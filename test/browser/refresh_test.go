package browser

import (
	"testing"

	"gofiber-auth/test/harness"
)

const refreshPath = "/api/v1/auth/refresh"

// later turns the page's clock forward: its token is about to run out.
const later = "{ const now = Date.now; Date.now = () => now() + 15 * 60_000; }"

// stopped stops it: the page believes that its token has time.
const stopped = "{ const now = Date.now(); Date.now = () => now; }"

// soon is a service whose access tokens run out.
const soon = "JWT_EXPIRES_IN=2s"

// runsOut waits until the token of the page has run out, and the page does not know.
func (b *tab) runsOut(name string) {
	b.t.Helper()
	b.run(stopped)
	younger := call(b.t, b.base, "POST", "/auth/login", "", `{"username":"`+name+`","password":"`+goodPassword+`"}`)
	harness.Eventually(b.t, "a younger token has run out", func() error {
		if try(b.t, b.base, "GET", "/users/me", younger.Token, "").Code != "token_expired" {
			return harness.ErrNotYet
		}
		return nil
	})
}

// openBoth makes two calls of the service at once.
const openBoth = "document.querySelectorAll('#devices, #audit').forEach((d) => { d.open = true; })"

func (b *tab) seeBoth() {
	b.t.Helper()
	b.see("This one")
	b.see("Account created with a password")
	b.see("Hello, joan")
}

// refreshes returns how often the tab asked for new tokens since it had asked for so many.
func (b *tab) refreshes(before int) int {
	b.t.Helper()
	return len(b.asked(refreshPath)) - before
}

func TestTokenThatIsAboutToRunOut(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	before := b.refreshes(0)
	for round := 1; round <= 3; round++ { // each time with the successor of the last one
		b.run(later)
		b.run(openBoth)
		b.seeBoth()
		if n := b.refreshes(before); n != round {
			t.Errorf("%d times the page asked for new tokens, want %d", n, round)
		}
		b.press("Where you are logged in")
		b.press("What has happened")
		b.run("document.querySelectorAll('#device-list, #audit-list').forEach((list) => list.replaceChildren())")
	}
}

// The service says that a token has run out, and the page did not see it coming.
func TestTokenThatHasRunOut(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shortLived(t))
	b.register(joan)
	b.runsOut(joan)
	before := b.refreshes(0)
	b.run(openBoth)
	b.seeBoth()
	if n := b.refreshes(before); n != 1 {
		t.Errorf("%d times the page asked for new tokens, want once", n)
	}
	if lists, audits := len(b.asked("/api/v1/users/me/sessions")), len(b.asked("/api/v1/users/me/audit")); lists != 2 || audits != 2 {
		t.Errorf("%d and %d calls, want each twice", lists, audits)
	}
}

// Logging out ends the session even where the token has run out meanwhile.
func TestLogOutAfterALongTime(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shortLived(t))
	b.register(joan)
	b.runsOut(joan)
	before := b.refreshes(0)
	b.press("Log out")
	b.see("You are logged out.")
	b.waitFor("the service is told", "performance.getEntriesByName("+quote(b.base+"/api/v1/auth/logout")+").filter((e) => e.responseStatus === 204).length === 1")
	if n := b.refreshes(before); n != 1 {
		t.Errorf("%d times the page asked for new tokens, want once", n)
	}
	b.logIn(joan, goodPassword)
	b.see("Hello, " + joan)
	b.press("What has happened")
	b.see("Logged out")
}

// An answer that got lost on its way costs nobody the session.
func TestLostRefresh(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.run(later)
	b.run(`{
		const really = fetch;
		window.fetch = async (...request) => {
			const answer = await really(...request);
			if (!request[0].endsWith('/auth/refresh')) return answer;
			window.fetch = really;
			throw new TypeError('the line is cut');
		};
	}`)
	before := b.refreshes(0)
	b.run(openBoth)
	b.seeBoth()
	if n := b.refreshes(before); n != 2 {
		t.Errorf("%d times the page asked for new tokens, want twice", n)
	}
}

// Who has stolen the refresh token and used it ends the session with it, and the person is told.
func TestStolenRefreshToken(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.run(`{
		const really = fetch;
		window.fetch = async (...request) => {
			const answer = await really(...request);
			answer.clone().json().then(({ refreshToken }) => { window.stolen ??= refreshToken; }, () => {});
			return answer;
		};
	}`)
	b.register(joan)
	stolen, err := eval[string](b, "window.stolen")
	if err != nil {
		t.Fatal(err)
	}
	thief := call(t, b.base, "POST", "/auth/refresh", "", `{"refreshToken":"`+stolen+`"}`)
	thief = call(t, b.base, "POST", "/auth/refresh", "", `{"refreshToken":"`+thief.RefreshToken+`"}`)

	b.run(later)
	b.press("Where you are logged in")
	b.see("Your session has been ended for your safety. Log in again.")
	b.see("Continue with Google")
	b.seesNot("Hello, joan")
	if code := try(t, b.base, "GET", "/users/me", thief.Token, "").Code; code != "unauthorized" {
		t.Errorf("the thief is answered with %q", code)
	}
	b.logIn(joan, goodPassword)
	b.see("Hello, " + joan)
	b.press("What has happened")
	b.see("Logged out for safety")
}

func TestRefreshOfASessionThatEnded(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	elsewhere := call(t, b.base, "POST", "/auth/login", "", `{"username":"`+joan+`","password":"`+goodPassword+`"}`)
	call(t, b.base, "DELETE", "/users/me/sessions", elsewhere.Token, "")
	b.run(later)
	b.press("Link LINE")
	b.see("Your session has ended. Log in again.")
	b.see("Continue with Google")
}

// Without the network nobody is logged out: it goes on when there is one again.
func TestRefreshWithoutNetwork(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.run(later)
	b.run("window.really = fetch; window.fetch = async () => { throw new TypeError('no network'); }")
	b.press("Where you are logged in")
	b.see("The service cannot be reached.")
	b.see("Hello, " + joan)
	b.run("window.fetch = window.really")
	b.press("What has happened")
	b.see("Account created with a password")
}

// Who guesses too often is told when to come back.
func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t, "RATE_LIMIT_ENABLED=true"))
	b.register("joan")
	b.press("Log out")
	for range 10 {
		try(t, b.base, "POST", "/auth/login", "", `{"username":"joan","password":"wrong"}`)
	}
	guest := newBrowser(t, b.base)
	for range 12 { // somebody who was logged in here before has some tries of their own
		try(t, b.base, "POST", "/auth/login", "", `{"username":"joan","password":"wrong"}`)
	}
	guest.logIn("joan", goodPassword)
	guest.see("Too many attempts. Try again in ")
	guest.waitFor("it says when", `/Try again in [0-9]+ (second|minute)s?\./.test(document.getElementById('error').textContent)`)
}
