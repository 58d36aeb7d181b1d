package browser

import (
	"testing"

	"gofiber-auth/test/client"
)

// link links a provider in the window that opens for it.
func (b *tab) link(provider string, who someone) {
	b.t.Helper()
	window := b.popup(func() { b.proveTo("Link " + provider) })
	window.consent(who)
	b.closed(window)
}

// proveTo presses "Link X" or "Unlink X", and proves the account by its password.
func (b *tab) proveTo(button string) {
	b.t.Helper()
	b.press(button)
	b.fill("Current password", client.Password)
	b.press(button + " now")
}

// Linking happens beside the page, which stays logged in, and needs the password, as unlinking does.
func TestLinkAndUnlink(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	quiet := someone{name: "Linus " + name}
	b.press("Link LINE")
	b.focusIs("Current password")
	b.fill("Current password", "not the password")
	refused := b.popup(func() { b.press("Link LINE now") })
	b.closed(refused)
	b.see("Your current password is missing or wrong.")
	b.faultIs("Current password", "Your current password is missing or wrong.")
	b.pictures("proof")
	b.link("LINE", quiet)
	b.see("LINE is linked.")
	b.see("Hello, " + name)
	b.focusIs("Unlink LINE")
	b.logOut()
	b.press("Continue with LINE")
	b.consent(quiet)
	b.see("Hello, " + name)
	b.press("Where you are logged in")
	b.see("with LINE")

	elsewhere := newBrowser(t, b.base)
	elsewhere.logIn(name, client.Password)
	elsewhere.see("linked on")
	elsewhere.proveTo("Unlink LINE")
	elsewhere.see("LINE is not linked any more.")
	elsewhere.seesNot("linked on")
	b.press("What has happened") // its session began by what is no longer linked
	b.see("You are not logged in any more. Log in again.")
	b.press("Continue with LINE")
	b.consent(quiet)
	b.see("Your e-mail address, please")
}

func TestLinkingThatIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	who := someone{name: "สมชาย ใจดี", email: client.Name() + "@example.com"}
	b.press("Continue with Facebook")
	b.consent(who)
	b.see("Hello, สมชาย ใจดี")
	b.press("Unlink Facebook")
	b.see("That is the only way into your account.")
	b.logOut()
	name := b.register()
	b.link("Facebook", who)
	b.see("That account of Facebook is linked to an account here already")
	window := b.popup(func() { b.proveTo("Link LINE") })
	window.click(`document.querySelector('#deny')`)
	b.closed(window)
	b.see("You did not allow LINE to log you in here.")
	b.see("Hello, " + name)
	b.seesNot("linked on")
}

// Where a browser allows no windows the tab goes itself, and says what that costs.
func TestLinkingWithoutAWindow(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.run("window.open = () => null")
	b.proveTo("Link LINE")
	b.consent(someone{name: "Linus " + name})
	b.see("LINE is linked. Log in again to see it.")
	b.atHome()
}

// One who claims the address of an account is not let in, and is told the way.
func TestAccountExists(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.logOut()
	who := someone{name: "Ada Lovelace", email: name + "@example.com"}
	b.press("Continue with Facebook")
	b.consent(who)
	b.see("Your e-mail address has an account here already.")
	b.see("then link Facebook under “Linked accounts”.")
	b.logIn(name, client.Password)
	b.see("You are logged in. Now you can link Facebook below.")
	b.focusIs("Link Facebook")
	b.link("Facebook", who)
	b.see("Facebook is linked.")
}

// An account that a stranger prepared with the address of another person becomes that person's, who
// is told, and the stranger stays outside.
func TestPreparedAccount(t *testing.T) {
	t.Parallel()
	stranger := newBrowser(t, demo(t))
	name := stranger.register()
	mallory := someone{name: "Mallory " + name, email: "mallory-" + name + "@example.com"}
	stranger.link("Facebook", mallory)
	stranger.see("Facebook is linked.")

	owner := newBrowser(t, stranger.base)
	owner.press("Continue with Google")
	owner.consent(someone{name: "Ada Lovelace", email: name + "@example.com", proved: true})
	owner.see("A password or a log-in that was not yours has been removed.")
	owner.see("Hello, Ada Lovelace")
	owner.see(name + "@example.com (verified)")
	owner.seesNot("Unlink Facebook")

	stranger.press("What has happened")
	stranger.see("You are not logged in any more. Log in again.")
	stranger.logIn(name, client.Password)
	stranger.see("The account or the password is wrong.")
	stranger.press("Continue with Facebook")
	stranger.consent(mallory)
	stranger.see("Welcome! Your account has been made.")
	stranger.seesNot(name + "@example.com (verified)")
}
