package browser

import (
	"testing"

	"gofiber-auth/test/client"
)

// keepLogIn asks for the refresh token as a cookie, from the log-in on.
func (b *tab) keepLogIn() {
	b.t.Helper()
	b.click(labelled("Keep me logged in when this page is reloaded"))
}

// beside opens another tab that the cookie logs in.
func (b *tab) beside(name string) *tab {
	b.t.Helper()
	other := attach(b.ctx, b.t, b.base)
	other.visit("/")
	other.see("Hello, " + name)
	return other
}

func TestReloadKeepsTheLogIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.keepLogIn()
	name := b.register()
	b.see("A cookie that no script can read keeps your log-in")
	b.keepsNothing()
	b.reload()
	b.see("Hello, " + name)
	b.visit(b.links(name+"@example.com", verifyPath, 1)[0])
	b.see(verifyButton)
	b.seesNot("Password of the account") // the log-in that the cookie keeps proves it
	b.press(verifyButton)
	b.see(name + "@example.com (verified)")
	b.press("Change the password") // which begins another session, kept in the same way
	b.fill("Current password", client.Password)
	b.fill("New password", anotherGood)
	b.press("Set the password")
	b.see("Your password has been changed.")
	b.reload()
	b.see("Hello, " + name)
	other := b.beside(name)

	b.logOut()
	b.reload()
	b.see("Continue with Google")
	b.seesNot("Hello, " + name)
	other.press("What has happened")
	other.see("You are not logged in any more. Log in again.")

	b.keepLogIn() // the wish survives the way to a provider
	b.press("Continue with Google")
	b.consent(ada())
	b.see("Hello, Ada Lovelace")
	b.reload()
	b.see("Hello, Ada Lovelace")
	b.seesNot("Welcome!")
}

// Two tabs have one cookie between them. They take turns, or, in a browser without locks, come
// at once: neither is ever logged out.
func TestTwoTabsOneCookie(t *testing.T) {
	t.Parallel()
	for order, prepare := range map[string]string{
		"in turn": "0",
		"at once": "Object.defineProperty(navigator, 'locks', { value: undefined })",
	} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			one := newBrowser(t, demo(t))
			one.keepLogIn()
			two := one.beside(one.register())
			for _, b := range []*tab{one, two} {
				b.run(prepare)
				b.run("new BroadcastChannel('go').onmessage = () => { " + later + openBoth + " }")
			}
			before := one.refreshes(0) + two.refreshes(0)
			for round := 1; round <= 3; round++ {
				one.run("{ " + later + openBoth + "; const c = new BroadcastChannel('go'); c.postMessage(0); c.close(); }")
				one.seeBoth()
				two.seeBoth()
				one.closeBoth()
				two.closeBoth()
			}
			if n := one.refreshes(0) + two.refreshes(0) - before; n != 6 {
				t.Errorf("the two asked %d times for new tokens, want 6 times", n)
			}
		})
	}
}

// Another person who logs in in another tab shares the cookie, but no tab acts in their name.
func TestCookieOfAnotherPerson(t *testing.T) {
	t.Parallel()
	one := newBrowser(t, demo(t))
	two := one.another()
	one.keepLogIn()
	one.register()
	two.keepLogIn()
	grace := two.register()
	one.run(later)
	one.press("Delete the account")
	one.fill("Current password", client.Password)
	one.click(labelled("Yes, delete my account"))
	one.click(`document.querySelector('#delete form button.danger')`)
	one.see("Somebody else has logged in in another tab of this browser.")
	one.see("Continue with Google")
	one.seesNot(grace)
	one.reload()
	one.see("Hello, " + grace)
}

// Where the service cannot be told, the cookie stays: the person hears of it.
func TestHalfLoggedOut(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.keepLogIn()
	name := b.register()
	b.run("window.fetch = async () => { throw new TypeError('no network'); }")
	b.press("Log out")
	b.see("You are logged out in this tab, but the service could not be told.")
	b.seesNot("Hello, " + name)
}
