package harness

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// Service is the service in a process of its own. Main must have built gofiber-auth/cmd/api.
type Service struct {
	*Process

	Base string // its URL
	Env  map[string]string
}

// Launch starts the service and does not wait for it.
func Launch(t testing.TB, env map[string]string) *Service {
	t.Helper()
	return &Service{Process: Run(t, env, "", "api"), Base: "http://127.0.0.1:" + env["APP_PORT"], Env: env}
}

// StartService starts the service and returns when it is ready.
func StartService(t testing.TB, env map[string]string) *Service {
	t.Helper()
	s := Launch(t, env)
	s.AwaitReady(t)
	return s
}

// AwaitReady waits until the service is ready.
func (s *Service) AwaitReady(t testing.TB) {
	t.Helper()
	Eventually(t, "the service is ready", func() error {
		select {
		case <-s.Exited:
			t.Fatalf("the service ended: %s", s.Output())
		default:
		}
		res, err := http.Get(s.Base + "/health/ready")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("readiness is %d", res.StatusCode)
		}
		return nil
	})
}

// Restart starts the service again, which must have ended, with the same environment.
func (s *Service) Restart(t testing.TB) {
	t.Helper()
	s.Process = Run(t, s.Env, "", "api")
	s.AwaitReady(t)
}

// Stop asks the service to stop, which must end with exit code 0.
func (s *Service) Stop(t testing.TB) {
	t.Helper()
	if err := s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.ExitCode(t); code != 0 {
		t.Fatalf("exit code %d after SIGTERM, want 0", code)
	}
}

// NATS returns the URL of the service's event bus.
func (s *Service) NATS() string {
	if url := s.Env["NATS_URL"]; url != "" {
		return url
	}
	return "nats://" + s.Env["NATS_EMBEDDED_ADDR"]
}

// Metrics returns what /metrics shows.
func (s *Service) Metrics(t testing.TB) string {
	t.Helper()
	res, err := http.Get(s.Base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("/metrics = %d %s, %v", res.StatusCode, body, err)
	}
	return string(body)
}

// Metric returns the value of a metric, which is named with its labels.
func (s *Service) Metric(t testing.TB, name string) string {
	t.Helper()
	for line := range strings.Lines(s.Metrics(t)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// MetricIs fails unless a metric has the value. It is a condition for Eventually.
func (s *Service) MetricIs(t testing.TB, name, want string) error {
	t.Helper()
	if got := s.Metric(t, name); got != want {
		return fmt.Errorf("%s is %q, want %q", name, got, want)
	}
	return nil
}
