package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	authclient "gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// service is the running auth service.
type service struct{ *harness.Service }

// startService starts the service on an embedded database, as the bus's user auth.
func startService(t *testing.T, natsURL string, env ...string) *service {
	t.Helper()
	all := harness.NewEnv(t)
	all["NATS_URL"] = natsURL
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return &service{harness.StartService(t, all)}
}

// do makes a request and returns its answer, or an error unless that has the status.
func (s *service) do(method, path, token, body string, status int) ([]byte, error) {
	request := authclient.Request{Method: method, Path: "/" + path, Token: token, Body: body}
	answer, err := authclient.New(s.Base).Try(context.Background(), request)
	if err == nil && answer.Status != status {
		err = fmt.Errorf("%s %s = %d %s, want %d", method, path, answer.Status, answer.Body, status)
	}
	return answer.Body, err
}

// account is a user who is logged in.
type account struct {
	Token string
	User  struct{ ID, Email, Username string }
}

const password = "correct horse battery staple"

func (s *service) register(name string) (account, error) {
	var a account
	body := fmt.Sprintf(`{"email":%q,"username":%q,"password":%q}`, name+"@example.com", name, password)
	answer, err := s.do(http.MethodPost, "/api/v1/auth/register", "", body, http.StatusCreated)
	if err == nil {
		err = json.Unmarshal(answer, &a)
	}
	return a, err
}

func (s *service) mustRegister(t *testing.T, name string) account {
	t.Helper()
	a, err := s.register(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rename changes a user's name, which is an event.
func (s *service) rename(a account, name string) error {
	_, err := s.do(http.MethodPatch, "/api/v1/users/me", a.Token, fmt.Sprintf(`{"username":%q}`, name), http.StatusOK)
	return err
}

func (s *service) remove(a account) error {
	_, err := s.do(http.MethodDelete, "/api/v1/users/me", a.Token, fmt.Sprintf(`{"currentPassword":%q}`, password), http.StatusNoContent)
	return err
}

// events is what the service says of the bus.
func (s *service) events() (string, error) {
	answer, err := s.do(http.MethodGet, "/health/ready", "", "", http.StatusOK)
	if err != nil {
		return "", err
	}
	var health struct{ Checks struct{ Events string } }
	err = json.Unmarshal(answer, &health)
	return health.Checks.Events, err
}

func (s *service) awaitEvents(t *testing.T, want string) {
	t.Helper()
	harness.Eventually(t, "the service says of the bus: "+want, func() error {
		got, err := s.events()
		if err == nil && got != want {
			err = fmt.Errorf("it says %q", got)
		}
		return err
	})
}
