package di_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
)

func loadConfig(t *testing.T, env map[string]string) config.Config {
	t.Helper()
	cfg, err := config.Load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestEncryptionKeysAreThoseThatAreSet(t *testing.T) {
	t.Parallel()
	dir, one, two := t.TempDir(), bytes.Repeat([]byte("abcdefgh"), 4), bytes.Repeat([]byte("\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8"), 4)
	text := base64.StdEncoding.EncodeToString
	keys, err := di.EncryptionKeys(loadConfig(t, map[string]string{"DATA_DIR": dir, "TOKEN_ENCRYPTION_KEY": text(one) + ", " + text(two)}))
	if err != nil || len(keys) != 2 || !bytes.Equal(keys[0], one) || !bytes.Equal(keys[1], two) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("DATA_DIR has %d files, %v; want none", len(files), err)
	}
}

// What one process seals, the other opens: the service and authctl share DATA_DIR.
func TestAKeyIsKeptForDevelopment(t *testing.T) {
	t.Parallel()
	cfg := loadConfig(t, map[string]string{"DATA_DIR": t.TempDir()})
	service, err := di.NewSealer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sealed := service.Seal([]byte("token"), "place")
	tool, err := di.NewSealer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := tool.Open(sealed, "place"); err != nil || string(text) != "token" || !tool.IsCurrent(sealed) {
		t.Errorf("Open() = %q, %v", text, err)
	}
	elsewhere, err := di.NewSealer(loadConfig(t, map[string]string{"DATA_DIR": t.TempDir()}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Open(sealed, "place"); err == nil {
		t.Error("another DATA_DIR keeps the same key")
	}
}

func TestAKeptFileThatIsNoKeyIsTold(t *testing.T) {
	t.Parallel()
	for _, content := range []string{strings.Repeat("not hex ", 8), strings.Repeat("ab", 31), strings.Repeat("ab", 33), "short"} {
		dir := t.TempDir()
		file := filepath.Join(dir, "token_encryption_key")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := di.EncryptionKeys(loadConfig(t, map[string]string{"DATA_DIR": dir}))
		if err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), content) {
			t.Errorf("%q: %v", content, err)
		}
	}
}
