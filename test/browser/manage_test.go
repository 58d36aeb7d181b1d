package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	phone := newBrowser(t, b.base)
	phone.logIn(name, client.Password)
	phone.see("Hello, " + name)

	b.press("Change the password")
	b.fill("New password", anotherGood)
	b.press("Set the password")
	b.see("Your current password is missing or wrong.")
	b.faultIs("Current password", "Your current password is missing or wrong.")
	b.fill("Current password", client.Password)
	b.fill("New password", name+"@example")
	b.press("Set the password")
	b.see("Leave your username and your e-mail address out of it.")
	b.focusIs("New password")
	b.fill("New password", anotherGood)
	b.press("Show new password")
	if kind := get[string](b, labelled("New password")+".type"); kind != "text" {
		t.Errorf("the password is shown by a field of type %s", kind)
	}
	b.press("Set the password")
	b.see("Your password has been changed.")
	b.focusIs("Change the password")

	phone.press("Where you are logged in")
	phone.see("You are not logged in any more. Log in again.")
	b.press("Where you are logged in") // by the tokens of the session that has begun
	b.see("This one")
	b.press("Change the password")
	if typed := get[string](b, labelled("Current password")+".value + "+labelled("New password")+".value"); typed != "" {
		t.Errorf("the form still holds %q", typed)
	}
}

// One who came through a provider has no password, and sets the first one. What is dangerous needs a
// log-in that is not long ago until then.
func TestFirstPassword(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	who := ada()
	b.press("Continue with Google")
	b.consent(who)
	b.see("linked on")
	b.run(answers("/oauth-providers/google", 403, "reauthentication_required", "")) // as ten minutes later
	b.press("Unlink Google")
	b.see("Log out, log in once more, and try again.")
	b.press("Change the password")
	b.seesNot("Current password")
	b.fill("New password", client.Password)
	b.press("Set the password")
	b.see("Your password has been changed.")
	b.press("Unlink Google")
	b.see("Current password")
	b.logOut()
	b.logIn(who.email, client.Password)
	b.see("Hello, Ada Lovelace")
}

func TestSessions(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	phone, tablet := newBrowser(t, b.base), newBrowser(t, b.base)
	for _, other := range []*tab{phone, tablet} {
		other.logIn(name, client.Password)
		other.see("Hello, " + name)
	}
	const rows = "document.querySelectorAll('#device-list .name').length"
	b.press("Where you are logged in")
	b.waitFor("there are three sessions", rows+" === 3")
	for _, text := range []string{"This one", "127.0.0.1", "since ", "with a password", "last used "} {
		b.see(text)
	}
	b.pictures("devices")
	b.click(`document.querySelector('#device-list [aria-label^="Log out Chrome on "]')`)
	b.see("has been logged out.")
	b.waitFor("there are two sessions", rows+" === 2")
	tablet.press("What has happened") // the newest stands first
	tablet.see("You are not logged in any more. Log in again.")

	b.press("Log out everywhere else")
	b.see("Everywhere but here, you have been logged out.")
	b.waitFor("there is one session", rows+" === 1")
	phone.press("Where you are logged in")
	phone.see("You are not logged in any more. Log in again.")
	b.see("Hello, " + name)
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	quiet := someone{name: "Linus " + name}
	b.link("LINE", quiet)
	b.see("LINE is linked.")
	b.logOut()
	for range 8 {
		b.api().Send(t, client.Login(name, "wrong"))
	}
	b.press("Continue with LINE")
	b.consent(quiet)
	b.see("Hello, " + name)

	b.press("What has happened")
	b.see("Logged in with LINE")
	b.see("Failed to log in with a password")
	b.press("Show older")
	b.see("LINE linked")
	b.see("Account created with a password")
	b.seesNot("Show older")
	b.seesNot("{")
	if got := b.focused(); !strings.Contains(got, "·") {
		t.Errorf("the focus is on %q, not on the first older entry", got)
	}
	b.pictures("audit")
}

func TestDownload(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	folder := t.TempDir()
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	b.press("Download your data")
	b.press("Download")
	b.see("Your data has been saved as a file.")
	harness.Eventually(t, "the file is there", func() error {
		files, err := filepath.Glob(filepath.Join(folder, name+"-*.json"))
		if err != nil || len(files) != 1 {
			return harness.ErrNotYet
		}
		text, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(text), name+"@example.com") {
			return fmt.Errorf("the file holds %s: %w", text, errors.Join(err, harness.ErrNotYet))
		}
		return nil
	})
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, demo(t))
	name := b.register()
	const remove = `document.querySelector('#delete form button.danger')`
	b.press("Delete the account")
	b.fill("Current password", "not the password")
	b.click(remove)
	b.see("This is needed.")
	b.focusIs("Yes, delete my account")
	b.click(labelled("Yes, delete my account"))
	b.click(remove)
	b.see("Your current password is missing or wrong.")
	b.fill("Current password", client.Password)
	b.click(remove)
	b.see("Your account has been deleted.")
	b.logIn(name, client.Password)
	b.see("The account or the password is wrong.")
}
