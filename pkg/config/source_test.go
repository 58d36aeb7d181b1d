package config_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gofiber-auth/pkg/config"
)

func TestDeploymentNamesItsEnvironment(t *testing.T) {
	t.Parallel()
	file := written(t, secret)
	for name, env := range map[string]map[string]string{
		"DATABASE_URL":    {"DATABASE_URL": "postgres://u:p@h/x"},
		"DB_HOST":         {"DB_HOST": "h", "DB_USER": "u", "DB_NAME": "x"},
		"FRONTEND_URL":    {"FRONTEND_URL": "https://app.example.com", "APP_ENV": " "},
		"JWT_SECRET":      {"JWT_SECRET": secret, "APP_ENV": ""},
		"JWT_SECRET_FILE": {"JWT_SECRET_FILE": file},
	} {
		if got := faultyVariables(t, env); !slices.Equal(got, []string{"APP_ENV"}) {
			t.Errorf("%s: faults in %v, want APP_ENV alone", name, got)
		}
		if _, err := config.Load(from(with(env, "APP_ENV", "test"))); err != nil {
			t.Errorf("%s with APP_ENV=test: %v", name, err)
		}
	}
}

func TestSampleSecretsAreFaults(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"JWT_SECRET", "SYNC_TOKEN", "BACKEND_SYNC_SECRET"} {
		for _, sample := range []string{strings.Repeat("s", 40), "0123456" + strings.Repeat("0", 40), secret + "ChangeMe", "Your-Secret" + secret, secret + "your-256-bit", secret + "change-in-production"} {
			if got := faultyVariables(t, map[string]string{"APP_ENV": "test", name: sample}); !slices.Equal(got, []string{name}) {
				t.Errorf("%s: faults in %v", name, got)
			}
		}
	}
	zeros := base64.StdEncoding.EncodeToString(make([]byte, 32))
	if got := faultyVariables(t, map[string]string{"TOKEN_ENCRYPTION_KEY": zeros}); !slices.Equal(got, []string{"TOKEN_ENCRYPTION_KEY"}) {
		t.Errorf("a key of zeros: faults in %v", got)
	}
}

func TestProductionSendsNothingInTheClear(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"FRONTEND_URL": "http://app.example.com", "CORS_ALLOWED_ORIGINS": "https://a.example.com,http://b.example.com",
		"GOOGLE_REDIRECT_URL": "http://auth.example.com/callback", "LINE_TOKEN_URL": "http://line.example.com/token",
		"BREACH_CHECK_URL": "http://range.example.com", "BACKEND_SYNC_URL": "http://backend:8080/events",
	} {
		env := with(production(), "BACKEND_SYNC_SECRET", secret, name, value)
		if got := faultyVariables(t, env); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: faults in %v", name, got)
		}
		env["APP_ENV"] = "test"
		if _, err := config.Load(from(env)); err != nil {
			t.Errorf("%s with APP_ENV=test: %v", name, err)
		}
	}
	if _, err := config.Load(from(with(production(), "FRONTEND_URL", "http://localhost:3000", "BREACH_CHECK_URL", "http://[::1]:8080"))); err != nil {
		t.Errorf("loopback: %v", err)
	}
}

func TestSettingsOfRegistration(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"REGISTRATION":         {"REGISTRATION": "value"},
		"REGISTRATION_DOMAINS": {"REGISTRATION_DOMAINS": "example.com"},
		"REFRESH_GRACE":        {"REFRESH_GRACE": "301s"},
		"SMTP_URL":             with(production(), "REGISTRATION", "verified"),
		"SYNC_TOKEN":           {"SYNC_TOKEN": secret + " "},
		"REDIS_URL":            {"REDIS_URL": "redis://one,two:6379"},
	} {
		if got := faultyVariables(t, env); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: faults in %v", name, got)
		}
	}
	for _, domains := range []string{"*.example.com", "user@example.com", "localhost", "example.com.", "-a.example.com"} {
		if got := faultyVariables(t, map[string]string{"REGISTRATION": "closed", "REGISTRATION_DOMAINS": domains}); !slices.Equal(got, []string{"REGISTRATION_DOMAINS"}) {
			t.Errorf("%q: faults in %v", domains, got)
		}
	}
	c, err := config.Load(from(map[string]string{"REGISTRATION": "closed", "REGISTRATION_DOMAINS": "Example.com, example.org", "REFRESH_GRACE": "0s"}))
	if err != nil || !slices.Equal(c.Registration.Domains, []string{"example.com", "example.org"}) || c.RefreshGrace != 0 || c.RefreshCookie != config.CookieAsk {
		t.Errorf("Load() = %+v, %v, %v, %v", c.Registration, c.RefreshGrace, c.RefreshCookie, err)
	}
}

func written(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"", "\n", "\r\n"} {
		c, err := config.Load(from(map[string]string{
			"APP_ENV": "test", "JWT_SECRET_FILE": written(t, secret+ending), "FRONTEND_URL_FILE": written(t, "https://app.example.com"+ending),
		}))
		if err != nil || string(c.Tokens.Secret) != secret || c.HTTP.FrontendURL.Host != "app.example.com" {
			t.Errorf("%q: Load() = %d bytes, %v, %v", ending, len(c.Tokens.Secret), c.HTTP.FrontendURL, err)
		}
	}
	if c, err := config.Load(from(map[string]string{"APP_ENV": "test", "JWT_SECRET_FILE": written(t, secret+"\n\n")})); err != nil || string(c.Tokens.Secret) != secret+"\n" {
		t.Errorf("more than one newline was cut: %v", err)
	}
	for name, env := range map[string]map[string]string{
		"JWT_SECRET":       {"JWT_SECRET": secret, "JWT_SECRET_FILE": written(t, secret)},
		"JWT_SECRET_FILE":  {"JWT_SECRET_FILE": "no-such-file-" + secret},
		"DB_PASSWORD_FILE": {"DB_HOST": "h", "DB_USER": "u", "DB_NAME": "x", "DB_PASSWORD_FILE": t.TempDir()},
	} {
		env["APP_ENV"] = "test"
		if got := faultyVariables(t, env); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: faults in %v", name, got)
		}
	}
}

func TestLookAlikes(t *testing.T) {
	t.Parallel()
	got := config.LookAlikes([]string{
		"JWT_SECERT", "DATABASE_URI", "app_env", "SMTP_URL_FILE", "SYNC_TOKEN_FIEL",
		"JWT_SECRET", "PATH", "HOME", "APP_ROOT", "NATS_SERVICE_HOST", "NATS_SERVICE_PORT", "REDIS_PORT", "REDIS_PORT_6379_TCP_ADDR", "DBS_PORT",
	})
	want := []config.LookAlike{
		{Variable: "DATABASE_URI", Resembles: "DATABASE_URL"}, {Variable: "JWT_SECERT", Resembles: "JWT_SECRET"},
		{Variable: "SYNC_TOKEN_FIEL", Resembles: "SYNC_TOKEN_FILE"}, {Variable: "app_env", Resembles: "APP_ENV"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDotEnvIsReadWithoutExpansion(t *testing.T) {
	t.Chdir(t.TempDir()) // so it cannot be parallel
	content := "JWT_SECRET=a$HOME-${PATH}-b$\nA=\"c$HOME\"\nB='d$HOME'\nAPP_NAME=from-the-file\n"
	if err := os.WriteFile(".env", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := config.Read([]string{"APP_NAME=from-the-environment", "EMPTY="})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"JWT_SECRET": "a$HOME-${PATH}-b$", "A": "c$HOME", "B": "d$HOME", "APP_NAME": "from-the-environment",
	} {
		if got := source.Getenv(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := source.Names(); !slices.Equal(got, []string{"A", "APP_NAME", "B", "JWT_SECRET"}) {
		t.Errorf("Names() = %v", got)
	}
}
