package browser

import (
	"testing"
)

// link links a provider in the window that opens for it.
func (b *tab) link(provider, person string) {
	b.t.Helper()
	window := b.popup(func() { b.press("Link " + provider) })
	window.consent(person)
	b.closed(window)
}

// Linking happens beside the page, which stays logged in.
func TestLinkAndUnlink(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.register("joan")
	b.link("LINE", "linus")
	b.see("LINE is linked.")
	b.see("Hello, joan")
	if got := b.focused(); got != "Unlink LINE" {
		t.Errorf("after linking the focus is on %q, not on the row", got)
	}
	b.press("Log out")
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Hello, joan")

	b.press("Unlink LINE")
	b.see("LINE is not linked any more.")
	b.seesNot("linked on")
	b.press("Log out")
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Your e-mail address, please") // as nobody that is known
}

func TestLinkingWhatBelongsToSomebodyElse(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Facebook")
	b.consent("somchai")
	b.see("Hello, สมชาย ใจดี")
	b.press("Log out")
	b.register("joan")
	b.link("Facebook", "somchai")
	b.see("That account of Facebook is linked to an account here already")
	b.see("Hello, joan")
	b.seesNot("linked on")

	window := b.popup(func() { b.press("Link LINE") })
	window.deny()
	b.closed(window)
	b.see("You did not allow LINE to log you in here.")
	b.see("Hello, joan")
}

// Where a browser allows no windows, the tab goes itself, and says what that costs.
func TestLinkingWithoutAWindow(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.register("joan")
	b.run("window.open = () => null")
	b.press("Link LINE")
	b.consent("linus")
	b.see("LINE is linked. Log in again to see it.")
	b.atHome()
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Hello, joan")
}

// Somebody who claims the address of an account is not let in, and is told the way.
func TestAccountExists(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.register("ada")
	b.press("Log out")
	b.press("Continue with Facebook")
	b.consent("ada")
	b.see("Your e-mail address has an account here already.")
	b.see("then link Facebook under “Linked accounts”.")
	b.logIn("ada", goodPassword)
	b.see("You are logged in. Now you can link Facebook below.")
	if got := b.focused(); got != "Link Facebook" {
		t.Errorf("the focus is on %q, not on what to press next", got)
	}
	b.link("Facebook", "ada")
	b.see("Facebook is linked.")
	b.press("Log out")
	b.press("Continue with Facebook")
	b.consent("ada")
	b.see("@ada")
}

func TestLastLoginMethod(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
	b.press("Unlink Google")
	b.see("That is the only way into your account.")
	b.link("LINE", "linus")
	b.see("LINE is linked.")
	b.press("Unlink Google")
	b.see("Google is not linked any more.")
	b.press("Unlink LINE")
	b.see("That is the only way into your account.")
}
