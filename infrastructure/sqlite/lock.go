package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// fileLock is held by one at a time, and by nobody once its process is gone. It is a locker
// of goose. Each holder needs one of its own: a second Lock of the same one would succeed.
type fileLock struct{ file *flock.Flock }

// newFileLock returns a lock on the file beside the database.
func newFileLock(database string) fileLock { return fileLock{flock.New(database + ".lock")} }

// Lock waits until nobody else has the lock or ctx ends.
func (l fileLock) Lock(ctx context.Context, _ *sql.DB) error {
	if _, err := l.file.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("wait for the lock of the database: %w", err)
	}
	return nil
}

// Unlock gives the lock back.
func (l fileLock) Unlock(context.Context, *sql.DB) error { return l.file.Unlock() }
