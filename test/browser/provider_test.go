package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// atHome fails where the address shows more than the page's own: no code, no state.
func (b *tab) atHome() {
	b.t.Helper()
	if got := b.location(); got != b.base+"/" {
		b.t.Errorf("the address is %s, want %s/", got, b.base)
	}
}

func TestEachProvider(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ provider, person, email, greeting string }{
		"google, verified":   {"Google", "ada", "ada@example.com (verified)", "Hello, Ada Lovelace"},
		"google, unverified": {"Google", "grace", "grace@example.com (not verified yet)", "Hello, Grace Hopper"},
		"facebook":           {"Facebook", "somchai", "somchai@example.com (not verified yet)", "Hello, สมชาย ใจดี"},
		"line":               {"LINE", "somchai", "somchai@example.com (not verified yet)", "Hello, สมชาย ใจดี"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, service(t))
			b.press("Continue with " + tc.provider)
			b.consent(tc.person)
			b.see(tc.greeting)
			b.see("Welcome! Your account has been made.")
			b.see(tc.email)
			b.see("linked on ")
			b.atHome()

			b.press("Log out")
			b.press("Continue with " + tc.provider)
			b.consent(tc.person)
			b.see(tc.greeting)
			b.seesNot("Welcome!")
		})
	}
}

// LINE often tells no e-mail address; then the account needs one before it is made.
func TestCompleteEmail(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.register("joan")
	b.press("Log out")
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Your e-mail address, please")
	b.see("LINE has told us who you are")
	b.atHome()

	b.press("Create account")
	b.see("This is needed.")
	b.fill("E-mail", "joan@example.com")
	b.press("Create account")
	b.see("This address has an account already.")
	if got := b.fault("E-mail"); got != "This address has an account already." {
		t.Errorf("beside the e-mail address stands %q", got)
	}
	b.fill("E-mail", "linus@example.com")
	b.fill("Username", "joan")
	b.press("Create account")
	b.see("This username is taken.")
	b.fill("Username", "linus")
	b.press("Create account")
	b.see("Hello, Linus Quiet")
	b.see("@linus")
	b.see("linus@example.com (not verified yet)")

	b.press("Log out")
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Hello, Linus Quiet")
}

func TestDeny(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Facebook")
	b.deny()
	b.see("You did not allow Facebook to log you in here. Nothing has changed.")
	b.atHome()
	if got := b.focused(); !strings.HasPrefix(got, "You did not allow") {
		t.Errorf("the focus is on %q, not on the error", got)
	}
	b.press("Continue with Facebook")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
}

// Two tabs of one browser are in the middle of a log-in at once, and each gets its own person.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	one := newBrowser(t, service(t))
	two := one.another()
	one.press("Continue with Google")
	two.press("Continue with LINE")
	one.see("Log in as")
	two.see("Log in as")
	two.consent("somchai")
	two.see("Hello, สมชาย ใจดี")
	one.consent("ada")
	one.see("Hello, Ada Lovelace")
	two.press("Log out")
	two.see("You are logged out.")
	one.press("Unlink Google") // as who is still logged in
	one.see("That is the only way into your account.")
}

// Going back and forth after logging in, and reloading, sends nothing again: the address of the
// return is not in the history.
func TestBackButton(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
	b.back()
	b.waitFor("one is at the provider again", "location.pathname.startsWith('/dev/idp/')")
	b.back()
	b.see("Continue with Google")
	b.run("history.go(2)")
	b.waitFor("one is where one was logged in", "history.length > 2 && location.pathname === '/' && document.readyState === 'complete'")
	b.do("reload", chromedp.Reload())
	b.see("Continue with Google")
	b.seesNot("Hello, Ada Lovelace")
	if answer := b.shown("error"); answer != "" {
		t.Errorf("the page says %q", answer)
	}
	if n := len(b.asked("/api/v1/auth/exchange")); n != 1 {
		t.Errorf("%d times a code was redeemed, want once", n)
	}
	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
}

// lastReturn is the address by which the service has sent this browser back to the demo.
func (b *tab) lastReturn() string {
	b.t.Helper()
	returns := b.asked("/auth/callback")
	if len(returns) == 0 {
		b.t.Fatal("nobody came back to the demo")
	}
	return returns[len(returns)-1]
}

// A code works once. The page itself forgets what it would need to redeem one again.
func TestCodeOnceMore(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
	used := b.lastReturn()

	const refusal = "That log-in was not begun in this tab, or is over"
	for _, who := range []*tab{b.another(), newBrowser(t, b.base), b} {
		who.do("come back again", chromedp.Navigate(used))
		who.see(refusal)
		who.see("Continue with Google")
		who.atHome()
		if n := len(who.asked("/api/v1/auth/exchange")); who != b && n != 0 {
			t.Error("a code was redeemed that this tab knows nothing of")
		}
	}
	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
}

// Where the secret of a code is known, the service itself refuses it the second time, and ends
// the session that it made: one of the two was not who had logged in.
func TestStolenReturn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Google")
	b.see("Log in as")
	// What the tab remembers, as a thief would have taken it together with the address.
	consent := b.location()
	b.visit("/")
	flows, err := eval[string](b, "JSON.stringify({ ...sessionStorage })")
	if err != nil || !strings.Contains(flows, "verifier") {
		t.Fatalf("the tab keeps %s, %v", flows, err)
	}
	b.do("go on", chromedp.Navigate(consent))
	b.consent("ada")
	b.see("Hello, Ada Lovelace")

	thief := newBrowser(t, b.base)
	thief.run("Object.assign(sessionStorage, " + flows + ")")
	thief.do("come back", chromedp.Navigate(b.lastReturn()))
	thief.see("This log-in has been used or took too long. Try again.")
	b.press("Link LINE")
	b.see("You are not logged in any more. Log in again.")
}

// An address that is made up shows what the page knows to say, and nothing of the address.
func TestForgedReturn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, shared(t))
	for path, want := range map[string]string{
		"/auth/callback":                                      "That log-in was not begun in this tab",
		"/auth/callback?code=x&state=y":                       "That log-in was not begun in this tab",
		"/auth/callback?error=<b>surprise</b>&state=y":        "Something went wrong on our side.",
		"/auth/callback?error=constructor":                    "Something went wrong on our side.",
		"/auth/callback?error=invalid_state":                  "This log-in took too long, has been used",
		"/auth/callback?error=provider_error&state=y":         "The provider did not answer as it should.",
		"/auth/callback?linked=<img%20src=x%20onerror=alert>": "That log-in was not begun in this tab",
	} {
		b.visit(path)
		b.see(want)
		b.seesNot("surprise")
		b.seesNot("undefined")
		b.atHome()
	}
}
