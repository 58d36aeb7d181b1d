package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"gofiber-auth/test/harness"
)

// tab is a tab of a person's browser. What it does, a person could do: it finds things by the words
// on them, and clicks and types.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // of the service

	mu       sync.Mutex
	requests []string // the addresses that were asked for
}

// newBrowser opens the demo in a browser that has been nowhere yet.
func newBrowser(t *testing.T, base string) *tab {
	t.Helper()
	return openTab(chromium, t, base, chromedp.WithNewBrowserContext())
}

// another opens the demo in another tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return openTab(b.ctx, b.t, b.base)
}

func openTab(parent context.Context, t *testing.T, base string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := attach(parent, t, base, options...)
	b.visit("/")
	b.see("Continue with Google")
	return b
}

// attach returns a tab that fails its test where the page has a fault, or breaks its policy.
func attach(parent context.Context, t *testing.T, base string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(parent, options...)
	b := &tab{t: t, ctx: ctx, base: base}
	b.do("open", chromedp.Steps())
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.requests = append(b.requests, e.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	faults, watched := make(chan string, 100), make(chan struct{})
	messages := chromedp.Console(ctx)
	go func() {
		defer close(watched)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleException || m.Source == "security" || m.Source == "violation" {
				faults <- m.Text
			}
		}
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("a tab shows %s", b.describe())
		}
		closeTab()
		<-watched
		close(faults)
		for fault := range faults {
			t.Errorf("the console says: %s", fault)
		}
	})
	return b
}

// asked returns the addresses of a path that were asked for so far, with their queries.
func (b *tab) asked(path string) (addresses []string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.requests {
		if u, err := url.Parse(address); err == nil && u.Path == path {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// do acts in the tab within a deadline.
func (b *tab) do(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.ctx, context.CancelFunc(func() {})
	if chromedp.FromContext(b.ctx).Target != nil { // the first action begins the tab, and must not end it
		ctx, cancel = context.WithTimeout(b.ctx, harness.Patience)
	}
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// eval returns what an expression is in the page.
func eval[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, harness.Patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.do("visit "+path, chromedp.Navigate(b.base+path))
}

func (b *tab) reload() {
	b.t.Helper()
	b.do("reload", chromedp.Reload())
}

// waitFor waits until an expression is true in the page, whatever page that is by then.
func (b *tab) waitFor(what, expression string) {
	b.t.Helper()
	harness.Eventually(b.t, what, func() error {
		if is, err := eval[bool](b, expression); err != nil || is {
			return err
		}
		return notYet{b}
	})
}

// see waits until a text can be seen.
func (b *tab) see(text string) {
	b.t.Helper()
	b.waitFor(fmt.Sprintf("one sees %q", text), "document.body.innerText.includes("+quote(text)+")")
}

// seesNot fails where a text can be seen.
func (b *tab) seesNot(text string) {
	b.t.Helper()
	if there, err := eval[bool](b, "document.body.innerText.includes("+quote(text)+")"); err != nil || there {
		b.t.Errorf("one sees %q: %v", text, err)
	}
}

// notYet looks at the tab when it is told, and not at each try.
type notYet struct{ *tab }

func (n notYet) Error() string { return "the tab shows " + n.describe() }

func (b *tab) describe() string {
	page, err := eval[string](b, "location.href.replace(/[?].*/, '') + '\\n' + document.body.innerText")
	if err != nil {
		return err.Error()
	}
	return page
}

// press clicks the button, link or heading to open of a name.
func (b *tab) press(name string) {
	b.t.Helper()
	b.click(`[...document.querySelectorAll('button, a, summary')].find((e) => e.checkVisibility() && (e.ariaLabel ?? e.innerText).trim() === ` + quote(name) + `)`)
}

// click clicks what an expression finds, once it is there and does not move any more.
func (b *tab) click(expression string) {
	b.t.Helper()
	var before string
	harness.Eventually(b.t, "there is "+expression, func() error {
		place, err := eval[string](b, "JSON.stringify(("+expression+")?.getBoundingClientRect() ?? '')")
		if err != nil {
			return err
		}
		if place == `""` || place != before {
			before = place
			return notYet{b}
		}
		return nil
	})
	b.do("click "+expression, chromedp.Click(chromedp.JSPath(expression)))
}

// labelled is an expression that finds the field of a label, which may go on with "(optional)".
func labelled(label string) string {
	return `[...document.querySelectorAll('label')].find((l) => l.checkVisibility() && l.innerText.replace('(optional)', '').trim() === ` + quote(label) + `)?.control`
}

// fill types into the field of a label, instead of what is there.
func (b *tab) fill(label, value string) {
	b.t.Helper()
	b.waitFor("there is a field "+label, "!!("+labelled(label)+")")
	b.do("select "+label, chromedp.Evaluate[chromedp.Void]("{ const field = "+labelled(label)+"; field.focus(); field.select(); }"))
	b.keys(value)
}

// keys types where the focus is.
func (b *tab) keys(text string) {
	b.t.Helper()
	b.do("type", chromedp.KeyEvent(text))
}

// someone is a person at the development identity provider. Only Google tells whether the address is
// proved; the same name and address are the same person.
type someone struct {
	name, email string
	proved      bool
}

// consent logs in at the development identity provider.
func (b *tab) consent(who someone) {
	b.t.Helper()
	b.waitFor("the provider asks", "!!document.querySelector('#consent-other')")
	b.run(`document.querySelector('#someone-else').open = true
		document.querySelector('#name').value = ` + quote(who.name) + `
		document.querySelector('#email').value = ` + quote(who.email) + `
		document.querySelectorAll('#verified').forEach((box) => { box.checked = ` + fmt.Sprint(who.proved) + ` })`)
	b.click(`document.querySelector('#continue-other')`)
}

// popup returns the window that an act opens.
func (b *tab) popup(act func()) *tab {
	b.t.Helper()
	mine := chromedp.FromContext(b.ctx).Target.TargetID // the windows of other tests are told too
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" && i.OpenerID == mine })
	act()
	select {
	case id, ok := <-opened:
		if !ok {
			b.t.Fatal("no window opened")
		}
		return attach(b.ctx, b.t, b.base, chromedp.WithTargetID(id))
	case <-b.t.Context().Done():
		b.t.Fatal("no window opened")
		return nil
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // text always has JSON
	}
	return strings.ReplaceAll(string(quoted), "</", `<\/`)
}

// closed waits until a window has gone.
func (b *tab) closed(window *tab) {
	b.t.Helper()
	gone, err := chromedp.Detached(window.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	harness.Await(b.t, gone, "the window closes itself")
}

// run runs a script in the page.
func (b *tab) run(script string) {
	b.t.Helper()
	b.do(script, chromedp.Evaluate[chromedp.Void](script))
}

// get returns what an expression is in the page.
func get[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := eval[T](b, expression)
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// faultIs fails unless that is said to be wrong with the field of a label, to those who see it and to
// those who hear it; "" is nothing.
func (b *tab) faultIs(label, want string) {
	b.t.Helper()
	got := get[string](b, `(() => {
		const field = `+labelled(label)+`;
		if (field?.getAttribute('aria-invalid') !== 'true') return '';
		const fault = document.getElementById(field.getAttribute('aria-errormessage'));
		if (!field.getAttribute('aria-describedby').split(' ').includes(fault.id)) return 'not described by its fault';
		return fault.previousElementSibling === field && fault.checkVisibility() ? fault.innerText : 'not beside the field';
	})()`)
	if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
		b.t.Errorf("beside %s stands %q, want %q", label, got, want)
	}
}

// focused returns the name of what has the focus.
func (b *tab) focused() string {
	b.t.Helper()
	return get[string](b, "((e) => (e.ariaLabel ?? e.labels?.[0]?.innerText ?? e.innerText).trim())(document.activeElement)")
}

// focusIs fails unless what has that name has the focus.
func (b *tab) focusIs(want string) {
	b.t.Helper()
	if got := b.focused(); got != want {
		b.t.Errorf("the focus is on %q, want %q", got, want)
	}
}

// atHome fails where the address shows more than the page's own: no code, no state, no token.
func (b *tab) atHome() {
	b.t.Helper()
	if got := get[string](b, "location.href"); got != b.base+"/" {
		b.t.Errorf("the address is %s, want %s/", got, b.base)
	}
}
