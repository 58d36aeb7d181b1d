package config_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"

	"gofiber-auth/pkg/config"
)

// secret has 32 bytes.
const secret = "0123456789abcdefghijklmnopqrstuv"

func from(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func production() map[string]string {
	return map[string]string{
		"APP_ENV":              "production",
		"FRONTEND_URL":         "https://app.example.com",
		"DATABASE_URL":         "postgres://auth:secret-of-the-database@db.internal/auth",
		"NATS_URL":             "nats://nats-1:4222, nats://nats-2:4222",
		"JWT_SECRET":           secret,
		"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte(secret)),
	}
}

func with(env map[string]string, pairs ...string) map[string]string {
	env = maps.Clone(env)
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

func TestDevelopmentNeedsNothing(t *testing.T) {
	t.Parallel()
	c, err := config.Load(from(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.App.Address() != "127.0.0.1:8088" || c.App.Env != config.Development {
		t.Errorf("App = %+v", c.App)
	}
	if c.Database.URL != "" || c.NATS.URL != "" || c.NATS.EmbeddedAddr != "127.0.0.1:4222" {
		t.Errorf("development is not embedded: %+v %+v", c.Database, c.NATS)
	}
	if got := c.HTTP.CORSOrigins; !slices.Equal(got, []string{"http://localhost:8088"}) {
		t.Errorf("CORSOrigins = %v", got)
	}
	if c.Tokens.ExpiresIn != 15*time.Minute || c.Tokens.Issuer != "gofiber-auth" || c.Hashing.Cost != 12 {
		t.Errorf("defaults: %+v %+v", c.Tokens, c.Hashing)
	}
}

func TestProduction(t *testing.T) {
	t.Parallel()
	c, err := config.Load(from(production()))
	if err != nil {
		t.Fatal(err)
	}
	if c.App.Host != "0.0.0.0" {
		t.Errorf("Host = %q", c.App.Host)
	}
	if got, want := string(c.Database.URL), "postgres://auth:secret-of-the-database@db.internal/auth?sslmode=require"; got != want {
		t.Errorf("Database.URL = %q, want %q", got, want)
	}
	if got, want := string(c.NATS.URL), "nats://nats-1:4222,nats://nats-2:4222"; got != want {
		t.Errorf("NATS.URL = %q, want %q", got, want)
	}
}

func TestProductionNamesAllThatIsMissingAtOnce(t *testing.T) {
	t.Parallel()
	want := []string{"DATABASE_URL", "FRONTEND_URL", "JWT_SECRET", "NATS_URL", "TOKEN_ENCRYPTION_KEY"}
	if diff := cmp.Diff(want, faultyVariables(t, map[string]string{"APP_ENV": "production"})); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsNameTheVariableAndNeverItsValue(t *testing.T) {
	t.Parallel()
	short := "a-short-secret"
	for name, env := range map[string]map[string]string{
		"APP_ENV":              {"APP_ENV": "prod-value"},
		"APP_PORT":             {"APP_PORT": "70000"},
		"FRONTEND_URL":         {"APP_ENV": "test", "FRONTEND_URL": "app.example.com/value"},
		"CORS_ALLOWED_ORIGINS": {"CORS_ALLOWED_ORIGINS": "https://a.example.com,*"},
		"TRUSTED_PROXIES":      {"TRUSTED_PROXIES": "10.0.0.0/8,value"},
		"DATABASE_URL":         {"APP_ENV": "test", "DATABASE_URL": "mysql://value@db/auth"},
		"APP_HOST":             {"APP_HOST": "not a value"},
		"DB_PORT":              {"DB_PORT": "value"},
		"DB_NAME":              {"APP_ENV": "test", "DB_HOST": "h", "DB_USER": "value"},
		"DB_SSL_MODE":          {"DB_SSL_MODE": "value"},
		"DB_MAX_OPEN_CONNS":    {"DB_MAX_OPEN_CONNS": "0"},
		"DB_CONN_MAX_LIFETIME": {"DB_CONN_MAX_LIFETIME": "value"},
		"NATS_URL":             {"NATS_URL": "nats://user:value@host:1x"},
		"NATS_EMBEDDED_ADDR":   {"NATS_EMBEDDED_ADDR": "value"},
		"NATS_STREAM_NAME":     {"NATS_STREAM_NAME": "a value"},
		"NATS_SUBJECT":         {"NATS_SUBJECT": "user.*"},
		"NATS_REPLICAS":        {"NATS_REPLICAS": "6"},
		"NATS_MAX_AGE":         {"NATS_MAX_AGE": "7 days"},
		"JWT_SECRET":           {"APP_ENV": "test", "JWT_SECRET": short},
		"JWT_EXPIRES_IN":       {"JWT_EXPIRES_IN": "-15m"},
		"TOKEN_ENCRYPTION_KEY": {"TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte(short))},
		"BCRYPT_COST":          {"BCRYPT_COST": "9"},
		"HASH_WORKERS":         {"HASH_WORKERS": "-1"},
		"HASH_QUEUE":           {"HASH_QUEUE": "value"},
		"LOG_LEVEL":            {"LOG_LEVEL": "value"},
		"LOG_FORMAT":           {"LOG_FORMAT": "value"},
		"RATE_LIMIT_ENABLED":   {"RATE_LIMIT_ENABLED": "value"},
		"SYNC_TOKEN":           {"SYNC_TOKEN": short},
		"BACKEND_SYNC_SECRET":  {"BACKEND_SYNC_URL": "https://value.example.com"},
		"GOOGLE_CLIENT_SECRET": {"GOOGLE_CLIENT_ID": "value"},
		"LINE_JWKS_URL":        {"LINE_JWKS_URL": "ftp://value"},
		"SMTP_URL":             {"SMTP_URL": "https://value"},
		"MAIL_FROM":            {"MAIL_FROM": "value"},
		"REDIS_URL":            {"REDIS_URL": "http://value"},
		"AUDIT_RETENTION":      {"AUDIT_RETENTION": "value"},
		"BREACH_CHECK_FAIL":    {"BREACH_CHECK_FAIL": "value"},
		"FACEBOOK_CLIENT_ID":   {"FACEBOOK_CLIENT_SECRET": "value"},
		"GOOGLE_REDIRECT_URL":  {"GOOGLE_REDIRECT_URL": "/value"},
		"REFRESH_COOKIE":       {"REFRESH_COOKIE": "value"},
		"REFRESH_EXPIRES_IN":   {"REFRESH_EXPIRES_IN": "0s"},
		"DB_MAX_IDLE_CONNS":    {"DB_MAX_IDLE_CONNS": "value"},
		"BREACH_CHECK_URL":     {"BREACH_CHECK_URL": "value"},
		"BACKEND_SYNC_URL":     {"BACKEND_SYNC_URL": "value"},
		"FACEBOOK_TOKEN_URL":   {"FACEBOOK_TOKEN_URL": "http://host:99999"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := faultyVariables(t, env); !slices.Equal(got, []string{name}) {
				t.Errorf("faults in %v, want %s alone", got, name)
			}
		})
	}
}

func TestDatabaseOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"sslmode=value", "connect_timeout=value"} {
		if got := faultyVariables(t, map[string]string{"APP_ENV": "test", "DATABASE_URL": "postgres://u:p@h/x?" + option}); !slices.Equal(got, []string{"DATABASE_URL"}) {
			t.Errorf("%s: faults in %v", option, got)
		}
	}
	if got := faultyVariables(t, map[string]string{"NATS_EMBEDDED_ADDR": "foo bar:4222"}); !slices.Equal(got, []string{"NATS_EMBEDDED_ADDR"}) {
		t.Errorf("faults in %v", got)
	}
}

func TestLowCostsAreForTestsOnly(t *testing.T) {
	t.Parallel()
	if c, err := config.Load(from(map[string]string{"APP_ENV": "test", "BCRYPT_COST": "4"})); err != nil || c.Hashing.Cost != 4 {
		t.Errorf("Load() = %+v, %v", c.Hashing, err)
	}
	if got := faultyVariables(t, with(production(), "BCRYPT_COST", "4")); !slices.Equal(got, []string{"BCRYPT_COST"}) {
		t.Errorf("faults in %v", got)
	}
}

func TestDatabaseParts(t *testing.T) {
	t.Parallel()
	c, err := config.Load(from(map[string]string{
		"APP_ENV": "test", "DB_HOST": "::1", "DB_USER": "us er", "DB_PASSWORD": "p@ss/w?rd", "DB_NAME": "auth", "DB_SSL_MODE": "disable",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Database.URL), "postgres://us%20er:p%40ss%2Fw%3Frd@[::1]:5432/auth?sslmode=disable"; got != want {
		t.Errorf("URL = %q, want %q", got, want)
	}
}

func TestSecretsStayOutOfText(t *testing.T) {
	t.Parallel()
	env := production()
	env["BACKEND_SYNC_URL"], env["BACKEND_SYNC_SECRET"] = "https://user:secret-of-the-sink@sink.example.com", strings.Repeat("secret-of-the-sink", 2)
	c, err := config.Load(from(env))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)} {
		for _, secret := range []string{env["JWT_SECRET"], "secret-of-the-database", "secret-of-the-sink"} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret stands in %s", text)
			}
		}
	}
}

// Every variable of .env.example is read, and every variable that is read is in it.
func TestEnvExample(t *testing.T) {
	t.Parallel()
	listed, err := godotenv.Read("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	if _, err := config.Load(func(name string) string { read[name] = true; return "" }); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(read, func(name string, _ bool) bool {
		return read[strings.TrimSuffix(name, "_FILE")] && strings.HasSuffix(name, "_FILE")
	})
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("read (-) and .env.example (+) differ:\n%s", diff)
	}
	if _, err := config.Load(from(listed)); err != nil {
		t.Errorf(".env.example is not a sound configuration: %v", err)
	}
}

func TestKeptSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := config.KeptSecret(dir, "jwt_secret")
	if err != nil || len(first) < 32 {
		t.Fatalf("KeptSecret() = %d bytes, %v", len(first), err)
	}
	if second, err := config.KeptSecret(dir, "jwt_secret"); err != nil || second != first {
		t.Errorf("the secret was not kept: %v", err)
	}
	if other, err := config.KeptSecret(dir, "other"); err != nil || other == first {
		t.Errorf("another secret is the same one: %v", err)
	}
}

func faultyVariables(t *testing.T, env map[string]string) []string {
	t.Helper()
	_, err := config.Load(from(env))
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Load() = %v, want faults", err)
	}
	var names []string
	for _, f := range faults {
		names = append(names, f.Variable)
		for _, value := range env {
			if value != "production" && len(value) > 3 && strings.Contains(f.Want, value) {
				t.Errorf("the fault of %s holds a value: %s", f.Variable, f.Want)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
