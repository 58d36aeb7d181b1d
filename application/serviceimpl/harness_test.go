package serviceimpl_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	authcode "gofiber-auth/pkg/auth_code_store"
	"gofiber-auth/test/storage"
)

const password = "correct horse battery"

// grace is REFRESH_GRACE.
const grace = 30 * time.Second

// world is the use cases of one instance over an embedded database.
type world struct {
	store   *storage.Storage
	clock   *clock
	hasher  *stages
	limiter *limiter
	values  *recorder // of the OAuth flows

	providers registry
	rival     *rival // between two looks at the identities

	accounts *serviceimpl.Accounts
	sessions *serviceimpl.Sessions
	list     *serviceimpl.SessionList
	oauth    *serviceimpl.OAuth
	recovery *serviceimpl.Recovery
	admin    *serviceimpl.Administration
	exports  *serviceimpl.Exports

	registration models.RegistrationPolicy
}

// newWorld returns a world whose clock stands still until a test moves it.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldFor(t, models.RegistrationPolicy{})
}

// newWorldFor returns a world in which accounts are made as the policy says.
func newWorldFor(t testing.TB, policy models.RegistrationPolicy) *world {
	t.Helper()
	w := &world{store: storage.Open(t), clock: &clock{now: now()}, registration: policy}
	return w.instance("a")
}

// instance returns another instance over the same database and clock. Hashes of another cost
// are stale for its hasher.
func (w *world) instance(cost string) *world {
	i := &world{store: w.store, clock: w.clock, registration: w.registration, hasher: &stages{cost: cost}, limiter: new(limiter)}
	s, now := i.store, i.clock.Now
	i.values = &recorder{OneTimeStore: authcode.New(1<<20, now)}
	i.providers = registry{"google": {"google"}, "facebook": {"facebook"}, "line": {"line"}}
	i.rival = &rival{IdentityReader: s.Identities}
	mails := serviceimpl.NewMailPromises(i.limiter, now, newID)
	i.sessions = serviceimpl.NewSessions(serviceimpl.SessionsDeps{Reader: s.Sessions, Tokens: newTokens(), Lifetime: time.Hour, Now: now, NewID: newID})
	proof := serviceimpl.NewProof(serviceimpl.ProofDeps{Work: s.Work, Sessions: s.Sessions, Hasher: i.hasher, Limiter: i.limiter, Now: now, NewID: newID})
	i.accounts = serviceimpl.NewAccounts(serviceimpl.AccountsDeps{
		Work: s.Work, Users: s.Users, Hasher: i.hasher, Sessions: i.sessions, Proof: proof, Mails: mails, Now: now, NewID: newID,
		Limiter: i.limiter, Addresses: s.Sessions, Breaches: services.NoBreachCheck{}, Registration: i.registration,
		RefreshKey: serviceimpl.RefreshKey([]byte(password)), RefreshGrace: grace,
	})
	i.list = serviceimpl.NewSessionList(serviceimpl.SessionListDeps{Work: s.Work, Live: s.Sessions, Now: now, NewID: newID})
	i.oauth = serviceimpl.NewOAuth(serviceimpl.OAuthDeps{
		Providers: &i.providers,
		Values:    i.values, UsedStates: authcode.NewUsedStates(1000, now), Sealer: sealer{}, Work: s.Work, Users: s.Users, Identities: i.rival,
		Sessions: i.sessions, Proof: proof, Mails: mails, Now: now, NewID: newID, Registration: i.registration,
	})
	i.recovery = serviceimpl.NewRecovery(serviceimpl.RecoveryDeps{
		Work: s.Work, Users: s.Users, Tokens: s.MailTokens, Hasher: i.hasher, Limiter: i.limiter, Mails: mails,
		Now: now, NewID: newID, Breaches: services.NoBreachCheck{},
		Accounts: i.accounts, OAuth: i.oauth, Registrations: s.Registrations, Registration: i.registration,
	})
	i.admin = serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{
		Work: s.Work, Users: s.Users, Hasher: i.hasher, Proof: proof, Mails: mails, Now: now, NewID: newID, Breaches: services.NoBreachCheck{},
	})
	i.exports = serviceimpl.NewExports(serviceimpl.ExportsDeps{
		Work: s.Work, Identities: s.Identities, Sessions: s.Sessions, Audit: s.Audit, Events: s.Outbox, Now: now, NewID: newID,
	})
	return i
}

// enter registers a user with the password of all tests.
func (w *world) enter(t testing.TB, name string) services.Grant {
	t.Helper()
	g, err := w.accounts.Register(t.Context(), dto.RegisterRequest{Email: name + "@example.com", Username: name, Password: password}, models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// register registers a user and returns it with its session.
func (w *world) register(t testing.TB, name string) models.Principal {
	t.Helper()
	return w.principal(t, w.enter(t, name).AccessToken)
}

// principal returns the holder of an access token.
func (w *world) principal(t testing.TB, token string) models.Principal {
	t.Helper()
	p, err := w.sessions.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// login logs ada in.
func (w *world) login(t testing.TB, password string) error {
	t.Helper()
	_, err := w.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, models.Client{})
	return err
}

func (w *world) isLive(t testing.TB, p models.Principal) bool {
	t.Helper()
	_, err := w.store.Sessions.WithUser(t.Context(), p.Session.ID)
	return err == nil
}

// want fails the test unless got is want.
func want(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// inBubble runs a test whose time is fake, see testing/synctest. The embedded database works there.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// pass lets time go by in a bubble.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// clock stands still until a test moves it, or follows the time of a bubble.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	follows bool
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.follows {
		return now()
	}
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stages is a hasher whose hashes tell their cost: those of another cost are stale. Before it
// answers it runs what a test wants to happen in between.
type stages struct {
	cost         string
	beforeAnswer func()
}

func (h *stages) Hash(_ context.Context, password string) (string, error) {
	return h.cost + "$" + password, nil
}

func (h *stages) Verify(_ context.Context, hash, password string) (ok, stale bool, err error) {
	if do := h.beforeAnswer; do != nil {
		h.beforeAnswer = nil
		do()
	}
	cost, hashed, _ := strings.Cut(hash, "$")
	return hashed == password && hash != "", cost != h.cost, nil
}

// limiter counts by limit and key, and never refills. Its zero value allows everything.
type limiter struct {
	mu    sync.Mutex
	taken map[string]int           // by the name of the limit and the key: "mail ada@example.com"
	allow func(services.Limit) int // how often each key may be taken; nil: any number
}

func (l *limiter) Take(_ context.Context, limit services.Limit, key string) services.LimitState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken == nil {
		l.taken = map[string]int{}
	}
	l.taken[limit.Name+" "+key]++
	return services.LimitState{Allowed: l.allow == nil || l.taken[limit.Name+" "+key] <= l.allow(limit), RetryAfter: time.Second}
}

func (l *limiter) Forget(_ context.Context, limit services.Limit, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.taken, limit.Name+" "+key)
}

// sum returns how often the limit was taken under all keys.
func (l *limiter) sum(name string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, taken := range l.taken {
		if strings.HasPrefix(key, name+" ") {
			n += taken
		}
	}
	return n
}

// sealer hides nothing and binds what it seals to its context, as the real one does.
type sealer struct{}

func (sealer) Seal(plain []byte, context string) string {
	return base64.StdEncoding.EncodeToString([]byte(context + "\n" + string(plain)))
}

func (sealer) Open(sealed, context string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(sealed)
	rest, ok := strings.CutPrefix(string(text), context+"\n")
	if err != nil || !ok {
		return nil, errors.New("sealed for another place")
	}
	return []byte(rest), nil
}

func (sealer) IsCurrent(string) bool { return true }

// recorder records what is put into a store.
type recorder struct {
	repositories.OneTimeStore

	mu       sync.Mutex
	puts     []string
	afterUse func() // what a test wants to happen once a value has been used
}

func (r *recorder) Use(ctx context.Context, key string, keep time.Duration) (repositories.OneTimeValue, error) {
	value, err := r.OneTimeStore.Use(ctx, key, keep)
	if do := r.afterUse; do != nil {
		r.afterUse = nil
		do()
	}
	return value, err
}

func (r *recorder) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	r.mu.Lock()
	r.puts = append(r.puts, key, string(value))
	r.mu.Unlock()
	return r.OneTimeStore.Put(ctx, key, value, ttl)
}

// rival lets something happen between two looks at the identities.
type rival struct {
	repositories.IdentityReader

	mu   sync.Mutex
	then func() // after the next look
}

func (r *rival) BySubject(ctx context.Context, provider, subject string) (models.OAuthProvider, error) {
	found, err := r.IdentityReader.BySubject(ctx, provider, subject)
	r.mu.Lock()
	then := r.then
	r.then = nil
	r.mu.Unlock()
	if then != nil {
		then()
	}
	return found, err
}
