package contract

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
)

// sealingKeys returns TOKEN_ENCRYPTION_KEY of keys that are made of one letter each.
func sealingKeys(letters string) string {
	var keys []string
	for _, letter := range letters {
		key := sha256.Sum256([]byte(string(letter)))
		keys = append(keys, base64.StdEncoding.EncodeToString(key[:]))
	}
	return strings.Join(keys, ",")
}

// rotate runs authctl keys rotate with those keys.
func rotate(t *testing.T, s *setup, keys string, want ...string) {
	t.Helper()
	s.env["TOKEN_ENCRYPTION_KEY"] = keys
	code, output := authctl(t, s.env, "", "keys", "rotate")
	if code != 0 {
		t.Errorf("keys rotate: exit code %d: %s", code, output)
	}
	for _, text := range want {
		if !strings.Contains(output, text) {
			t.Errorf("keys rotate prints %s, want %s", output, text)
		}
	}
}

// TestOAuthTokensAreSealed looks for the providers' tokens in the database and in answers, and
// replaces the key that seals them.
func TestOAuthTokensAreSealed(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]string{"embedded": {}, "postgres": {"DATABASE_URL": ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings["TOKEN_ENCRYPTION_KEY"] = sealingKeys("a")
			if name == "postgres" {
				settings["DATABASE_URL"] = pgtest.New(t)
			}
			s := newSetup(t, settings)
			s.dsn = settings["DATABASE_URL"] // at the end of the test it holds no secret
			people, users := map[string]fakeidp.Answer{}, map[string]string{}
			logIn := func() {
				t.Helper()
				for _, provider := range fakeidp.Names {
					if people[provider].Subject == "" {
						people[provider] = person()
					}
					in := s.browser().LogIn(t, provider, people[provider])
					if was := users[provider]; was != "" && was != in.User.ID {
						t.Errorf("%s leads to another user", provider)
					}
					users[provider] = in.User.ID
					for _, path := range []string{"/users/me", "/users/me/oauth-providers", "/users/me/export"} {
						got := s.one.Must(t, request{Method: "GET", Path: path, Token: in.Token}, 200, nil)
						for secret, what := range s.idp.Secrets() {
							if strings.Contains(string(got.Body), secret) {
								t.Errorf("%s returns the %s", path, what)
							}
						}
					}
				}
			}
			restart := func(keys string) {
				t.Helper()
				s.one.Stop(t)
				s.one.Env["TOKEN_ENCRYPTION_KEY"] = keys
				s.one.Restart(t)
			}
			logIn()
			restart(sealingKeys("ba"))
			rotate(t, s, sealingKeys("ba"), "sealed anew        3 identities")
			rotate(t, s, sealingKeys("b"), "current already    3")
			restart(sealingKeys("b"))
			logIn()
			s.one.Stop(t)
			if s.dsn != "" && !strings.Contains(dump(t, s.dsn), people[fakeidp.LINE].Subject) {
				t.Error("the dump has no subject: the test looks at nothing")
			}
			files := 0
			err := filepath.WalkDir(s.env["DATA_DIR"], func(path string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				files++
				content, err := os.ReadFile(path)
				for secret, what := range s.idp.Secrets() {
					if strings.Contains(string(content), secret) {
						t.Errorf("%s holds the %s", filepath.Base(path), what)
					}
				}
				return err
			})
			if err != nil || files == 0 {
				t.Errorf("%d files were read: %v", files, err)
			}
		})
	}
}

// TestOAuthWithoutTheDatabase cuts the database off while a person is at the provider.
func TestOAuthWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t)
	host := dsn[strings.Index(dsn, "@")+1:]
	host = host[:strings.Index(host, "/")]
	wire := harness.NewWire(t, host)
	s := newSetup(t, map[string]string{"DATABASE_URL": strings.Replace(dsn, host, wire.Addr, 1)})
	a, b := person(), s.browser()
	a.Token = func(map[string]any) { wire.Cut() }
	f := b.Begin(t, fakeidp.Google, true)
	q := b.ComeBack(t, b.Decide(t, f, a))
	if fails(t, "the callback", q, "unavailable"); q.Get("state") != f.State {
		t.Errorf("the state is %q, want %q", q.Get("state"), f.State)
	}
	wire.Mend(t)
	s.one.AwaitReady(t)
	a.Token = nil
	code, verifier := b.Consent(t, fakeidp.Google, a)
	wire.Cut()
	s.one.Refuses(t, client.Exchanging(code, verifier), 503, "unavailable")
	wire.Mend(t)
	s.one.AwaitReady(t)
	s.ends(t, "with the database again", fakeidp.Google, a, "ok")
}
