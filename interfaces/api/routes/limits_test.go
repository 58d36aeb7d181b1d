package routes_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/limits"
	"gofiber-auth/interfaces/api/routes"
)

// switchedLimiter limits nothing until it is switched on.
type switchedLimiter struct{ on services.RateLimiter }

func (l *switchedLimiter) Take(ctx context.Context, limit services.Limit, key string) services.LimitState {
	if l.on == nil {
		return services.Unlimited{}.Take(ctx, limit, key)
	}
	return l.on.Take(ctx, limit, key)
}

func (l *switchedLimiter) Forget(ctx context.Context, limit services.Limit, key string) {
	if l.on != nil {
		l.on.Forget(ctx, limit, key)
	}
}

// limit switches limits on, behind a proxy that everybody comes through.
func (a *api) limit(t *testing.T) {
	t.Helper()
	a.deps.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}
	a.app = routes.New(a.deps)
	a.limiter.on = limits.New(limits.Options{Secret: []byte("secret"), Now: a.clock.Now, Metrics: a.deps.Metrics, Log: slog.New(slog.DiscardHandler)})
}

func (a *api) login(t *testing.T, name, password, address string) answer {
	t.Helper()
	field := "username"
	if strings.Contains(name, "@") {
		field = "email"
	}
	return a.send(t, "POST", "/api/v1/auth/login", "", fmt.Sprintf(`{%q:%q,"password":%q}`, field, name, password), "X-Forwarded-For", address)
}

// wantLimited wants a 429 that says when to come again, and of which limit.
func (r answer) wantLimited(t *testing.T, limit string) {
	t.Helper()
	r.want(t, 429, domain.ErrRateLimited.Code)
	after, err := strconv.Atoi(r.header.Get("Retry-After"))
	if err != nil || after < 1 {
		t.Errorf("Retry-After = %q", r.header.Get("Retry-After"))
	}
	if want := fmt.Sprintf("%q;r=0;t=%d", limit, after); !strings.HasSuffix(r.header.Get("RateLimit"), want) {
		t.Errorf("RateLimit = %q, want %s in it", r.header.Get("RateLimit"), want)
	}
}

const wrong = "not the password at all"

func TestSensitiveRoutesAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	for _, route := range []string{
		"POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/exchange", "POST /api/v1/auth/oauth/complete",
		"GET /api/v1/auth/line", "POST /api/v1/users/me/oauth-providers/line", "DELETE /api/v1/users/me/oauth-providers/line",
		"PATCH /api/v1/users/me", "DELETE /api/v1/users/me", "PUT /api/v1/users/me/password",
	} {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.limit(t)
			method, path, _ := strings.Cut(route, " ")
			first := a.send(t, method, path, "", "", "X-Forwarded-For", "192.0.2.1")
			if first.header.Get("RateLimit-Policy") != `"address";q=100;w=60` || first.header.Get("RateLimit") != `"address";r=99;t=1` {
				t.Errorf("RateLimit-Policy: %s\nRateLimit: %s", first.header.Get("RateLimit-Policy"), first.header.Get("RateLimit"))
			}
			for range 99 { // routes count together
				a.send(t, "POST", "/api/v1/auth/exchange", "", "", "X-Forwarded-For", "192.0.2.1")
			}
			a.send(t, method, path, "", "", "X-Forwarded-For", "192.0.2.1").wantLimited(t, "address")
			if other := a.send(t, method, path, "", "", "X-Forwarded-For", "192.0.2.2"); other.status == 429 {
				t.Error("another address was refused, too")
			}
			a.clock.pass(600 * time.Millisecond)
			if again := a.send(t, method, path, "", "", "X-Forwarded-For", "192.0.2.1"); again.status == 429 {
				t.Error("nothing was allowed after Retry-After")
			}
			a.send(t, method, path, "", "", "X-Forwarded-For", "192.0.2.1").wantLimited(t, "address")
		})
	}
}

func TestWhatIsNotLimited(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.limit(t)
	ada := a.register(t, "ada")
	for range 101 {
		a.send(t, "POST", "/api/v1/auth/exchange", "", "")
	}
	a.send(t, "POST", "/api/v1/auth/exchange", "", "").wantLimited(t, "address")
	for _, r := range []struct {
		method, path, token string
		status              int
		headers             []string
	}{
		{"GET", "/api/v1/users/me", ada.Token, 200, nil},
		{"OPTIONS", "/api/v1/auth/login", "", 204, []string{"Origin", frontend, "Access-Control-Request-Method", "POST"}},
		{"GET", "/api/v1/auth/login", "", 405, nil},
		{"POST", "/api/v1/auth/nothing", "", 405, nil},
		{"POST", "/api/v1/nothing", "", 404, nil},
		{"GET", "/api/v1/auth/line/callback", "", 302, nil},
		{"GET", "/health/ready", "", 200, nil},
		{"POST", "/api/v1/auth/logout", ada.Token, 204, nil},
	} {
		got := a.send(t, r.method, r.path, r.token, "", r.headers...)
		if got.status != r.status || got.header.Get("RateLimit") != "" {
			t.Errorf("%s %s = %d with RateLimit %q, want %d without", r.method, r.path, got.status, got.header.Get("RateLimit"), r.status)
		}
	}
}

// An account has one count however it is named, and nobody's account has one like it.
func TestLogInsAreLimitedByAccount(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][]string{
		"known":   {"ada", "ADA", "ada@example.com", "Ada@Example.COM"},
		"unknown": {"nobody@example.com", "Nobody@Example.com"},
		"nobody":  {"nobody", "NOBODY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.limit(t)
			a.register(t, "ada")
			for i := range 10 {
				a.login(t, names[i%len(names)], wrong, fmt.Sprint("192.0.2.", i)).want(t, 401, "invalid_credentials")
			}
			hashed := a.hasher.count
			for _, n := range names {
				got := a.login(t, n, goodPassword, "198.51.100.1")
				got.wantLimited(t, "login")
				if got.header.Get("Retry-After") != "90" || got.header.Get("RateLimit-Policy") != `"address";q=100;w=60, "login";q=10;w=900` {
					t.Errorf("Retry-After %s, RateLimit-Policy %s", got.header.Get("Retry-After"), got.header.Get("RateLimit-Policy"))
				}
			}
			if a.hasher.count != hashed {
				t.Error("passwords were hashed for who is refused")
			}
			a.clock.pass(90 * time.Second)
			a.login(t, names[0], wrong, "198.51.100.1").want(t, 401, "invalid_credentials")
			a.login(t, names[0], wrong, "198.51.100.1").wantLimited(t, "login")
		})
	}
}

func TestARightPasswordBeginsAnew(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.limit(t)
	a.register(t, "ada")
	for range 3 {
		for range 9 {
			a.login(t, "ada", wrong, "192.0.2.1").want(t, 401, "invalid_credentials")
		}
		got := a.login(t, "ada@example.com", goodPassword, "192.0.2.1").want(t, 200, "")
		var session auth
		got.into(t, &session)
		// From where she is logged in now, she would count apart.
		a.send(t, "POST", "/api/v1/auth/logout", session.Token, "").want(t, 204, "")
	}
	for range 12 { // there, too
		a.login(t, "ada", goodPassword, "198.51.100.1").want(t, 200, "")
	}
}

// A stolen session is no way to find the password.
func TestProofsAreLimited(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.limit(t)
	ada := a.register(t, "ada")
	tries := []func(password string) answer{
		func(p string) answer {
			r := a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, fmt.Sprintf(`{"currentPassword":%q,"newPassword":"another horse battery"}`, p))
			if r.status == 200 {
				r.into(t, &ada)
			}
			return r
		},
		func(p string) answer {
			return a.send(t, "PATCH", "/api/v1/users/me", ada.Token, fmt.Sprintf(`{"currentPassword":%q,"email":"eve@example.com"}`, p))
		},
		func(p string) answer {
			return a.send(t, "DELETE", "/api/v1/users/me", ada.Token, fmt.Sprintf(`{"currentPassword":%q}`, p))
		},
	}
	for range 5 { // who forgets it guesses nothing
		a.send(t, "DELETE", "/api/v1/users/me", ada.Token, `{}`).want(t, 403, "wrong_password")
	}
	for i := range 10 {
		tries[i%3](wrong).want(t, 403, "wrong_password")
	}
	for _, try := range tries {
		try(goodPassword).wantLimited(t, "proof")
	}
	a.login(t, "ada", goodPassword, "192.0.2.1").want(t, 200, "")
	a.clock.pass(90 * time.Second)
	tries[0](goodPassword).want(t, 200, "")
	for range 10 {
		tries[0](wrong).want(t, 403, "wrong_password")
	}
}
