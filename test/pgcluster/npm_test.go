package pgcluster

import (
	"os"
	"path/filepath"
	"testing"
)

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
