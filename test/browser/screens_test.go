package browser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"gofiber-auth/test/client"
)

var screenshots = flag.String("screenshots", "", "a `folder` to write pictures of the demo's pages to")

// TestScreens shows every page on a desktop and on a phone, in light and in dark: nothing sticks
// out, and with -screenshots there is something to look at.
func TestScreens(t *testing.T) {
	t.Parallel()
	name := client.Name()
	long := name + "-a-username-of-fifty-characters-that-has-no-spaces"[:50-len(name)]
	email := long + ".and.more.of.it@mail.department.example.com"
	quiet := someone{name: "Linus " + name}
	b := newBrowser(t, demo(t))
	b.pictures("login")
	b.logIn("joan", "wrong")
	b.see("The account or the password is wrong.")
	b.pictures("error")
	b.press("Create one")
	b.see("Create an account")
	b.pictures("register")
	b.fill("E-mail", email)
	b.fill("Username", "no good")
	b.press("Create account")
	b.see("Use letters, digits")
	b.pictures("faults")
	b.fill("Username", long)
	b.fill("Password", client.Password)
	b.press("Create account")
	b.see("not linked")
	b.press("Link LINE")
	b.pictures("proof")
	b.link("LINE", quiet)
	b.see("LINE is linked.")
	b.pictures("account")
	b.press("Change the password")
	b.fill("New password", "short")
	b.press("Set the password")
	b.see("Use at least 8 characters.")
	b.press("Show new password")
	b.pictures("change-password")
	b.press("Change the password")
	b.press("Change the e-mail address")
	b.pictures("change-email")
	b.press("Change the e-mail address")
	b.api().LogIn(t, long, client.Password)
	b.press("Where you are logged in")
	b.see("This one")
	b.pictures("devices")
	b.press("Log out everywhere else")
	b.see("Everywhere but here, you have been logged out.")
	b.press("Where you are logged in")
	b.press("What has happened")
	b.see("Account created")
	b.pictures("audit")
	b.press("What has happened")
	b.press("Download your data")
	b.press("Delete the account")
	b.click(`document.querySelector('#delete form button.danger')`)
	b.see("This is needed.")
	b.pictures("delete")
	b.press("Log out")
	b.press("Forgot your password?")
	b.see("We send a link")
	b.pictures("forgot")
	b.fill("E-mail", email)
	b.press("Send the link")
	b.see("a mail is on its way")
	b.pictures("on-its-way")
	b.visit(resetPath + "?token=x")
	b.see("Choose a new password")
	b.pictures("reset")
	b.fill("New password", client.Password)
	b.press("Set the password")
	b.see(spent)
	b.pictures("spent")
	b.visit(verifyPath + "?token=x")
	b.see(verifyButton)
	b.pictures("verify")
	b.visit("/")
	b.press("Continue with Google")
	b.consent(quiet)
	b.see("Your e-mail address, please")
	b.pictures("complete")
	b.visit("/")
	b.press("Continue with Google")
	b.consent(ada())
	b.see("linked on")
	b.pictures("welcome")
	b.press("Unlink Google")
	b.see("That is the only way into your account.")
	b.pictures("last-login-method")
}

// sticksOut is the text of an element that is wider than what holds it.
const sticksOut = `[...document.querySelectorAll('main *')].find((e) => e.checkVisibility() && e.offsetParent &&
	e.getBoundingClientRect().right > e.parentElement.getBoundingClientRect().right + 1)?.outerHTML ?? ''`

// pictures takes pictures of the page as it is, in two sizes and two colour schemes.
func (b *tab) pictures(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}); err != nil {
			b.t.Fatal(err)
		}
		for _, width := range []int64{380, 1000} {
			b.do("resize", chromedp.EmulateViewport(width, 800))
			b.run("scrollTo(0, 0)") // what has just happened stays in sight, over what is under it
			wide, err := eval[int64](b, "document.documentElement.scrollWidth")
			if err != nil || wide > width {
				b.t.Errorf("%s is %d wide on a screen of %d, %v", name, wide, width, err)
			}
			if out, err := eval[string](b, sticksOut); err != nil || out != "" {
				b.t.Errorf("%s: %q sticks out of what it is in, %v", name, out, err)
			}
			if *screenshots == "" {
				continue
			}
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), picture, 0o644)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
}
