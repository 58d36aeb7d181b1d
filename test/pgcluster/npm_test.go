package pgcluster

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLinkMakesWhatThePackageLists(t *testing.T) {
	t.Parallel()
	native := filepath.Join(t.TempDir(), "native")
	if err := os.MkdirAll(filepath.Join(native, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(native, "lib", "libpq.so.5.18"), "the library")
	write(t, filepath.Join(native, "pg-symlinks.json"),
		`[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`)

	for range 2 { // a second time finds the link made
		if err := link(native); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(native, "lib", "libpq.so.5"))
	if err != nil || string(got) != "the library" {
		t.Errorf("the link leads to %q, %v", got, err)
	}
}

func TestLinkStaysInThePackage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	native := filepath.Join(root, "package", "native")
	if err := os.MkdirAll(native, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(native, "pg-symlinks.json"), `[{"source":"native/postgres","target":"../evil"}]`)
	if err := link(native); err == nil {
		t.Error("link() = nil for a link outside the package")
	}
	if _, err := os.Lstat(filepath.Join(root, "evil")); err == nil {
		t.Error("a link was made outside the package")
	}
}
