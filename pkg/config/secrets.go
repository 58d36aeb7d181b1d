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
	if kept, err := readSecret(path); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
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
	// Of several processes that get here at once, one makes the file and all read it.
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	return readSecret(path)
}

func readSecret(path string) (Secret, error) {
	kept, err := os.ReadFile(path) //nolint:gosec // in the operator's own DATA_DIR
	if err != nil {
		return "", fmt.Errorf("read a kept secret: %w", err)
	}
	secret := strings.TrimSpace(string(kept))
	if len(secret) < 32 {
		return "", fmt.Errorf("%s holds no secret: remove it to have a new one made", path)
	}
	return Secret(secret), nil
}
