package node

import (
	"os"
	"path/filepath"
	"strings"
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

func TestFindTakesWhatIsNewEnough(t *testing.T) {
	for name, in := range map[string]struct {
		programs map[string]string
		fault    string // "": none
	}{
		"both":          {map[string]string{"node": "echo v24.1.0", "npm": "echo 11.0.0"}, ""},
		"no node":       {map[string]string{"npm": "echo 11.0.0"}, "node"},
		"no npm":        {map[string]string{"node": "echo v24.1.0"}, "npm"},
		"an old one":    {map[string]string{"node": "echo v18.20.8", "npm": "echo 10.0.0"}, "too old"},
		"something":     {map[string]string{"node": "echo hello", "npm": "echo 10.0.0"}, "no version"},
		"npm is broken": {map[string]string{"node": "echo v24.1.0", "npm": "echo cannot find module; exit 1"}, "cannot find module"},
	} {
		t.Run(name, func(t *testing.T) {
			inPath(t, in.programs)
			_, err := find(t.Context())
			if (err == nil) != (in.fault == "") || (err != nil && !strings.Contains(err.Error(), in.fault)) {
				t.Errorf("find() = %v, want an error with %q", err, in.fault)
			}
		})
	}
}

// Whoever cannot have it installed is told what to do.
func TestSaysWhatToInstall(t *testing.T) {
	inPath(t, nil)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where macOS has its caches
	t.Setenv("npm_config_registry", "http://127.0.0.1:1")
	_, err := findOrInstall(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Install Node.js 20 or newer with npm") {
		t.Errorf("findOrInstall() = %v, want what to install", err)
	}
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
