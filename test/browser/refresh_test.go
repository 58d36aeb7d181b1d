package browser

import (
	"net/http"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// later turns the page's clock forward: its token is about to run out.
const later = "{ const now = Date.now; Date.now = () => now() + 15 * 60_000; }"

// stopped stops it: the page believes that its token has time.
const stopped = "{ const now = Date.now(); Date.now = () => now; }"

// runsOut waits until the token of the page has run out, and the page does not know.
func (b *tab) runsOut(name string) {
	b.t.Helper()
	b.run(stopped)
	younger := b.api().LogIn(b.t, name, client.Password)
	harness.Eventually(b.t, "a younger token has run out", func() error {
		if b.api().Send(b.t, client.Request{Method: http.MethodGet, Path: "/users/me", Token: younger.Token}).Code() != "token_expired" {
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
}

// closeBoth forgets what the calls have brought.
func (b *tab) closeBoth() {
	b.t.Helper()
	b.run(`document.querySelectorAll('#devices, #audit').forEach((d) => { d.open = false; });
		document.querySelectorAll('#device-list, #audit-list').forEach((list) => list.replaceChildren())`)
}

// refreshes returns how often the tab asked for new tokens since it had asked for so many.
func (b *tab) refreshes(before int) int {
	b.t.Helper()
	return len(b.asked("/api/v1/auth/refresh")) - before
}

// refreshedFrom fails unless the tab has asked for new tokens so many times.
func (b *tab) refreshedFrom(before, want int) {
	b.t.Helper()
	if n := b.refreshes(before); n != want {
		b.t.Errorf("%d times the page asked for new tokens, want %d", n, want)
	}
}

func TestTokenThatIsAboutToRunOut(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.register()
	before := b.refreshes(0)
	for round := 1; round <= 2; round++ { // the second time with the successor of the first
		b.run(later + openBoth)
		b.seeBoth()
		b.refreshedFrom(before, round)
		b.closeBoth()
	}
}

// The service says that a token has run out, and the page did not see it coming.
func TestTokenThatHasRunOut(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, hasty(t))
	b.runsOut(b.register())
	before := b.refreshes(0)
	b.run(openBoth)
	b.seeBoth()
	b.refreshedFrom(before, 1)
}

// Logging out ends the session even where the token has run out since.
func TestLogOutAfterALongTime(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, hasty(t))
	b.runsOut(b.register())
	before := b.refreshes(0)
	b.logOut()
	b.waitFor("the service is told", "performance.getEntriesByName("+quote(b.base+"/api/v1/auth/logout")+").filter((e) => e.responseStatus === 204).length === 1")
	b.refreshedFrom(before, 1)
}

// An answer that got lost on its way costs no session: the successor is answered once more.
func TestLostRefresh(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.register()
	b.run(later + `{
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
	b.refreshedFrom(before, 2)
}

// A thief who has used the refresh token ends the session with it, and the person is told.
func TestStolenRefreshToken(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.run(`{
		const really = fetch;
		window.fetch = async (...request) => {
			const answer = await really(...request);
			answer.clone().json().then(({ refreshToken }) => { window.stolen ??= refreshToken; }, () => {});
			return answer;
		};
	}`)
	b.register()
	stolen, err := eval[string](b, "window.stolen")
	if err != nil {
		t.Fatal(err)
	}
	b.api().Refresh(t, b.api().Refresh(t, stolen).RefreshToken)
	b.run(later)
	b.press("Where you are logged in")
	b.see("Your session has been ended for your safety. Log in again.")
	b.see("Continue with Google")
}

// Without the network nothing is lost: the page goes on when there is one again.
func TestRefreshWithoutNetwork(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.run(later + "window.really = fetch; window.fetch = async () => { throw new TypeError('no network'); }")
	b.press("Where you are logged in")
	b.see("The service cannot be reached.")
	b.see("Hello, " + name)
	b.run("window.fetch = window.really")
	b.press("What has happened")
	b.see("Account created with a password")
}
