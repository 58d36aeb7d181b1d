package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/sysproc"
)

// chromium is the browser that all tests share. Each has windows of its own in it that know
// nothing of the others', as of different people.
var chromium context.Context

// atOnce is how many tests look at pages at the same time: one browser draws for all of them.
const atOnce = 4

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if parallel, err := strconv.Atoi(flag.Lookup("test.parallel").Value.String()); err == nil && parallel > atOnce {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // it takes any number
	}
	installing, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	program, err := findOrInstall(installing, func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	browser, end, err := launch(context.Background(), program)
	if err != nil {
		fmt.Fprintln(os.Stderr, program+":", err)
		return 1
	}
	defer end()
	chromium = browser
	return harness.Main(m, "gofiber-auth/cmd/api")
}

// launch starts a browser without a window, with a profile that goes when it ends. It reaches
// nothing but this machine. Its sandbox is off for root alone, who cannot have one.
func launch(ctx context.Context, program string) (browser context.Context, end func(), err error) {
	var started *exec.Cmd
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.Flag("disable-popup-blocking", false), // people have it
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.Flag("lang", "en-GB"),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			started = cmd
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with its many processes
			sysproc.EndWithParent(cmd.SysProcAttr, syscall.SIGKILL)
		}),
	)
	allocator, free := chromedp.NewExecAllocator(ctx, options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	end = func() {
		closeBrowser()
		if started != nil && started.Process != nil {
			_ = syscall.Kill(-started.Process.Pid, syscall.SIGKILL) // what outlived it
		}
		free()
	}
	if err := chromedp.Do(browser); err != nil { // it starts with the first action
		end()
		return nil, nil, err
	}
	return browser, end, nil
}
