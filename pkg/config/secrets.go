package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeptSecret returns the 256-bit secret of the given name that dir keeps, and makes it at the
// first call. It is for development; production brings its secrets in the environment.
func KeptSecret(dir, name string) (Secret, error) {
	path := filepath.Join(dir, name)
	if kept, err := os.ReadFile(path); err == nil { //nolint:gosec // the operator's own DATA_DIR
		if s := strings.TrimSpace(string(kept)); len(s) >= 32 {
			return Secret(s), nil
		}
		return "", fmt.Errorf("%s holds no secret: remove it to have a new one made", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read a kept secret: %w", err)
	}
	random := make([]byte, 32)
	rand.Read(random) // it never fails: crypto/rand ends the process instead
	secret := hex.EncodeToString(random)
	// Written whole under another name first, so that a process that dies leaves no half of it.
	temporary, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // it is gone already where all went well
	_, err = temporary.WriteString(secret + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	return Secret(secret), nil
}
