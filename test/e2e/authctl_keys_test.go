package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sealing"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
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

// Beside a running service, which has both keys by then.
func TestAuthctlRotatesKeys(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, env map[string]string) {
		s := start(t, withKeys(env, "ba"))
		ada, grace := s.register(t, "ada"), s.register(t, "grace")
		v := openVault(t, env)
		v.link(t, ada.User.ID, "google", "108", encryptionKey('a'))
		v.link(t, ada.User.ID, "line", "U1", encryptionKey('b'))
		v.link(t, grace.User.ID, "google", "109", encryptionKey('x'))

		run := func(letters string, wantCode int, args ...string) string {
			t.Helper()
			code, output := authctl(t, withKeys(env, letters), "", append([]string{"keys", "rotate"}, args...)...)
			if code != wantCode {
				t.Fatalf("keys rotate %v with %s: exit code %d, want %d: %s", args, letters, code, wantCode, output)
			}
			secrets := []string{accessToken, refreshToken, "ada@", "grace@", "v1."}
			for _, letter := range letters {
				secrets = append(secrets, base64.StdEncoding.EncodeToString(encryptionKey(letter)), strings.Repeat(string(letter), 4))
			}
			for _, secret := range secrets {
				if strings.Contains(output, secret) {
					t.Errorf("keys rotate shows %q: %s", secret, output)
				}
			}
			return output
		}
		// Nothing but what cannot be opened is in the way, and it stays.
		if output := run("ba", 1); !strings.Contains(output, "sealed anew        1 identities") ||
			!strings.Contains(output, "current already    1") || !strings.Contains(output, "unreadable         1") || !strings.Contains(output, "cannot be opened") {
			t.Errorf("keys rotate: %s", output)
		}
		for _, want := range []struct {
			provider, subject string
			key               rune
		}{{"google", "108", 'b'}, {"line", "U1", 'b'}, {"google", "109", 'x'}} {
			if !v.opens(t, want.provider, want.subject, encryptionKey(want.key)) {
				t.Errorf("%s %s cannot be read with key %c alone", want.provider, want.subject, want.key)
			}
		}
		run("b", 1)
		run("bx", 0)
		var done struct{ Resealed, Current, Unreadable *int }
		output := run("b", 0, "--json")
		if err := json.Unmarshal([]byte(output), &done); err != nil || *done.Resealed != 0 || *done.Current != 3 || *done.Unreadable != 0 {
			t.Errorf("keys rotate --json: %v in %s", err, output)
		}
		for _, args := range [][]string{{}, {"nothing"}, {"rotate", "x"}, {"rotate", "--all"}} {
			if code, output := authctl(t, env, "", append([]string{"keys"}, args...)...); code != 2 {
				t.Errorf("keys %v: exit code %d, want 2: %s", args, code, output)
			}
		}
		env["TOKEN_ENCRYPTION_KEY"] = "hunter2"
		if code, output := authctl(t, env, "", "keys", "rotate"); code != 2 || !strings.Contains(output, "TOKEN_ENCRYPTION_KEY") || strings.Contains(output, "hunter2") {
			t.Errorf("keys rotate with a bad key: %d %s", code, output)
		}
	})
}
