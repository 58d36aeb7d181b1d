// Package harness runs the real programs for tests that look at them from the outside: it
// builds them, gives them ports and folders, starts and kills them, and disturbs the network
// between them.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binaries is the folder of the built programs.
var binaries string

// Main builds the packages' programs, runs the tests and returns the exit code for TestMain.
func Main(m *testing.M, packages ...string) int {
	dir, err := os.MkdirTemp("", "gofiber-auth-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", append([]string{"build", "-o", dir}, packages...)...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	binaries = dir
	return shared.end(m.Run())
}

// Binary is where a program is that Main has built. What has a whole path is there already.
func Binary(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(binaries, name)
}
