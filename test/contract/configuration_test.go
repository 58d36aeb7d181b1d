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

func TestConfigurationFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	const secret = "too-short-to-be-a-secret"
	output := refusesToStart(t, map[string]string{"APP_ENV": "production", "JWT_SECRET": secret}, 2)
	for _, variable := range []string{"JWT_SECRET", "DATABASE_URL", "NATS_URL", "FRONTEND_URL", "TOKEN_ENCRYPTION_KEY", "BCRYPT_COST"} {
		if !strings.Contains(output, variable) {
			t.Errorf("no word of %s in %s", variable, output)
		}
	}
	if strings.Contains(output, secret) {
		t.Errorf("the secret stands in %s", output)
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
