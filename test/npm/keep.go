package npm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Keep makes a folder that stays for later runs, whole or not at all: fill is given one aside,
// on the same disk, and returns which part of that shall be the folder. Where another run was
// first, its folder is the one that stays.
func Keep(folder string, fill func(aside string) (string, error)) error {
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	filled, err := fill(aside)
	if err != nil {
		return err
	}
	if err := os.Rename(filled, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Folder returns where a folder of that name is kept: in this account's cache or, for root, in
// one that the accounts which run servers can enter.
func Folder(name string) (string, error) {
	cache, err := "/var/cache", error(nil)
	if os.Getuid() != 0 {
		cache, err = os.UserCacheDir()
	}
	return filepath.Join(cache, "gofiber-auth", name), err
}
