package browser

import (
	"testing"

	"gofiber-auth/test/client"
)

// keptByThePage is what scripts can read when the page has gone.
const keptByThePage = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"

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

func TestRegisterLogOutAndLogIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.see(name + "@example.com (not verified yet)")
	b.logOut()
	b.seesNot("Hello, " + name)
	b.logIn(name+"@EXAMPLE.com", client.Password)
	b.see("Hello, " + name)

	if kept, err := eval[string](b, keptByThePage); err != nil || kept != `[{},{},""]` {
		t.Errorf("the page keeps %s, %v", kept, err)
	}
	b.reload()
	b.see("Continue with Google")
	b.seesNot("Hello, " + name)
	if said := b.shown("error") + b.shown("status"); said != "" {
		t.Errorf("the page says %q of a log-in that nothing kept", said)
	}
}

func TestFaultsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.logOut()
	b.logIn(name, "not the password")
	b.see("The account or the password is wrong.")
	b.focusIs("The account or the password is wrong.")

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
			ring, err := eval[string](b, "getComputedStyle(document.activeElement).outlineStyle")
			if err != nil || ring != "solid" {
				t.Errorf("on %q the focus cannot be seen: outline %s, %v", want, ring, err)
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
	b.keys("Joan Clarke")
	walk("Password")
	b.keys(client.Password + enter)
	b.see("Hello, Joan Clarke")
	b.focusIs("Hello, Joan Clarke")
	b.see("not linked")
	walk("Send the mail again", "Link Google", "Link Facebook", "Link LINE")
	walk("Change the password", "Change the e-mail address")
	walk("Where you are logged in", "What has happened", "Download your data", "Delete the account", "Log out")
	b.keys(enter)
	b.see("You are logged out.")
}

// What is typed can be shown, and is a password again when it is sent.
func TestShowPassword(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	b.fill("Password", "short")
	for _, step := range []struct{ press, want string }{
		{"Show password", "text"}, {"Hide password", "password"}, {"Show password", "text"}, {"Log in", "password"},
	} {
		b.press(step.press)
		if got, err := eval[string](b, labelled("Password")+".type"); err != nil || got != step.want {
			t.Errorf("after %q the field is of type %s, want %s, %v", step.press, got, step.want, err)
		}
	}
}

// One who guesses too often is told when to come back.
func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t, "RATE_LIMIT_ENABLED=true"))
	for range 11 {
		b.api().Send(t, client.Login("joan", "wrong"))
	}
	b.logIn("joan", client.Password)
	b.see("Too many attempts. Try again in ")
	b.waitFor("it says when", `/Try again in [0-9]+ (second|minute)s?\./.test(document.getElementById('error').textContent)`)
}
