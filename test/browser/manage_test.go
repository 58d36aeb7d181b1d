package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"gofiber-auth/test/harness"
)

const otherPassword = "another good passphrase"

func TestChangePassword(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	phone := newBrowser(t, b.base)
	phone.logIn(joan, goodPassword)
	phone.see("Hello, " + joan)

	b.press("Change the password")
	b.seesNot("Leave it empty if you have none yet.")
	b.fill("New password", otherPassword)
	b.press("Set the password")
	b.see("Your current password is missing or wrong.")
	if got := b.fault("Current password"); got != "Your current password is missing or wrong." {
		t.Errorf("beside the current password stands %q", got)
	}
	b.fill("Current password", goodPassword)
	b.fill("New password", joan+"@example")
	b.press("Set the password")
	b.see("Leave your username and your e-mail address out of it.")
	if got := b.focused(); got != "New password" {
		t.Errorf("the focus is on %q, not on the field that is wrong", got)
	}
	b.fill("New password", otherPassword)
	b.press("Set the password")
	b.see("Your password has been changed.")
	b.see("Hello, " + joan)
	if got := b.focused(); got != "Change the password" {
		t.Errorf("the focus is on %q, not on what was done", got)
	}

	phone.press("Where you are logged in")
	phone.see("You are not logged in any more. Log in again.")
	b.press("Log out")
	b.logIn(joan, otherPassword)
	b.see("Hello, " + joan)
	b.press("Change the password")
	if typed, err := eval[string](b, labelled("Current password")+".value + "+labelled("New password")+".value"); err != nil || typed != "" {
		t.Errorf("the form still holds %q, %v", typed, err)
	}
}

// Who came through a provider has no password, and sets the first one.
func TestFirstPassword(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.press("Continue with Google")
	b.consent("ada")
	b.see("linked on")
	b.press("Change the password")
	b.see("Leave it empty if you have none yet.")
	b.fill("New password", goodPassword)
	b.press("Set the password")
	b.see("Your password has been changed.")
	b.press("Log out")
	b.logIn("ada@example.com", goodPassword)
	b.see("Hello, Ada Lovelace")
}

// Without a password, what is dangerous needs a log-in that is not long ago.
func TestReauthentication(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.run(`{ // what the service answers ten minutes later
		const really = fetch;
		window.fetch = async (address, options) => options.method === 'DELETE'
			? new Response('{"code":"reauthentication_required"}', { status: 403 })
			: really(address, options);
	}`)
	b.press("Delete the account")
	b.click(labelled("Yes, delete my account"))
	b.click(`document.querySelector('#delete form button.danger')`)
	b.see("Log out, log in once more, and try again.")
	b.see("Hello, " + joan)
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	joan, taken := person("joan"), person("taken")
	b := newBrowser(t, shared(t))
	b.register(joan)
	b.links(joan+"@example.com", verifyPath, 1)
	call(t, b.base, "POST", "/auth/register", "", `{"email":"`+taken+`@example.com","username":"`+taken+`","password":"`+goodPassword+`"}`)
	b.press("Change the e-mail address")
	b.fill("New e-mail", taken+"@example.com")
	b.fill("Current password", "not her password")
	b.press("Change the address")
	b.see("Your current password is missing or wrong.")
	b.fill("Current password", goodPassword)
	b.press("Change the address")
	b.see("This address has an account already.")
	if got := b.fault("New e-mail"); got != "This address has an account already." {
		t.Errorf("beside the address stands %q", got)
	}
	b.fill("New e-mail", joan+"@elsewhere.example")
	b.press("Change the address")
	b.see("Your address is " + joan + "@elsewhere.example now.")
	b.see(joan + "@elsewhere.example (not verified yet)")

	other := b.another()
	other.visit(b.links(joan+"@elsewhere.example", verifyPath, 1)[0])
	other.see("Your e-mail address is verified.")
	other.visit(b.links(joan+"@example.com", verifyPath, 1)[0]) // it has died with the change
	other.see(spent)

	b.press("Change the e-mail address")
	b.fill("New e-mail", strings.ToUpper(joan)+"@elsewhere.example")
	b.press("Change the address")
	b.see("That is your address already.")
}

func TestSessions(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	phone, tablet := newBrowser(t, b.base), newBrowser(t, b.base)
	for _, other := range []*tab{phone, tablet} {
		other.logIn(joan, goodPassword)
		other.see("Hello, " + joan)
	}
	const rows = "document.querySelectorAll('#device-list .name').length"
	b.press("Where you are logged in")
	b.waitFor("there are three sessions", rows+" === 3")
	b.see("This one")
	b.see("127.0.0.1")
	b.see("since ")
	b.see("last used ")
	if first := b.shown("device-list"); !strings.HasPrefix(first, "Chrome on ") || strings.Index(first, "This one") > strings.Index(first, "Log out") {
		t.Errorf("the list is %q", first)
	}

	b.click(`document.querySelector('#device-list [aria-label^="Log out Chrome on "]')`)
	b.see("has been logged out.")
	b.waitFor("there are two sessions", rows+" === 2")
	tablet.press("Link LINE") // the newest stands first
	tablet.see("You are not logged in any more. Log in again.")
	phone.press("What has happened")
	phone.see("Account created")

	b.press("Log out everywhere else")
	b.see("Everywhere but here, you have been logged out.")
	b.waitFor("there is one session", rows+" === 1")
	b.seesNot("Log out everywhere else")
	phone.press("Where you are logged in")
	phone.see("You are not logged in any more. Log in again.")
	b.see("Hello, " + joan)
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.register("joan")
	b.link("LINE", "linus")
	b.see("LINE is linked.")
	b.press("Log out")
	for range 8 {
		try(t, b.base, "POST", "/auth/login", "", `{"username":"joan","password":"wrong"}`)
	}
	b.press("Continue with LINE")
	b.consent("linus")
	b.see("Hello, joan")

	b.press("What has happened")
	b.see("Logged in with LINE")
	b.see("Failed to log in with a password")
	b.seesNot("Account created")
	b.press("Show older")
	b.see("Logged out")
	b.see("LINE linked")
	b.see("Account created with a password")
	b.seesNot("Show older")
	b.seesNot("{")
	if got := b.focused(); !strings.Contains(got, "·") {
		t.Errorf("the focus is on %q, not on the first older entry", got)
	}
	if got := b.shown("audit-list"); !strings.Contains(got, "Chrome on Linux, 127.0.0.1") && !strings.Contains(got, "Chrome on Mac, 127.0.0.1") {
		t.Errorf("the list does not say from where: %q", got)
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
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
		files, err := filepath.Glob(filepath.Join(folder, joan+"-*.json"))
		if err != nil || len(files) != 1 {
			return harness.ErrNotYet
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			return err
		}
		var export struct {
			User     struct{ Email string }
			Sessions []any
		}
		if err := json.Unmarshal(text, &export); err != nil {
			return err
		}
		if export.User.Email != joan+"@example.com" || len(export.Sessions) != 1 {
			t.Errorf("the file holds %s", text)
		}
		return nil
	})
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	joan := person("joan")
	b := newBrowser(t, shared(t))
	b.register(joan)
	const remove = `document.querySelector('#delete form button.danger')`
	b.press("Delete the account")
	b.fill("Current password", "not her password")
	b.click(remove)
	b.see("This is needed.")
	if got := b.focused(); got != "Yes, delete my account" {
		t.Errorf("the focus is on %q, not on what is needed", got)
	}
	b.click(labelled("Yes, delete my account"))
	b.click(remove)
	b.see("Your current password is missing or wrong.")
	b.fill("Current password", goodPassword)
	b.click(remove)
	b.see("Your account has been deleted.")
	b.see("Continue with Google")
	b.logIn(joan, goodPassword)
	b.see("The account or the password is wrong.")
	b.register(joan) // the name is free again
}
