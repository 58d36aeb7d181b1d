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

func TestEachProvider(t *testing.T) {
	t.Parallel()
	for provider, state := range map[string]string{"Google": " (verified)", "Facebook": " (not verified yet)", "LINE": " (not verified yet)"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, demo(t))
			who := ada()
			b.press("Continue with " + provider)
			b.consent(who)
			b.see("Hello, Ada Lovelace")
			b.see("Welcome! Your account has been made.")
			b.see(who.email + state)
			b.see("linked on ")
			b.atHome()
			b.logOut()
			b.press("Continue with " + provider)
			b.consent(who)
			b.see("Hello, Ada Lovelace")
			b.seesNot("Welcome!")
		})
	}
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
	b.press("Create account")
	b.see("This is needed.")
	b.fill("E-mail", taken+"@example.com")
	b.press("Create account")
	b.see("This address has an account already.")
	b.faultIs("E-mail", "This address has an account already.")
	b.fill("E-mail", name+"@example.com")
	b.fill("Username", taken)
	b.press("Create account")
	b.see("This username is taken.")
	b.fill("Username", name)
	b.press("Create account")
	b.see("Hello, Linus Quiet " + name)
	b.see("@" + name)
}

func TestDeny(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.press("Continue with Facebook")
	b.deny()
	const told = "You did not allow Facebook to log you in here. Nothing has changed."
	b.see(told)
	b.focusIs(told)
	b.atHome()
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
	two.logOut()
	one.press("Unlink Google") // as who is still logged in
	one.see("That is the only way into your account.")
}

// Going back and forth after logging in, and reloading, sends nothing again: the address of the
// return is not in the history.
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
	if answer := b.shown("error"); answer != "" {
		t.Errorf("the page says %q", answer)
	}
	if n := len(b.asked("/api/v1/auth/exchange")); n != 1 {
		t.Errorf("%d times a code was redeemed, want once", n)
	}
}

// A page forgets what it would need to redeem a code again, and another one never knew it.
func TestCodeOnceMore(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.press("Continue with Google")
	b.consent(ada())
	b.see("Hello, Ada Lovelace")
	returns := b.asked("/auth/callback")
	for _, who := range []*tab{b.another(), newBrowser(t, b.base), b} {
		before := len(who.asked("/api/v1/auth/exchange"))
		who.do("come back again", chromedp.Navigate(returns[len(returns)-1]))
		who.see("That log-in was not begun in this tab, or is over")
		who.see("Continue with Google")
		who.atHome()
		if n := len(who.asked("/api/v1/auth/exchange")); n != before {
			t.Error("a code was redeemed that this tab knows nothing of")
		}
	}
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
