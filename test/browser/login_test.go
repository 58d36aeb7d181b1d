package browser

import (
	"fmt"
	"testing"

	"gofiber-auth/test/client"
)

// keepsNothing fails where scripts can read something when the page has gone.
func (b *tab) keepsNothing() {
	b.t.Helper()
	kept := get[string](b, "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
	if kept != `[{},{},""]` {
		b.t.Errorf("the page keeps %s", kept)
	}
}

// register makes an account with client.Password, and is then logged in.
func (b *tab) register() (name string) {
	b.t.Helper()
	name = client.Name()
	b.fillRegistration(name)
	b.press("Create account")
	b.see("Hello, " + name)
	return name
}

func (b *tab) fillRegistration(name string) {
	b.t.Helper()
	b.press("Create one")
	b.fill("E-mail", name+"@example.com")
	b.fill("Username", name)
	b.fill("Password", client.Password)
}

func (b *tab) logIn(name, password string) {
	b.t.Helper()
	b.fill("E-mail or username", name)
	b.fill("Password", password)
	b.press("Log in")
}

func (b *tab) logOut() {
	b.t.Helper()
	b.press("Log out")
	b.see("You are logged out.")
}

// answers is a script by which the page gets a problem from its next call of a path.
func answers(path string, status int, code, headers string) string {
	return fmt.Sprintf(`{
		const really = fetch;
		window.fetch = async (...request) => {
			if (!request[0].endsWith(%q)) return really(...request);
			window.fetch = really;
			return new Response('{"code":%q}', { status: %d, headers: { %s } });
		};
	}`, path, code, status, headers)
}

// saysNothing fails where the page tells of something that has happened.
func (b *tab) saysNothing() {
	b.t.Helper()
	if said := get[string](b, "document.querySelector('#error').innerText + document.querySelector('#status').innerText"); said != "" {
		b.t.Errorf("the page says %q", said)
	}
}

func TestRegisterLogOutAndLogIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.see(name + "@example.com (not verified yet)")
	b.logOut()
	b.seesNot("Hello, " + name)
	b.logIn(name+"@EXAMPLE.com", client.Password)
	b.see("Hello, " + name)

	b.keepsNothing()
	b.reload()
	b.see("Continue with Google")
	b.seesNot("Hello, " + name)
	b.saysNothing()
}

func TestFaultsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.logOut()
	b.logIn(name, "not the password")
	b.see("The account or the password is wrong.")
	b.focusIs("The account or the password is wrong.")
	b.pictures("login")
	b.run(answers("/auth/login", 429, "rate_limited", "'Retry-After': '90'"))
	b.press("Log in")
	b.see("Too many attempts. Try again in 90 seconds.")

	b.press("Create one")
	b.see("Create an account")
	b.seesNot("The account or the password is wrong.")
	b.press("Create account")
	b.see("This is needed.")
	for _, label := range []string{"E-mail", "Username", "Password"} {
		b.faultIs(label, "This is needed.")
	}
	b.focusIs("E-mail")

	b.fill("E-mail", name+"@EXAMPLE.com")
	b.fill("Username", "admin")
	b.fill("Password", "short")
	b.press("Create account")
	b.see("Use at least 8 characters.")
	b.faultIs("Username", "This name is kept for those who run this service.")
	b.faultIs("E-mail", "")
	b.pictures("register")

	other := client.Name()
	b.fill("Username", other)
	b.fill("Password", client.Password)
	b.press("Create account")
	b.see("This address has an account already.")
	b.faultIs("E-mail", "This address has an account already.")
	b.faultIs("Password", "")
	b.fill("E-mail", other+"@example.com")
	b.press("Create account")
	b.see("Hello, " + other)
}

// The page draws what the service offers.
func TestSettingsDecideWhatIsShown(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t, "REGISTRATION=closed", "REFRESH_COOKIE=false"))
	b.see("Forgot your password?")
	b.seesNot("Create one")
	b.seesNot("Keep me logged in")
	b.visit("/#register")
	b.see("Forgot your password?")
	b.seesNot("Create an account")
	if n := b.refreshes(0); n != 0 {
		t.Errorf("%d times it looked for a log-in that no cookie keeps", n)
	}
}

func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	const tabKey, enter = "\t", "\r"
	name := client.Name()
	walk := func(stops ...string) {
		t.Helper()
		for _, want := range stops {
			b.keys(tabKey)
			if got := b.focused(); got != want {
				t.Fatalf("the focus goes to %q, want %q", got, want)
			}
			if ring := get[string](b, "getComputedStyle(document.activeElement).outlineStyle"); ring != "solid" {
				t.Errorf("on %q the focus cannot be seen: outline %s", want, ring)
			}
		}
	}
	providers := []string{"Continue with Google", "Continue with Facebook", "Continue with LINE"}
	walk(append(providers, "E-mail or username", "Password", "Show password",
		"Keep me logged in when this page is reloaded", "Log in", "Forgot your password?", "Create one")...)
	b.keys(enter)
	b.see("Create an account")
	b.focusIs("Create an account")
	walk(append(providers, "E-mail")...)
	b.keys(name + "@example.com")
	walk("Username")
	b.keys(name)
	walk("Name to show (optional)")
	b.keys("Joan Clarke-Whose-Name-Goes-On-Without-A-Space-To-Break-It-At")
	walk("Password")
	b.keys(client.Password + enter)
	b.see("Hello, Joan Clarke-Whose-Name-Goes-On-Without-A-Space-To-Break-It-At")
	b.focusIs("Hello, Joan Clarke-Whose-Name-Goes-On-Without-A-Space-To-Break-It-At")
	b.see("not linked")
	b.pictures("account")
	walk("Send the mail again", "Link Google", "Link Facebook", "Link LINE")
	walk("Change the password", "Change the e-mail address")
	walk("Where you are logged in", "What has happened", "Download your data", "Delete the account", "Log out")
	b.keys(enter)
	b.see("You are logged out.")
}
