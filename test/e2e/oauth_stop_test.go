package e2e

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/test/pgtest"
)

// hung is flows that wait for a provider which does not answer.
type hung struct {
	flows   []flow
	queries []url.Values // what their front ends get to know
	errs    []error
	ended   chan struct{}
}

// hang begins flows that hang from now on.
func hang(t *testing.T, s *instance, p *idp, flows int) *hung {
	t.Helper()
	h := &hung{queries: make([]url.Values, flows), errs: make([]error, flows), ended: make(chan struct{})}
	var locations []string
	for n := range flows {
		h.flows = append(h.flows, newFlow(t, providers[n%3]))
		locations = append(locations, h.flows[n].mustBegin(t, s, devidptest.AsPerson(numbered(n))))
	}
	hanging := p.hangs(t)
	done := make(chan struct{})
	for n, f := range h.flows {
		go func() {
			h.queries[n], h.errs[n] = f.callback(s, locations[n])
			done <- struct{}{}
		}()
	}
	go func() {
		defer close(h.ended)
		for range flows {
			<-done
		}
	}()
	for range flows {
		await(t, hanging, "the service waits for the provider")
	}
	return h
}

// failed waits for the flows and checks that their front ends hear of it.
func (h *hung) failed(t *testing.T) {
	t.Helper()
	await(t, h.ended, "the browsers are told")
	for n, query := range h.queries {
		if h.errs[n] != nil || query.Get("error") != "provider_error" || query.Get("state") != h.flows[n].state {
			t.Errorf("the front end gets %v, %v; want provider_error", query, h.errs[n])
		}
	}
}

// Who waits for a provider is told in time, and keeps nobody else waiting: no connection to the
// database is held meanwhile.
func TestAProviderHangs(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	env["DATABASE_URL"], env["DB_MAX_OPEN_CONNS"], env["DB_MAX_IDLE_CONNS"] = pgtest.New(t), "2", "2"
	s := start(t, env)
	ada := s.register(t, "ada")
	begun := time.Now()
	waiting := hang(t, s, provider, 12)
	s.must(t, "GET", "/api/v1/users/me", ada.Token, "", 200, nil)
	s.must(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"email":"ada@example.com","password":%q}`, goodPassword), 200, nil)
	s.register(t, "grace")
	select {
	case <-waiting.ended:
		t.Error("nobody waits for the provider any more")
	default:
	}
	waiting.failed(t)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the browsers were told after %s", took)
	}
}

// A provider that does not answer holds up no stop. Who logs in just then hears of it.
func TestStoppedWhileAProviderHangs(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newEnv(t)
	provider.configure(env)
	s := start(t, env)
	waiting := hang(t, s, provider, 3)
	s.stop(t)
	waiting.failed(t)
}
