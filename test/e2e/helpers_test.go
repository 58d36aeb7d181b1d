package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sealing"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
	"gofiber-auth/test/harness"
)

const (
	accessToken  = "ya29.not-a-real-access-token"
	refreshToken = "1//not-a-real-refresh-token"
)

// vault is the providers' tokens in the database of an environment.
type vault struct{ db *postgres.Database }

func openVault(t *testing.T, env map[string]string) vault {
	t.Helper()
	cfg, err := config.Load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	db, err := di.OpenDatabase(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return vault{db}
}

// link stores an identity of the user whose tokens are sealed under the key.
func (v vault) link(t *testing.T, userID, provider, subject string, key []byte) {
	t.Helper()
	i := models.OAuthProvider{
		ID: uuid.Must(uuid.NewV7()).String(), UserID: userID, Provider: provider, ProviderID: subject, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	s := sealerOf(t, key)
	i.AccessToken = s.Seal([]byte(accessToken), i.AccessTokenContext())
	i.RefreshToken = s.Seal([]byte(refreshToken), i.RefreshTokenContext())
	err := postgres.NewUnitOfWork(v.db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		return r.Identities.Create(ctx, i)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// opens reports whether the key alone opens the tokens of an identity.
func (v vault) opens(t *testing.T, provider, subject string, key []byte) bool {
	t.Helper()
	i, err := postgres.NewIdentities(v.db).BySubject(t.Context(), provider, subject)
	if err != nil {
		t.Fatal(err)
	}
	access, accessErr := sealerOf(t, key).Open(i.AccessToken, i.AccessTokenContext())
	refresh, refreshErr := sealerOf(t, key).Open(i.RefreshToken, i.RefreshTokenContext())
	return accessErr == nil && refreshErr == nil && string(access) == accessToken && string(refresh) == refreshToken
}

func sealerOf(t *testing.T, key []byte) *sealing.Sealer {
	t.Helper()
	s, err := sealing.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encryptionKey is a key of sealing for a letter; withKeys sets some of them.
func encryptionKey(letter rune) []byte { return bytes.Repeat([]byte{byte(letter)}, 32) }

func withKeys(env map[string]string, letters string) map[string]string {
	var keys []string
	for _, letter := range letters {
		keys = append(keys, base64.StdEncoding.EncodeToString(encryptionKey(letter)))
	}
	env = maps.Clone(env)
	env["TOKEN_ENCRYPTION_KEY"] = strings.Join(keys, ",")
	return env
}

// authctl runs the operator's tool and returns its exit code and output.
func authctl(t *testing.T, env map[string]string, stdin string, args ...string) (int, string) {
	t.Helper()
	p := harness.Run(t, env, stdin, "authctl", args...)
	code := p.ExitCode(t)
	return code, p.Output()
}

func (s *instance) wantMetric(t *testing.T, name, want string) error {
	t.Helper()
	if got := s.metric(t, name); got != want {
		return fmt.Errorf("%s = %s, want %s", name, got, want)
	}
	return nil
}

// wholeJSON checks that every line is a JSON object.
func wholeJSON(t *testing.T, output string) {
	t.Helper()
	lines := bufio.NewScanner(strings.NewReader(output))
	n := 0
	for ; lines.Scan(); n++ {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Errorf("not JSON: %s", lines.Text())
		}
	}
	if n == 0 {
		t.Error("nothing was logged")
	}
}

// bus is a NATS server of its own, which can go away and come back.
type bus struct {
	url     string
	options *server.Options
	server  *server.Server
}

func newBus(t *testing.T) *bus {
	t.Helper()
	port := freePort(t)
	b := &bus{url: "nats://127.0.0.1:" + port, options: &server.Options{
		Host: "127.0.0.1", JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, SyncAlways: true,
	}}
	if _, err := fmt.Sscan(port, &b.options.Port); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *bus) start(t *testing.T) {
	t.Helper()
	s, err := server.NewServer(b.options.Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the bus does not start")
	}
	b.server = s
}

func (b *bus) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}
