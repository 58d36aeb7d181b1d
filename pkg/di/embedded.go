package di

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrDataDirInUse says that another process keeps its embedded database or bus there.
var ErrDataDirInUse = errors.New("another gofiber-auth uses this DATA_DIR: set DATA_DIR to another folder, or stop it")

// lockDataDir makes dir and takes it for this process alone: two embedded servers on one
// folder would both come up and spoil each other's files. The lock ends with the process,
// however it ends.
func lockDataDir(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	case !locked:
		return nil, ErrDataDirInUse
	}
	return lock.Unlock, nil
}
