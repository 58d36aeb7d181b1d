// Package npm brings packages of the npm registry onto this machine, each pinned to a version
// and a hash, for what the tests run. None of their code is run here, and npm itself need not
// be installed.
package npm

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// Package is one version of a package of the registry.
type Package struct {
	Name      string // with its scope, if it has one
	Version   string
	Integrity string // as the registry gives it: "sha512-" and base64
}

// Unpack downloads the package and writes its files into the folder, which it makes if need
// be. What is not the pinned package is not unpacked.
//
// The download is npm's where npm is installed, since that knows this machine's mirrors,
// credentials and caches, and else a plain one.
func (p Package) Unpack(ctx context.Context, folder string) error {
	aside, err := os.MkdirTemp("", "npm-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	archive, err := p.pack(ctx, aside)
	if err != nil {
		direct := filepath.Join(aside, "download.tgz")
		if failure := p.download(ctx, direct); failure != nil {
			return fmt.Errorf("%s: %w", p.id(), errors.Join(err, failure))
		}
		archive = direct
	}
	if err := p.verify(archive); err != nil {
		return err
	}
	if err := unpack(archive, folder); err != nil {
		return fmt.Errorf("unpack %s: %w", p.id(), err)
	}
	return nil
}

func (p Package) id() string { return p.Name + "@" + p.Version }

// pack has npm download the archive into a folder. npm finds no configuration of a project
// there, and runs no script of a package that it packs.
func (p Package) pack(ctx context.Context, folder string) (string, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--prefer-offline", "--ignore-scripts", p.id())
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack: %w\n%s", err, output)
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("npm pack made %q", found)
	}
	return found[0], nil
}

// archiveName is the last part of where registries keep the archive.
func (p Package) archiveName() string { return path.Base(p.Name) + "-" + p.Version + ".tgz" }

// verify compares an archive with the pinned hash.
func (p Package) verify(archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != p.Integrity {
		return fmt.Errorf("%s has the hash %s, not the pinned %s", p.id(), got, p.Integrity)
	}
	return nil
}
