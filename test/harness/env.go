package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// NewEnv returns a whole environment of the service with an embedded database and bus on
// free ports.
func NewEnv(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{
		"APP_ENV": "test", "BCRYPT_COST": "4", "LOG_FORMAT": "json", "LOG_LEVEL": "debug",
		"RATE_LIMIT_ENABLED": "false", "DATA_DIR": filepath.Join(t.TempDir(), "data"),
		"APP_PORT": FreePort(t), "NATS_EMBEDDED_ADDR": "127.0.0.1:" + FreePort(t),
		"PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"),
	}
}
