package pgcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// installation makes an installation that says it is of the version and returns its folder.
func installation(t *testing.T, folder, version string, programs ...string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		write(t, filepath.Join(folder, program), fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version))
	}
	return folder
}

// write makes a program. No test may start a process meanwhile: that would hold the file
// open for a moment, and a file that is open for writing cannot be executed.
func write(t *testing.T, path, content string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFindTakesNewest(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	installation(t, filepath.Join(root, "13", "bin"), "13.20", "postgres", "initdb")
	installation(t, filepath.Join(root, "16", "bin"), "16.4 (Debian 16.4-1)", "postgres", "initdb")
	installation(t, filepath.Join(root, "19", "bin"), "19.1", "psql") // a client alone
	inPath := installation(t, filepath.Join(root, "path"), "16.10", "postgres", "initdb")

	b, err := find(inPath, []string{filepath.Join(root, "*", "bin")})
	if err != nil || b.folder != inPath || b.version != "PostgreSQL 16.10" {
		t.Errorf("find() = %+v, %v, want 16.10 of PATH", b, err)
	}
	newest := installation(t, filepath.Join(root, "18", "bin"), "18beta1", "postgres", "initdb")
	b, err = find(inPath, []string{filepath.Join(root, "*", "bin")})
	if err != nil || b.folder != newest || b.major != 18 {
		t.Errorf("find() = %+v, %v, want 18beta1", b, err)
	}
}
