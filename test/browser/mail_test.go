package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"gofiber-auth/test/harness"
)

// links waits until so many mails to an address lead to a path of the demo, and returns where
// they lead: paths with tokens, the newest first.
func (b *tab) links(to, path string, n int) []string {
	b.t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(b.base+path) + `\?token=[A-Za-z0-9_-]{20,}`)
	var found []string
	harness.Eventually(b.t, fmt.Sprintf("there are %d mails that lead to %s", n, path), func() error {
		res, err := http.Get(b.base + "/dev/mail?format=json")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var box struct{ Mails []struct{ To, Text string } }
		if err := json.NewDecoder(res.Body).Decode(&box); err != nil {
			return err
		}
		found = nil
		for _, m := range box.Mails {
			if there := link.FindString(m.Text); there != "" && m.To == to {
				found = append(found, strings.TrimPrefix(there, b.base))
			}
		}
		if len(found) != n {
			return fmt.Errorf("there are %d of %d mails", len(found), len(box.Mails))
		}
		return nil
	})
	return found
}

// forgetful asks for a new password from the page of the log-in.
func (b *tab) forgetful(email string) {
	b.t.Helper()
	b.press("Forgot your password?")
	b.fill("E-mail", email)
	b.press("Send the link")
	b.see("If there is an account with the address " + email + ", a mail is on its way to it.")
	b.see("Continue with Google")
	b.atHome()
}

const (
	verifyPath = "/auth/verify-email"
	resetPath  = "/auth/reset-password"
	spent      = "This link has been used or is too old."
)

// The link opens in another tab, and the one that waits sees what it did.
func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.see(joan + "@example.com (not verified yet)")
	first := b.links(joan+"@example.com", verifyPath, 1)[0]
	b.press("Send the mail again")
	b.see("A mail is on its way to " + joan + "@example.com.")
	second := b.links(joan+"@example.com", verifyPath, 2)[0]

	other := b.another()
	other.visit(first)
	other.see(spent + " Once logged in, you can have the mail sent again.")
	other.see("Continue with Google")
	other.atHome()

	other.visit(second)
	other.see("Your e-mail address is verified. You can close this window, or log in here.")
	other.atHome()
	other.do("reload", chromedp.Reload())
	other.see("Continue with Google")
	if n := len(other.asked("/api/v1/auth/email/verify")); n != 2 {
		t.Errorf("%d times a token was sent, want twice", n)
	}

	b.run("document.dispatchEvent(new Event('visibilitychange'))") // as if one came back to the tab
	b.see(joan + "@example.com (verified)")
	b.seesNot("Send the mail again")
}

// Who has verified the address elsewhere is told so, and nothing more is sent.
func TestVerifiedAlready(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	other := b.another()
	other.visit(b.links(joan+"@example.com", verifyPath, 1)[0])
	other.see("Your e-mail address is verified.")
	b.press("Send the mail again")
	b.see("Your e-mail address is verified.")
	b.see(joan + "@example.com (verified)")
	b.seesNot("Send the mail again")
	b.links(joan+"@example.com", verifyPath, 1)
}

func TestMadeUpLinks(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, shared(t))
	for _, query := range []string{"", "?token=", "?token=x", "?token=<b>surprise</b>"} {
		b.visit(verifyPath + query)
		b.see(spent)
		b.see("Continue with Google")
		b.seesNot("surprise")
		b.atHome()

		b.visit(resetPath + query)
		b.see("Choose a new password")
		b.atHome()
		b.fill("New password", "another good passphrase")
		b.press("Set the password")
		b.see(spent + " Ask for a new one.")
		b.see("Forgot your password?")
		b.seesNot("surprise")
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	phone := newBrowser(t, b.base)
	phone.logIn(joan, goodPassword)
	phone.see("Hello, " + joan)

	b.press("Log out")
	b.see("You are logged out.")
	b.forgetful("nobody@example.com")
	b.forgetful(joan + "@example.com")
	link := b.links(joan+"@example.com", resetPath, 1)[0]
	b.links("nobody@example.com", resetPath, 0)

	b.visit(link)
	b.see("Choose a new password")
	b.atHome()
	b.press("Set the password")
	b.see("This is needed.")
	b.fill("New password", "short")
	b.press("Set the password")
	b.see("Use at least 8 characters.")
	if got := b.fault("New password"); got != "Use at least 8 characters." {
		t.Errorf("beside the password stands %q", got)
	}
	b.fill("New password", "1234567890")
	b.press("Set the password")
	b.see("Many people use this password")
	b.fill("New password", "another good passphrase")
	b.press("Set the password")
	b.see("Your password has been changed, and you have been logged out everywhere.")
	b.logIn(joan, "another good passphrase")
	b.see(joan + "@example.com (verified)") // the mail has proved it

	phone.press("Link LINE")
	phone.see("You are not logged in any more. Log in again.")

	other := b.another()
	other.visit(link)
	other.fill("New password", "a third good passphrase")
	other.press("Set the password")
	other.see(spent + " Ask for a new one.")
	other.see("Send the link")
	other.fill("E-mail", joan+"@example.com")
	other.press("Send the link")
	other.visit(other.links(joan+"@example.com", resetPath, 2)[0])
	other.fill("New password", "a third good passphrase")
	other.press("Set the password")
	other.see("Log in with the new one.")
}

// What is typed can be shown, and is a password again when it is sent.
func TestShowPassword(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.press("Log out")
	b.forgetful(joan + "@example.com")
	b.visit(b.links(joan+"@example.com", resetPath, 1)[0])
	b.fill("New password", "short")
	kind := labelled("New password") + ".type"
	for _, step := range []struct{ press, want string }{
		{"Show new password", "text"}, {"Hide new password", "password"}, {"Show new password", "text"}, {"Set the password", "password"},
	} {
		b.press(step.press)
		if got, err := eval[string](b, kind); err != nil || got != step.want {
			t.Errorf("after %q the field is of type %s, want %s, %v", step.press, got, step.want, err)
		}
	}
	if got, err := eval[string](b, labelled("New password")+".autocomplete"); err != nil || got != "new-password" {
		t.Errorf("autocomplete=%s, %v", got, err)
	}
}
