package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

const byCookie = "REFRESH_COOKIE=true"

func TestReloadKeepsTheLogIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t, byCookie))
	b.register("joan")
	b.see("A cookie that no script can read keeps your log-in")
	kept, err := eval[string](b, "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
	if err != nil || kept != `[{},{},""]` {
		t.Errorf("scripts can read %s, %v", kept, err)
	}
	for range 3 {
		b.do("reload", chromedp.Reload())
		b.see("Hello, joan")
		b.seesNot("Log in")
	}
	other := attach(b.ctx, t, b.base)
	other.visit("/")
	other.see("Hello, joan")

	b.press("Log out")
	b.see("You are logged out.")
	b.do("reload", chromedp.Reload())
	b.see("Continue with Google")
	b.seesNot("Hello, joan")
	if answer := b.shown("error"); answer != "" {
		t.Errorf("the page says %q", answer)
	}
	other.press("Link LINE")
	other.see("You are not logged in any more. Log in again.")

	b.press("Continue with Google")
	b.consent("ada")
	b.see("Hello, Ada Lovelace")
	b.do("reload", chromedp.Reload())
	b.see("Hello, Ada Lovelace")
	b.seesNot("Welcome!")
}

// Without cookie mode, or a log-in, the page says nothing of having looked for one.
func TestLoadWithoutALogIn(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]func(testing.TB) string{"in memory": shared, "by cookie": withCookie} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, running(t))
			if said := b.shown("error") + b.shown("status"); said != "" {
				t.Errorf("the page says %q", said)
			}
			if n := b.refreshes(0); n != 1 {
				t.Errorf("%d times it looked for a log-in, want once", n)
			}
			b.press("Create one")
			b.see("Create an account")
			b.do("reload", chromedp.Reload())
			b.see("Create an account")
		})
	}
}

// Two tabs have one cookie between them. They take turns, or, in a browser without locks, come
// at once: neither is ever logged out.
func TestTwoTabsOneCookie(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	for name, prepare := range map[string]string{
		"in turn": "0",
		"at once": "Object.defineProperty(navigator, 'locks', { value: undefined })",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := newBrowser(t, withCookie(t))
			one.register(joan)
			two := attach(one.ctx, t, one.base)
			two.visit("/")
			two.see("Hello, " + joan)
			for _, b := range []*tab{one, two} {
				b.run(prepare)
				b.run("new BroadcastChannel('go').onmessage = () => { " + later + openBoth + " }")
			}
			before := one.refreshes(0) + two.refreshes(0)
			for round := 1; round <= 5; round++ {
				one.run("{ " + later + openBoth + "; const c = new BroadcastChannel('go'); c.postMessage(0); c.close(); }")
				for _, b := range []*tab{one, two} {
					b.seeBoth()
				}
				for _, b := range []*tab{one, two} {
					b.press("Where you are logged in")
					b.press("What has happened")
					b.run("document.querySelectorAll('#device-list, #audit-list').forEach((list) => list.replaceChildren())")
				}
			}
			if n := one.refreshes(0) + two.refreshes(0) - before; n != 10 {
				t.Errorf("the two asked %d times for new tokens, want 10 times", n)
			}
		})
	}
}

// While one tab is at it, the other waits.
func TestTabsTakeTurns(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, withCookie(t))
	b.register(joan)
	two := attach(b.ctx, t, b.base)
	two.visit("/")
	two.see("Hello, " + joan)
	two.run("navigator.locks.request('refresh', () => new Promise((free) => { window.free = free; }))")
	two.waitFor("it holds the lock", "!!window.free")
	before := b.refreshes(0)
	b.run(later)
	b.press("Where you are logged in")
	b.waitFor("it waits for its turn", "window.waits === 1 || (navigator.locks.query().then(({ pending }) => { window.waits = pending.length; }), false)")
	if n := b.refreshes(before); n != 0 {
		t.Errorf("it asked for new tokens %d times, out of turn", n)
	}
	two.run("window.free()")
	b.see("This one")
	if n := b.refreshes(before); n != 1 {
		t.Errorf("it asked for new tokens %d times, want once", n)
	}
}

// Who has logged in in another tab shares the cookie, but nobody acts in their name.
func TestSomebodyElsesCookie(t *testing.T) {
	t.Parallel()
	joan, grace := person("joan"), person("grace")
	one := newBrowser(t, withCookie(t))
	two := one.another()
	one.register(joan)
	two.register(grace)
	one.run(later)
	one.press("Delete the account")
	one.fill("Current password", goodPassword)
	one.click(labelled("Yes, delete my account"))
	one.click(`document.querySelector('#delete form button.danger')`)
	one.see("Somebody else has logged in in another tab of this browser.")
	one.see("Continue with Google")
	one.seesNot(grace)
	one.do("reload", chromedp.Reload())
	one.see("Hello, " + grace)
	two.press("Where you are logged in")
	two.see("This one")
}

// Where the service cannot be told, the cookie stays: the person hears of it.
func TestHalfLoggedOut(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, withCookie(t))
	b.register(joan)
	b.run("window.fetch = async () => { throw new TypeError('no network'); }")
	b.press("Log out")
	b.see("You are logged out in this tab, but the service could not be told.")
	b.seesNot("Hello, joan")
}

// The mail's link finds whoever is logged in.
func TestVerifyEmailByCookie(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, withCookie(t))
	b.register(joan)
	link := b.links(joan+"@example.com", verifyPath, 1)[0]
	other := attach(b.ctx, t, b.base)
	for range 2 { // the second time it is spent, but what it was for is done
		other.visit(link)
		other.see("Your e-mail address is verified.")
		other.see(joan + "@example.com (verified)")
		other.atHome()
	}
}

// A tab that has to go to the provider itself comes back logged in.
func TestLinkingWithoutAWindowByCookie(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t, byCookie))
	b.register("joan")
	b.run("window.open = () => null")
	b.press("Link LINE")
	b.consent("linus")
	b.see("LINE is linked.")
	b.see("Hello, joan")
	b.see("linked on")
	b.seesNot("Log in again to see it.")
}
