// Package provision installs the servers that tests run where this machine has none.
package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Say prints a line for people, as fmt.Printf does.
type Say func(format string, args ...any)

// Way is one way to install a T.
type Way[T any] struct {
	Name    string // for people
	Install func(context.Context, Say) (T, error)
}

// FindOrInstall returns what find finds. Where that fails with none, it tries one way to
// install after the other. Only one process of an account installs at a time, since "go test"
// runs packages side by side; the others wait, and find what it has installed.
func FindOrInstall[T any](ctx context.Context, say Say, find func() (T, error), none error, ways ...Way[T]) (T, error) {
	found, err := find()
	if !errors.Is(err, none) {
		return found, err
	}
	// The lock is an account's, as others may not open its file.
	lock := flock.New(filepath.Join(os.TempDir(), fmt.Sprintf("gofiber-auth-install-%d.lock", os.Getuid())))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return found, fmt.Errorf("wait for another process that installs: %w", err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with the process at the latest
	found, err = find()
	if !errors.Is(err, none) {
		return found, err
	}
	var tried error
	for _, way := range ways {
		installed, err := way.Install(ctx, say)
		if err == nil || ctx.Err() != nil {
			return installed, err
		}
		tried = errors.Join(tried, fmt.Errorf("%s: %w", way.Name, err))
	}
	return found, fmt.Errorf("%w, and none could be installed:\n%w", none, tried)
}
