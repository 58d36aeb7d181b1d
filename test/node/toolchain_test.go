package node

import (
	"os"
	"path/filepath"
	"testing"
)

// inPath makes PATH a folder with these programs of a shell alone. It is the whole process's:
// such a test cannot run beside others.
func inPath(t *testing.T, programs map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
}

// What is in the cache is used without asking anybody.
func TestInstallsOnce(t *testing.T) {
	inPath(t, nil)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	root, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(root, "gofiber-auth", "node-"+nodeVersion+"-npm-"+npmVersion, "bin")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(kept, "node"), []byte("#!/bin/sh\necho v"+nodeVersion+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	found, err := findOrInstall(t.Context())
	if err != nil || found.node != filepath.Join(kept, "node") {
		t.Errorf("findOrInstall() = %+v, %v, want the one in %s", found, err, kept)
	}
}
