package npm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive returns a package as the registry keeps it, and its hash.
func archive(t *testing.T, files ...tar.Header) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	for _, header := range files {
		content := "the content of " + header.Name
		if header.Typeflag = tar.TypeReg; header.Linkname != "" {
			header.Typeflag, content = tar.TypeSymlink, ""
		}
		header.Size = int64(len(content))
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	hash := sha512.Sum512(b.Bytes())
	return b.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(hash[:])
}

// withoutNPM serves a package from a registry of its own, on a machine that has no npm. The
// environment is the whole process's: such a test cannot run beside others.
func withoutNPM(t *testing.T, path string, content []byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content) // in vain the client has gone
	}))
	t.Cleanup(server.Close)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("npm_config_registry", server.URL+"/mirror/")
}

func TestUnpackWithoutNPM(t *testing.T) {
	content, hash := archive(t,
		tar.Header{Name: "package/bin/tool", Mode: 0o755},
		tar.Header{Name: "package/README.md", Mode: 0o600},
		tar.Header{Name: "package/link", Linkname: "/etc/passwd"},
	)
	withoutNPM(t, "/mirror/@scope/tool/-/tool-1.2.3.tgz", content)

	folder := filepath.Join(t.TempDir(), "tool")
	p := Package{Name: "@scope/tool", Version: "1.2.3", Integrity: hash}
	if err := p.Unpack(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"bin/tool": 0o755, "README.md": 0o644} {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(got) != "the content of package/"+name {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&0o700 != mode&0o700 { // the rest is the umask's
			t.Errorf("%s has the mode %v, want %v", name, got, mode)
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "link")); err == nil {
		t.Error("a link was unpacked")
	}
}

func TestUnpackRefusesWhatIsNotPinned(t *testing.T) {
	content, _ := archive(t, tar.Header{Name: "package/bin/tool", Mode: 0o755})
	_, other := archive(t)
	withoutNPM(t, "/mirror/tool/-/tool-1.2.3.tgz", content)

	folder := filepath.Join(t.TempDir(), "tool")
	err := Package{Name: "tool", Version: "1.2.3", Integrity: other}.Unpack(t.Context(), folder)
	if err == nil || !strings.Contains(err.Error(), other) {
		t.Errorf("Unpack() = %v, want an error that names the pinned hash", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("it was unpacked")
	}
}

func TestUnpackStaysInTheFolder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"package/../../evil", "package//../evil", "evil"} {
		content, _ := archive(t, tar.Header{Name: name, Mode: 0o644})
		root := t.TempDir()
		file := filepath.Join(root, "a.tgz")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := unpack(file, filepath.Join(root, "inside")); err == nil {
			t.Errorf("unpack() = nil for the file %s", name)
		}
		if _, err := os.Lstat(filepath.Join(root, "evil")); err == nil {
			t.Errorf("%s was written outside of the folder", name)
		}
	}
}
