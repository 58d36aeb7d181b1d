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

// programs names the folder of programs that are built already, as "make test" does once for all
// packages.
const programs = "TEST_PROGRAMS"

// binaries is the folder of the programs.
var binaries string

// Main runs the tests and returns the exit code for TestMain. The packages' programs are those of
// TEST_PROGRAMS. Without that variable, Main builds them.
func Main(m *testing.M, packages ...string) int {
	if binaries = os.Getenv(programs); binaries != "" {
		// The go command caches a result by the files that a test has looked at.
		_ = filepath.Walk(binaries, func(string, os.FileInfo, error) error { return nil })
		return shared.end(m.Run())
	}
	dir, err := os.MkdirTemp("", "gofiber-auth-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", append([]string{"build", "-buildvcs=false", "-o", dir}, packages...)...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	binaries = dir
	return shared.end(m.Run())
}

// Binary is where a program of Main is. What has a whole path is there already.
func Binary(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(binaries, name)
}
