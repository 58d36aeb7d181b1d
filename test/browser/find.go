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

// sayer prints a line for people, as fmt.Printf does.
type sayer func(format string, args ...any)

// findOrInstall returns where a Chromium is; where there is none, it installs one.
func findOrInstall(ctx context.Context, say sayer) (string, error) {
	if program, err := find(); err == nil {
		return program, nil
	}
	var tried error
	for _, way := range []struct {
		name    string
		install func(context.Context, sayer) (string, error)
	}{{"apt-get", fromApt}, {"the npm registry", fromNPM}} {
		program, err := way.install(ctx, say)
		if err == nil || ctx.Err() != nil {
			return program, err
		}
		tried = errors.Join(tried, fmt.Errorf("%s: %w", way.name, err))
	}
	return "", fmt.Errorf(`%w, and none could be installed:
%w
Install Chromium or Chrome (Debian: apt-get install chromium; macOS: brew install --cask chromium)`, errNone, tried)
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
