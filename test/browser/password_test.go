package browser

import (
	"strings"
	"testing"
)

// register makes an account and is then logged in.
func (b *tab) register(name string) {
	b.t.Helper()
	b.press("Create one")
	b.fill("E-mail", name+"@example.com")
	b.fill("Username", name)
	b.fill("Password", goodPassword)
	b.press("Create account")
	b.see("Hello, " + name)
}

func (b *tab) logIn(name, password string) {
	b.t.Helper()
	b.fill("E-mail or username", name)
	b.fill("Password", password)
	b.press("Log in")
}

func TestRegisterLogOutAndLogIn(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.see(joan + "@example.com (not verified yet)")
	b.see("@joan")
	b.press("Log out")
	b.see("You are logged out.")
	b.seesNot("Hello, joan")
	b.logIn(joan, goodPassword)
	b.see("Hello, " + joan)
	b.press("Log out")
	b.see("You are logged out.")
	b.logIn(strings.ToUpper(joan)+"@example.com", goodPassword)
	b.see("Hello, " + joan)

	// The page keeps the tokens nowhere.
	kept, err := eval[string](b, "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
	if err != nil || kept != `[{},{},""]` {
		t.Errorf("the page keeps %s, %v", kept, err)
	}
	b.visit("/")
	b.see("Continue with Google")
	b.seesNot("Hello, joan")
}

func TestWhatIsWrongStandsInItsPlace(t *testing.T) {
	t.Parallel()
	joan, john := person("joan"), person("john")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.press("Log out")

	b.logIn(joan, "not her password")
	b.see("The account or the password is wrong.")
	if got := b.focused(); got != "The account or the password is wrong." {
		t.Errorf("the focus is on %q, not on the error", got)
	}

	b.press("Create one")
	b.see("Create an account")
	b.seesNot("The account or the password is wrong.")
	b.press("Create account")
	b.see("This is needed.")
	for _, label := range []string{"E-mail", "Username", "Password"} {
		if got := b.fault(label); got != "This is needed." {
			t.Errorf("beside %s stands %q", label, got)
		}
	}
	if got := b.focused(); got != "E-mail" {
		t.Errorf("the focus is on %q, not on the first field that is wrong", got)
	}

	b.fill("E-mail", strings.ToUpper(joan)+"@example.com")
	b.fill("Username", "jo hn")
	b.fill("Password", "short")
	b.press("Create account")
	b.see("Use at least 8 characters.")
	if got := b.fault("Username"); !strings.HasPrefix(got, "Use letters, digits") {
		t.Errorf("beside the username stands %q", got)
	}
	if got := b.fault("E-mail"); got != "" {
		t.Errorf("beside the e-mail address, which is right, stands %q", got)
	}

	b.fill("Username", john)
	b.fill("Password", goodPassword)
	b.press("Create account")
	b.see("This address has an account already.")
	if got := b.fault("E-mail"); got != "This address has an account already." {
		t.Errorf("beside the taken e-mail address stands %q", got)
	}
	if got := b.fault("Password"); got != "" {
		t.Errorf("beside the password, which is right now, stands %q", got)
	}

	b.fill("E-mail", john+"@example.com")
	b.fill("Username", strings.ToUpper(joan))
	b.press("Create account")
	b.see("This username is taken.")
	b.fill("Username", john)
	b.press("Create account")
	b.see("Hello, " + john)
}

// A session that ended elsewhere ends here with the next thing that is done.
func TestSessionThatEnded(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	elsewhere := call(t, b.base, "POST", "/auth/login", "", `{"username":"`+joan+`","password":"`+goodPassword+`"}`)
	call(t, b.base, "PUT", "/users/me/password", elsewhere.Token, `{"currentPassword":"`+goodPassword+`","newPassword":"another good passphrase"}`)
	b.press("Link LINE")
	b.see("You are not logged in any more. Log in again.")
	b.see("Continue with Google")
	b.seesNot("Hello, joan")
}

func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	const tabKey, enter = "\t", "\r"
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
	walk(append(providers, "E-mail or username", "Password", "Show password", "Log in", "Forgot your password?", "Create one")...)
	b.keys(enter)
	b.see("Create an account")
	if got := b.focused(); got != "Create an account" {
		t.Errorf("on a new form the focus is on %q, not on its heading", got)
	}
	walk(providers...)
	walk("E-mail")
	b.keys(joan + "@example.com")
	walk("Username")
	b.keys(joan)
	walk("Name to show (optional)")
	b.keys("Joan Clarke")
	walk("Password")
	b.keys(goodPassword + enter)
	b.see("Hello, Joan Clarke")
	if got := b.focused(); got != "Hello, Joan Clarke" {
		t.Errorf("after logging in the focus is on %q, not on the heading", got)
	}
	b.see("not linked")
	walk("Send the mail again", "Link Google", "Link Facebook", "Link LINE")
	walk("Change the password", "Change the e-mail address")
	walk("Where you are logged in", "What has happened", "Download your data", "Delete the account", "Log out")
	b.keys(enter)
	b.see("You are logged out.")
	walk(providers...)
	walk("E-mail or username")
	b.keys(joan)
	walk("Password")
	b.keys("wrong" + enter)
	b.see("The account or the password is wrong.")
	walk(providers...)
	walk("E-mail or username", "Password")
	b.keys(goodPassword + enter)
	b.see("Hello, Joan Clarke")
}
