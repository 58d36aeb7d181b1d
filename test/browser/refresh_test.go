package browser

import "testing"

// later turns the page's clock forward: its token is about to run out.
const later = "{ const now = Date.now; Date.now = () => now() + 15 * 60_000; }"

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

// The service says that a token has run out, and the page did not see it coming: it goes on with a new
// one, and repeats what it was about.
func TestTokenThatHasRunOut(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.register()
	before := b.refreshes(0)
	b.run(answers("/users/me/sessions", 401, "token_expired", ""))
	b.run(openBoth)
	b.seeBoth()
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
