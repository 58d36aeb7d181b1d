package contract

import (
	"maps"
	"net"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// refusesToStart starts the service with settings that are wrong, and returns what it says.
func refusesToStart(t *testing.T, settings map[string]string, code int) string {
	t.Helper()
	env := harness.NewEnv(t)
	maps.Copy(env, settings)
	s := harness.Launch(t, env)
	if got := s.ExitCode(t); got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, s.Output())
	}
	wholeJSON(t, s.Output())
	return s.Output()
}

// TestConfigurationFaultsAreNamedAtOnce: by the start and by authctl config check alike, and never
// with a value.
func TestConfigurationFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	const secret, sample = "Rj2-Wm9-Kx4-Tq7-Bz5-Hn8-Cv3-Lp6", "your-256-bit-secret-Rj2-Wm9-Kx4-Tq7"
	const database, cleartext = "postgres://owner:Rj2Wm9Kx4Tq7Bz5@127.0.0.1/accounts", "http://front.example.org"
	for name, c := range map[string]struct {
		settings map[string]string
		named    string
	}{
		"production":                     {map[string]string{"APP_ENV": "production", "JWT_SECRET": "Rj2-Wm9-Kx4-Tq7"}, "JWT_SECRET DATABASE_URL NATS_URL FRONTEND_URL TOKEN_ENCRYPTION_KEY BCRYPT_COST"},
		"cleartext in production":        {map[string]string{"APP_ENV": "production", "FRONTEND_URL": cleartext}, "FRONTEND_URL"},
		"a secret without APP_ENV":       {map[string]string{"APP_ENV": "", "JWT_SECRET": secret}, "APP_ENV"},
		"a database without APP_ENV":     {map[string]string{"APP_ENV": "", "DATABASE_URL": database}, "APP_ENV"},
		"a front end without APP_ENV":    {map[string]string{"APP_ENV": "", "FRONTEND_URL": cleartext}, "APP_ENV"},
		"samples":                        {map[string]string{"JWT_SECRET": sample, "SYNC_TOKEN": strings.Repeat("Rj2-", 10)}, "JWT_SECRET SYNC_TOKEN"},
		"a secret beside its file":       {map[string]string{"JWT_SECRET": secret, "JWT_SECRET_FILE": "/run/" + secret}, "JWT_SECRET"},
		"a file that is not there":       {map[string]string{"DATABASE_URL_FILE": "/run/" + secret}, "DATABASE_URL"},
		"domains with open registration": {map[string]string{"REGISTRATION_DOMAINS": "example.com"}, "REGISTRATION"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := harness.NewEnv(t)
			maps.Copy(env, c.settings)
			code, checked := authctl(t, env, "", "config", "check")
			if code != 2 {
				t.Errorf("authctl config check: exit code %d, want 2", code)
			}
			for _, output := range []string{refusesToStart(t, c.settings, 2), checked} {
				for variable := range strings.FieldsSeq(c.named) {
					if !strings.Contains(output, variable) {
						t.Errorf("no word of %s in %s", variable, output)
					}
				}
				for _, value := range []string{"Rj2", "front.example.org", "accounts"} {
					if strings.Contains(output, value) {
						t.Errorf("a value stands in %s", output)
					}
				}
			}
		})
	}
}

func TestLookAlikesAreWarnedOf(t *testing.T) {
	t.Parallel()
	env := harness.NewEnv(t)
	env["JWT_SECERT"], env["REDIS_PORT"] = "Rj2-Wm9-Kx4-Tq7-Bz5-Hn8-Cv3-Lp6", "tcp://10.0.0.1:6379"
	for want, args := range map[int][]string{0: {"config", "check"}, 2: {"config", "check", "--strict"}} {
		if code, output := authctl(t, env, "", args...); code != want || !strings.Contains(output, "JWT_SECERT") || strings.Contains(output, "REDIS_PORT") || strings.Contains(output, "Rj2") {
			t.Errorf("authctl %v: exit code %d, want %d: %s", args, code, want, output)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for variable, value := range map[string]string{"APP_PORT": port, "NATS_EMBEDDED_ADDR": l.Addr().String()} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			if output := refusesToStart(t, map[string]string{variable: value}, 1); !strings.Contains(output, variable) {
				t.Errorf("no word of %s in %s", variable, output)
			}
		})
	}
}

func TestTwoProcessesDoNotShareADataDir(t *testing.T) {
	t.Parallel()
	s := embedded(t)
	if output := refusesToStart(t, map[string]string{"DATA_DIR": s.env["DATA_DIR"]}, 1); !strings.Contains(output, "DATA_DIR") {
		t.Errorf("no word of DATA_DIR in %s", output)
	}
}

// TestProductionStarts joins a third instance, in production, to the shared pair.
func TestProductionStarts(t *testing.T) {
	t.Parallel()
	shared := pair(t)
	_, env := newEnv(t, map[string]string{
		"APP_ENV": "production", "APP_HOST": "127.0.0.1", "BCRYPT_COST": "10", "DATABASE_URL": shared.dsn, "NATS_URL": shared.env["NATS_URL"],
		"REDIS_URL": shared.redis.URL(), "JWT_SECRET": shared.env["JWT_SECRET"], "TOKEN_ENCRYPTION_KEY": shared.env["TOKEN_ENCRYPTION_KEY"],
	})
	s := harness.StartService(t, env)
	c := client.New(s.Base)
	a := c.Register(t)
	shared.lives(t, "a session of the third instance", a)
	for _, path := range []string{"//dev/mail", "//dev/mail?format=json"} {
		c.Refuses(t, request{Method: "GET", Path: path}, 404, "not_found")
	}
	s.Stop(t)
	wholeJSON(t, s.Output())
}
