package browser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "a `folder` to write pictures of the demo's pages to")

// sticksOut is the text of an element that is wider than what holds it.
const sticksOut = `[...document.querySelectorAll('main *')].find((e) => e.checkVisibility() && e.offsetParent &&
	e.getBoundingClientRect().right > e.parentElement.getBoundingClientRect().right + 1)?.outerHTML ?? ''`

// pictures looks at the page as it is on a desktop and on a phone, in light and in dark: nothing sticks
// out, and with -screenshots there is something to look at.
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
			if wide := get[int64](b, "document.documentElement.scrollWidth"); wide > width {
				b.t.Errorf("%s is %d wide on a screen of %d", name, wide, width)
			}
			if out := get[string](b, sticksOut); out != "" {
				b.t.Errorf("%s: %q sticks out of what it is in", name, out)
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
