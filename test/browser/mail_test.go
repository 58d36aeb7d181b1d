package browser

import (
	"testing"

	"gofiber-auth/test/client"
)

const (
	verifyPath   = "/auth/verify-email"
	resetPath    = "/auth/reset-password"
	spent        = "This link has been used or is too old."
	verified     = "Your e-mail address is verified."
	anotherGood  = "another good passphrase"
	verifyButton = "Verify the address"
)

// A mail's link opens in another tab. It sends nothing until the button is pressed, and needs a proof
// of the account. The tab that waits sees what it did.
func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	email := name + "@example.com"
	b.links(email, verifyPath, 1)
	b.press("Send the mail again")
	b.see("A mail is on its way to " + email)
	mails := b.links(email, verifyPath, 2)
	b.logOut()

	b.visit(mails[1])
	b.fill("Password of the account", client.Password)
	b.press(verifyButton)
	b.see(spent + " Once logged in, you can have the mail sent again.")
	b.logIn(name, client.Password)
	b.see(email + " (not verified yet)")

	phone := newBrowser(t, b.base)
	phone.visit(mails[0])
	phone.see("Now prove that the account is.")
	phone.atHome()
	if n := len(phone.asked("/api/v1/auth/email/verify")); n != 0 {
		t.Errorf("the page sent the token %d times as it loaded", n)
	}
	phone.press(verifyButton)
	phone.see("no other tab could prove the account.")
	phone.fill("Password of the account", "not the password")
	phone.press(verifyButton)
	phone.see("The password is wrong")
	phone.faultIs("Password of the account", "The password is wrong")
	phone.pictures("verify")
	phone.fill("Password of the account", client.Password)
	phone.press(verifyButton)
	phone.see(verified + " You can close this window, or log in here.")

	b.run("document.dispatchEvent(new Event('visibilitychange'))") // as if one came back to the tab
	b.see(email + " (verified)")
	b.seesNot("Send the mail again")
}

// An account without a password is proved by the tab that is logged in.
func TestVerifyByAnotherTab(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := client.Name()
	who := someone{name: "Grace Hopper", email: name + "@example.com"}
	b.press("Continue with Google")
	b.consent(who)
	b.see(who.email + " (not verified yet)")
	other := b.another()
	other.visit(b.links(who.email, verifyPath, 1)[0])
	other.press(verifyButton)
	other.see(verified + " You can close this window")
	b.see(who.email + " (verified)")
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	b.logOut()
	for _, email := range []string{client.Name() + "@example.com", name + "@example.com"} {
		b.press("Forgot your password?")
		b.fill("E-mail", email)
		b.press("Send the link")
		b.see("If there is an account with the address " + email + ", a mail is on its way to it.")
		b.atHome()
	}
	b.visit(b.links(name+"@example.com", resetPath, 1)[0])
	b.see("Choose a new password")
	b.atHome()
	b.fill("New password", "1234567890")
	b.press("Set the password")
	b.see("Many people use this password")
	b.faultIs("New password", "Many people use this password")
	b.pictures("reset")
	b.fill("New password", anotherGood)
	b.press("Set the password")
	b.see("Your password has been changed, and you have been logged out everywhere.")
	b.logIn(name, anotherGood)
	b.see(name + "@example.com (verified)") // the mail has proved it
}

// The new address waits for its proof, and the present one stays until then.
func TestPendingEmail(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	present, next := name+"@example.com", name+"@elsewhere.example"
	change := func(email, password string) {
		b.press("Change the e-mail address")
		b.fill("New e-mail", email)
		b.fill("Current password", password)
		b.press("Change the address")
	}
	change(next, "not the password")
	b.see("Your current password is missing or wrong.")
	b.faultIs("Current password", "Your current password is missing or wrong.")
	b.press("Change the e-mail address")
	change(next, client.Password)
	b.see("We have sent a link to " + next + ". It becomes your address when you open the link.")
	b.see(next + " (pending)")
	b.see("Until then, " + present + " stays your address.")
	b.pictures("pending")
	b.press("Send the mail again")
	b.see("A mail is on its way to " + next)
	change(present, client.Password)
	b.see("That is your address already.")
	b.seesNot("(pending)")
	change(next, client.Password)
	b.see(next + " (pending)")

	other := b.another()
	other.visit(b.links(next, verifyPath, 3)[0])
	other.fill("Password of the account", client.Password)
	other.press(verifyButton)
	other.see(verified)
	b.run("document.dispatchEvent(new Event('visibilitychange'))")
	b.see(next + " (verified)")
	b.seesNot("(pending)")
}

// A registration becomes an account when its address is proved, and tells nothing of others'.
func TestVerifiedRegistration(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, cautious(t))
	name := client.Name()
	email := name + "@example.com"
	b.fillRegistration(name)
	b.press("Create account")
	b.see("Look into your mailbox")
	b.see("A mail is on its way to " + email)
	b.pictures("mailbox")
	b.press("Back to the log-in")
	b.logIn(name, client.Password)
	b.see("The account or the password is wrong.")

	b.visit(b.links(email, verifyPath, 1)[0])
	b.fill("Password of the account", client.Password)
	b.press(verifyButton)
	b.see(verified)
	b.logIn(name, client.Password)
	b.see(email + " (verified)")
	b.logOut()

	again := newBrowser(t, b.base) // with an address that is taken
	again.press("Create one")
	again.fill("E-mail", email)
	again.fill("Username", client.Name())
	again.fill("Password", client.Password)
	again.press("Create account")
	again.see("Look into your mailbox")
	again.see("A mail is on its way to " + email)
}

// The ticket of a log-in without an e-mail address proves the account from the tab that has it.
func TestVerifiedRegistrationThroughAProvider(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, cautious(t))
	name := client.Name()
	quiet := someone{name: "Linus " + name}
	b.press("Continue with LINE")
	b.consent(quiet)
	b.see("Your e-mail address, please")
	b.fill("E-mail", name+"@example.com")
	b.press("Create account")
	b.see("Look into your mailbox")
	other := b.another()
	other.visit(b.links(name+"@example.com", verifyPath, 1)[0])
	other.press(verifyButton)
	other.see(verified)
	b.see("Your account has been made. Continue with LINE to log in.")
	b.press("Continue with LINE")
	b.consent(quiet)
	b.see(name + "@example.com (verified)")
}
