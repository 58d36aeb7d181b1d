package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"gofiber-auth/test/client"
)

// ada is somebody new whose address Google has proved.
func ada() someone {
	return someone{name: "Ada Lovelace", email: client.Name() + "@example.com", proved: true}
}

// LINE often tells no e-mail address; then the account needs one before it is made.
func TestCompleteEmail(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	taken := b.register()
	b.logOut()
	name := client.Name()
	b.press("Continue with LINE")
	b.consent(someone{name: "Linus Quiet " + name})
	b.see("LINE has told us who you are")
	b.atHome()
	b.fill("E-mail", taken+"@example.com")
	b.press("Create account")
	b.see("This address has an account already.")
	b.faultIs("E-mail", "This address has an account already.")
	b.pictures("complete")
	b.fill("E-mail", name+"@example.com")
	b.fill("Username", name)
	b.press("Create account")
	b.see("Hello, Linus Quiet " + name)
	b.see("@" + name)
}

// Two tabs of one browser are in the middle of a log-in at once, and each gets its own person.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	one := newBrowser(t, demo(t))
	two := one.another()
	one.press("Continue with Google")
	two.press("Continue with LINE")
	one.see("Log in as")
	two.see("Log in as")
	two.consent(someone{name: "สมชาย ใจดี", email: client.Name() + "@example.com"})
	two.see("Hello, สมชาย ใจดี")
	one.consent(ada())
	one.see("Hello, Ada Lovelace")
	one.see("Welcome! Your account has been made.")
	one.see("linked on ")
	one.atHome()
	two.logOut()
	one.press("Unlink Google") // as who is still logged in
	one.see("That is the only way into your account.")
}

// Going back and forth after logging in, and reloading, sends nothing again: the address of the
// return is not in the history, and the page forgets what it would need to redeem the code again.
func TestBackButton(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.press("Continue with Google")
	b.consent(ada())
	b.see("Hello, Ada Lovelace")
	b.run("history.back()")
	b.waitFor("one is at the provider again", "location.pathname.startsWith('/dev/idp/')")
	b.run("history.back()")
	b.see("Continue with Google")
	b.run("history.go(2)")
	b.waitFor("one is where one was logged in", "history.length > 2 && location.pathname === '/' && document.readyState === 'complete'")
	b.reload()
	b.see("Continue with Google")
	b.seesNot("Hello, Ada Lovelace")
	b.saysNothing()
	if n := len(b.asked("/api/v1/auth/exchange")); n != 1 {
		t.Errorf("%d times a code was redeemed, want once", n)
	}
	returns := b.asked("/auth/callback")
	b.do("come back again", chromedp.Navigate(returns[len(returns)-1]))
	b.see("That log-in was not begun in this tab, or is over")
	b.atHome()
}

// An address that is made up shows what the page knows to say, and nothing of the address.
func TestForgedReturn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	for path, want := range map[string]string{
		"/auth/callback?code=x&state=y":                       "That log-in was not begun in this tab",
		"/auth/callback?error=<b>surprise</b>&state=y":        "Something went wrong on our side.",
		"/auth/callback?error=constructor":                    "Something went wrong on our side.",
		"/auth/callback?error=invalid_state":                  "This log-in took too long, has been used",
		"/auth/callback?linked=<img%20src=x%20onerror=alert>": "That log-in was not begun in this tab",
	} {
		b.visit(path)
		b.see(want)
		b.seesNot("surprise")
		b.seesNot("undefined")
		b.atHome()
	}
}
