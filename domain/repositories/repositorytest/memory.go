package repositorytest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Memory is all ports over maps. The zero value is empty and ready. Like the embedded
// database it runs one unit of work at a time, and readers see the last one that committed.
type Memory struct {
	writing sync.Mutex // held by the unit of work that runs

	mu      sync.Mutex
	state   state // never changed, only replaced
	failure error
}

var (
	_ repositories.UnitOfWork      = (*Memory)(nil)
	_ repositories.UserReader      = (*Memory)(nil)
	_ repositories.SessionReader   = (*Memory)(nil)
	_ repositories.SessionLister   = (*Memory)(nil)
	_ repositories.SessionPages    = (*Memory)(nil)
	_ repositories.ExpiredSessions = (*Memory)(nil)
	_ repositories.OutboxQueue     = (*Memory)(nil)
	_ repositories.Backlog         = (*Memory)(nil)
	_ repositories.PublishedEvents = (*Memory)(nil)
	_ repositories.Replays         = (*Memory)(nil)
	_ repositories.Leases          = (*Memory)(nil)
	_ repositories.Deliveries      = (*Memory)(nil)
	_ repositories.IdentityReader  = (*Memory)(nil)
	_ repositories.ProviderTokens  = ProviderTokens{}
	_ repositories.AuditReader     = AuditLog{}
	_ repositories.ExpiredAudit    = AuditLog{}
	_ repositories.EventHistory    = (*Memory)(nil)

	_ repositories.MailQueue         = (*Memory)(nil)
	_ repositories.MailTokenReader   = (*Memory)(nil)
	_ repositories.ExpiredMailTokens = (*Memory)(nil)
)

// Store returns all ports over m.
func (m *Memory) Store() Store {
	return Store{
		Work: m, Users: m, Sessions: m, Live: m, Pages: m, Expired: m, Outbox: m, Backlog: m, Published: m, Replays: m, Leases: m,
		Deliveries: m, ByHTTP: ByHTTP{m}, Identities: m, Tokens: ProviderTokens{m},
		Addresses: m,
		Audit:     AuditLog{m}, OldAudit: AuditLog{m}, History: m,
		Mails: m, MailTokens: m, ExpiredTokens: m,
	}
}

// Fail makes every call fail with err from now on, such as domain.ErrUnavailable; nil ends that.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// Events returns every event that the outbox holds, published or not, oldest first.
func (m *Memory) Events() []models.OutboxEvent {
	m.mu.Lock()
	defer m.mu.Unlock()
	var events []models.OutboxEvent
	for _, id := range slices.Sorted(maps.Keys(m.state.events)) {
		events = append(events, m.state.events[id].OutboxEvent)
	}
	return events
}

// SessionsOf returns the sessions of the user, oldest first.
func (m *Memory) SessionsOf(userID string) []models.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	var sessions []models.Session
	for _, id := range slices.Sorted(maps.Keys(m.state.sessions)) {
		if s := m.state.sessions[id]; s.UserID == userID {
			sessions = append(sessions, s)
		}
	}
	return sessions
}

// RefreshTokensOf returns the refresh tokens of the session.
func (m *Memory) RefreshTokensOf(sessionID string) []models.RefreshToken {
	m.mu.Lock()
	defer m.mu.Unlock()
	var tokens []models.RefreshToken
	for _, hash := range slices.Sorted(maps.Keys(m.state.tokens)) {
		if t := m.state.tokens[hash]; t.SessionID == sessionID {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// Do runs fn on a copy of the state, which replaces it if fn returns nil.
func (m *Memory) Do(ctx context.Context, fn func(ctx context.Context, r repositories.Set) error) error {
	return m.do(ctx, fn, false)
}

func (m *Memory) do(ctx context.Context, fn func(ctx context.Context, r repositories.Set) error, byHTTP bool) error {
	return m.write(ctx, func(s *state) error {
		if err := fn(ctx, repositories.Set{
			Users: memoryUsers{s}, Sessions: memorySessions{s}, Identities: memoryIdentities{s}, Outbox: memoryOutbox{s, byHTTP},
			Audit: memoryAudit{s},
			Mails: memoryMails{s}, Tokens: memoryMailTokens{s},
		}); err != nil {
			return err
		}
		return gone(ctx)
	})
}

func (m *Memory) write(ctx context.Context, fn func(*state) error) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	s, err := m.read(ctx)
	if err != nil {
		return err
	}
	s = s.clone()
	if err := fn(&s); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
	return nil
}

// read returns what has been committed; it must not be changed.
func (m *Memory) read(ctx context.Context) (state, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, errors.Join(m.failure, gone(ctx))
}

// gone tells why ctx ended, as a database does.
func gone(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return domain.ErrOverloaded.Because(ctx.Err())
	}
	return ctx.Err()
}

// state is the tables by their primary keys.
type state struct {
	users    map[string]models.User
	sessions map[string]models.Session
	tokens   map[string]models.RefreshToken
	events   map[string]memoryEvent
	leases   map[string]memoryLease

	deliveries map[string]memoryDelivery
	identities map[string]models.OAuthProvider
	audit      map[string]models.AuditEntry
	mails      map[string]memoryMail
	mailTokens map[string]models.MailToken // by their hashes
}

type memoryEvent struct {
	models.OutboxEvent
	publishedAt time.Time // the zero time: waits
	ack         repositories.Published
}

type memoryLease struct {
	holder  string
	expires time.Time
}

func (s state) clone() state {
	return state{
		cloned(s.users), cloned(s.sessions), cloned(s.tokens), cloned(s.events), cloned(s.leases),
		cloned(s.deliveries), cloned(s.identities), cloned(s.audit), cloned(s.mails), cloned(s.mailTokens),
	}
}

func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// ByID is as the port says, and so are the methods below.
func (m *Memory) ByID(ctx context.Context, id string) (models.User, error) {
	return m.user(ctx, func(u models.User) bool { return u.ID == strings.ToLower(id) })
}

// ByEmail compares without regard to case.
func (m *Memory) ByEmail(ctx context.Context, email string) (models.User, error) {
	return m.user(ctx, func(u models.User) bool { return fold(u.Email) == fold(email) })
}

// ByUsername compares without regard to case.
func (m *Memory) ByUsername(ctx context.Context, username string) (models.User, error) {
	return m.user(ctx, func(u models.User) bool { return fold(u.Username) == fold(username) })
}

func (m *Memory) user(ctx context.Context, is func(models.User) bool) (models.User, error) {
	s, err := m.read(ctx)
	if err != nil {
		return models.User{}, err
	}
	for _, u := range s.users {
		if is(u) {
			return copyUser(u), nil
		}
	}
	return models.User{}, domain.ErrNotFound
}

// Page returns domain.ErrNotFound where q.After is no id.
func (m *Memory) Page(ctx context.Context, q repositories.UserQuery) ([]models.User, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	if q.After != "" && !isID(q.After) {
		return nil, domain.ErrNotFound
	}
	var (
		users  []models.User
		prefix = fold(q.Prefix)
	)
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		u := s.users[id]
		if len(users) < q.Limit && id > strings.ToLower(q.After) &&
			(strings.HasPrefix(fold(u.Email), prefix) || strings.HasPrefix(fold(u.Username), prefix)) {
			users = append(users, copyUser(u))
		}
	}
	return users, nil
}

// WithUser returns a session and its user.
func (m *Memory) WithUser(ctx context.Context, sessionID string) (models.Principal, error) {
	s, err := m.read(ctx)
	if err != nil {
		return models.Principal{}, err
	}
	session, ok := s.sessions[strings.ToLower(sessionID)]
	if !ok {
		return models.Principal{}, domain.ErrNotFound
	}
	return models.Principal{User: copyUser(s.users[session.UserID]), Session: session}, nil
}

// LiveOf returns the sessions that have not expired.
func (m *Memory) LiveOf(ctx context.Context, userID string, t time.Time) ([]models.Session, error) {
	s, err := m.read(ctx)
	if err != nil {
		return nil, err
	}
	var live []models.Session
	for _, session := range s.sessions {
		if session.UserID == strings.ToLower(userID) && session.IsLive(kept(t)) {
			live = append(live, session)
		}
	}
	slices.SortFunc(live, func(a, b models.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	})
	return live, nil
}

// DeleteExpired removes what expired first.
func (m *Memory) DeleteExpired(ctx context.Context, t time.Time, limit int) (deleted int64, err error) {
	err = m.write(ctx, func(s *state) error {
		for id, session := range s.sessions {
			if session.ExpiresAt.Before(kept(t)) && deleted < int64(limit) {
				s.deleteSession(id)
				deleted++
			}
		}
		return nil
	})
	return deleted, err
}
