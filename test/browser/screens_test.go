package browser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "a `folder` to write pictures of the demo's pages to")

// TestScreens shows every page on a desktop and on a phone, in light and in dark: nothing sticks
// out, and with -screenshots there is something to look at.
func TestScreens(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, service(t))
	b.pictures("login")
	b.logIn("joan", "wrong")
	b.see("The account or the password is wrong.")
	b.pictures("error")
	b.press("Create one")
	b.see("Create an account")
	b.pictures("register")
	b.fill("E-mail", "a.very.long.address.of.somebody.who.likes.long.addresses@mail.department.example.com")
	b.fill("Username", "no good")
	b.press("Create account")
	b.see("Use letters, digits")
	b.pictures("faults")
	b.fill("Username", "a-username-of-fifty-characters-that-has-no-spaces")
	b.fill("Password", goodPassword)
	b.press("Create account")
	b.see("not linked")
	b.link("LINE", "linus")
	b.see("LINE is linked.")
	b.pictures("account")
	b.press("Log out")
	b.press("Continue with Google")
	b.consent("linus")
	b.see("Your e-mail address, please")
	b.pictures("complete")
	b.visit("/")
	b.press("Continue with Google")
	b.consent("ada")
	b.see("linked on")
	b.pictures("welcome")
	b.press("Unlink Google")
	b.see("That is the only way into your account.")
	b.pictures("last-login-method")
}

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
			wide, err := eval[int64](b, "document.documentElement.scrollWidth")
			if err != nil || wide > width {
				b.t.Errorf("%s is %d wide on a screen of %d, %v", name, wide, width, err)
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
