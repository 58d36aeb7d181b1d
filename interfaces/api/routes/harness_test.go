package routes_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/handlers"
	"gofiber-auth/interfaces/api/openapi/openapitest"
	"gofiber-auth/interfaces/api/routes"
	authcode "gofiber-auth/pkg/auth_code_store"
	"gofiber-auth/pkg/metrics"
	"gofiber-auth/test/storage"
)

const (
	goodPassword = "correct horse battery staple"
	// currentPassword is the proof of users with that password.
	currentPassword = `{"currentPassword":"` + goodPassword + `"}`
	jwtSecret       = "a secret of at least thirty-two bytes"
	syncToken       = "a-token-of-at-least-thirty-two-bytes"
	frontend        = "https://app.example.com"
)

// api is the whole application over a database in memory and a hasher that does not hash.
type api struct {
	app    *fiber.App
	deps   routes.Deps // of app
	store  *storage.Storage
	tokens *serviceimpl.Tokens
	clock  *clock
	hasher *fakeHasher

	limiter switchedLimiter

	database, bus part
	draining      atomic.Bool
	stream        stream
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{store: storage.Open(t), clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, hasher: new(fakeHasher)}
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	a.tokens = serviceimpl.NewTokens(serviceimpl.TokensConfig{
		Secret: []byte(jwtSecret), Issuer: "gofiber-auth", Audience: "gofiber-auth", ExpiresIn: 15 * time.Minute, Now: a.clock.Now, NewID: newID,
	})
	sessions := serviceimpl.NewSessions(serviceimpl.SessionsDeps{
		Reader: a.store.Sessions, Tokens: a.tokens, Lifetime: 720 * time.Hour, Now: a.clock.Now, NewID: newID,
	})
	mails := serviceimpl.NewMailPromises(&a.limiter, a.clock.Now, newID)
	proof := serviceimpl.NewProof(serviceimpl.ProofDeps{
		Work: a.store.Work, Sessions: a.store.Sessions, Hasher: a.hasher, Limiter: &a.limiter, Now: a.clock.Now, NewID: newID,
	})
	accounts := serviceimpl.NewAccounts(serviceimpl.AccountsDeps{
		Work: a.store.Work, Users: a.store.Users, Hasher: a.hasher, Sessions: sessions, Proof: proof, Mails: mails, Now: a.clock.Now, NewID: newID,
		Limiter: &a.limiter, Addresses: a.store.Sessions, Breaches: services.NoBreachCheck{},
		RefreshKey: serviceimpl.RefreshKey([]byte(jwtSecret)), RefreshGrace: 30 * time.Second,
	})
	oauth := serviceimpl.NewOAuth(serviceimpl.OAuthDeps{
		Providers: idps{}, Values: authcode.New(1<<20, a.clock.Now), UsedStates: authcode.NewUsedStates(1000, a.clock.Now), Sealer: sealer{}, Work: a.store.Work, Users: a.store.Users, Identities: a.store.Identities,
		Sessions: sessions, Proof: proof, Mails: mails, Now: a.clock.Now, NewID: newID,
	})
	home, err := url.Parse(frontend)
	if err != nil {
		t.Fatal(err)
	}
	a.deps = routes.Deps{
		OAuth: oauth, Identities: oauth, Frontend: home,
		Sessions: serviceimpl.NewSessionList(serviceimpl.SessionListDeps{Work: a.store.Work, Live: a.store.Sessions, Now: a.clock.Now, NewID: newID}),
		Recovery: serviceimpl.NewRecovery(serviceimpl.RecoveryDeps{
			Work: a.store.Work, Users: a.store.Users, Tokens: a.store.MailTokens, Hasher: a.hasher, Limiter: &a.limiter, Mails: mails, Now: a.clock.Now, NewID: newID,
			Breaches: services.NoBreachCheck{}, Accounts: accounts, OAuth: oauth, Registrations: a.store.Registrations,
		}),
		Authentication: accounts, Authenticator: sessions, Accounts: accounts,
		Administration: serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{
			Work: a.store.Work, Users: a.store.Users, Hasher: a.hasher, Proof: proof, Mails: mails, Now: a.clock.Now, NewID: newID,
			Breaches: services.NoBreachCheck{},
		}),
		Snapshots: serviceimpl.NewSnapshots(serviceimpl.SnapshotsDeps{
			Users: a.store.Users, Events: a.store.Outbox, Stream: a.stream.get, Log: slog.New(slog.DiscardHandler),
		}),
		Audit:    serviceimpl.NewAuditLog(a.store.Audit),
		Settings: dto.Settings{Registration: "open", RefreshCookie: "ask", Providers: []dto.SettingsProvider{{Provider: "google", Name: "Google"}}},
		Exporter: serviceimpl.NewExports(serviceimpl.ExportsDeps{
			Work: a.store.Work, Identities: a.store.Identities, Sessions: a.store.Sessions, Audit: a.store.Audit, Events: a.store.Outbox, Now: a.clock.Now, NewID: newID,
		}),
		Limiter: &a.limiter, CursorSecret: []byte(jwtSecret), SyncToken: syncToken, Metrics: metrics.New("test"),
		Log: slog.New(slog.DiscardHandler), AllowedOrigins: []string{frontend},
		Health: handlers.Health{
			Service: "gofiber-auth", Version: "test", Draining: a.draining.Load,
			Database: a.database.get, Events: a.bus.get, Cache: func(context.Context) string { return "ok" },
		},
	}
	a.app = routes.New(a.deps)
	return a
}

// part is a part whose health a test sets; it is well unless told otherwise.
type part struct{ detail atomic.Pointer[string] }

func (p *part) set(detail string) { p.detail.Store(&detail) }

func (p *part) get(context.Context) string {
	if d := p.detail.Load(); d != nil {
		return *d
	}
	return "ok"
}

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakeHasher hashes in no time, and counts.
type fakeHasher struct {
	mu     sync.Mutex
	count  int
	broken error
}

func (h *fakeHasher) Hash(_ context.Context, password string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	return "hash of " + password, h.broken
}

func (h *fakeHasher) Verify(_ context.Context, hash, password string) (ok, stale bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	return hash == "hash of "+password, false, h.broken
}

// answer is a response whose agreement with the OpenAPI document has been checked.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send makes a request. headers are pairs of name and value.
func (a *api) send(t *testing.T, method, path, token, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		req = httptest.NewRequest(method, path, http.NoBody)
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := a.app.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	openapitest.Validate(t, req, res, got)
	return answer{status: res.StatusCode, header: res.Header, body: got}
}

// want fails the test unless the answer has the status and, where code is not empty, the
// code of a problem.
func (r answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	var problem struct{ Code, RequestID string }
	if r.status >= 400 {
		if err := json.Unmarshal(r.body, &problem); err != nil {
			t.Fatalf("%d %s is no problem document: %v", r.status, r.body, err)
		}
	}
	if r.status != status || problem.Code != code {
		t.Fatalf("answer %d %s, want %d %s", r.status, r.body, status, code)
	}
	return r
}

// wantFields fails the test unless the answer is a 422 with exactly these faults, each
// "field code".
func (r answer) wantFields(t *testing.T, want ...string) {
	t.Helper()
	r.want(t, 422, "validation_failed")
	var problem struct {
		Errors []struct{ Field, Code, Message string }
	}
	r.into(t, &problem)
	var got []string
	for _, e := range problem.Errors {
		got = append(got, e.Field+" "+e.Code)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("faults %v, want %v", got, want)
	}
}

func (r answer) into(t *testing.T, out any) {
	t.Helper()
	if err := json.Unmarshal(r.body, out); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

type auth struct {
	Token, TokenType, RefreshToken string
	ExpiresIn, RefreshExpiresIn    int
	User                           user
}

type user struct {
	ID, Email, Username, Role string
	DisplayName, Avatar       *string
	IsActive, EmailVerified   bool
	CreatedAt, UpdatedAt      time.Time
	LastLoginAt               *time.Time
}

// register makes a user with an address made of name.
func (a *api) register(t *testing.T, name string) auth {
	t.Helper()
	var out auth
	body := `{"email":"` + name + `@example.com","username":"` + name + `","password":"` + goodPassword + `"}`
	a.send(t, "POST", "/api/v1/auth/register", "", body).want(t, 201, "").into(t, &out)
	return out
}

// admin registers a user and makes an admin of it.
func (a *api) admin(t *testing.T, name string) auth {
	t.Helper()
	out := a.register(t, name)
	a.store.Change(t, out.User.ID, func(u *models.User) { u.Role = models.RoleAdmin })
	return out
}
