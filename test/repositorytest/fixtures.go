package repositorytest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// now is the time of all fixtures, in a zone and of a precision that no database keeps.
var now = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("Bangkok", 7*60*60))

// kept is what a database makes of a time.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

var ids atomic.Uint64

// newID returns a UUIDv7 above all that it returned before.
func newID() string {
	var b [16]byte
	rand.Read(b[8:])
	n := ids.Add(1) + 0x0199_0000_0000<<12
	for i := range 6 {
		b[5-i] = byte(n >> (12 + 8*i))
	}
	b[6], b[7] = 0x70|byte(n>>8)&0x0f, byte(n)
	b[8] = 0x80 | b[8]&0x3f
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// account returns an active user of the given name, as a database keeps it.
func account(name string) models.User {
	return models.User{
		ID: newID(), Email: models.NormalizeEmail(name) + "@example.com", Username: name, PasswordHash: "$2a$10$hash",
		Role: models.RoleUser, IsActive: true, Version: 1, CreatedAt: kept(now), UpdatedAt: kept(now),
	}
}

// session returns a session of the user that lives for a day.
func session(u models.User) (models.Session, models.RefreshToken) {
	s := models.Session{
		ID: newID(), UserID: u.ID, UserAgent: "curl/8.5.0", IP: "203.0.113.7",
		CreatedAt: kept(now), LastUsedAt: kept(now.Add(time.Minute)), ExpiresAt: kept(now.Add(24 * time.Hour)),
	}
	hash := make([]byte, 32)
	rand.Read(hash)
	return s, models.RefreshToken{Hash: hash, SessionID: s.ID, CreatedAt: s.CreatedAt}
}

// identity returns the identity that the user has at a provider, as a database keeps it.
func identity(u models.User, provider string) models.OAuthProvider {
	id := newID()
	return models.OAuthProvider{
		ID: id, UserID: u.ID, Provider: provider, ProviderID: "subject-" + id,
		AccessToken: "v1.access", RefreshToken: "v1.refresh", TokenExpiresAt: new(kept(now.Add(time.Hour))),
		ProfileData: []byte(`{"name": "สมชาย"}`), CreatedAt: kept(now), UpdatedAt: kept(now),
	}
}

// event returns the event of the given version of the user, as a database keeps it.
func event(u models.User, version int64) models.OutboxEvent {
	action := models.ActionUpdated
	if version == 1 {
		action = models.ActionCreated
	}
	return models.OutboxEvent{
		ID: newID(), UserID: u.ID, Version: version, Action: action, Email: u.Email, Username: u.Username,
		RequestID: "request-1", OccurredAt: kept(now),
	}
}

// user stores a user of the given name.
func (s store) user(t *testing.T, name string) models.User {
	t.Helper()
	u := account(name)
	s.create(t, u)
	return u
}

// create stores users.
func (s store) create(t *testing.T, users ...models.User) {
	t.Helper()
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		for _, u := range users {
			if err := r.Users.Create(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
}

// logIn stores a session of the user and returns it.
func (s store) logIn(t *testing.T, u models.User, change ...func(*models.Session)) models.Session {
	t.Helper()
	session, token := session(u)
	for _, c := range change {
		c(&session)
	}
	s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Create(ctx, session, token) })
	return session
}

// link stores identities.
func (s store) link(t *testing.T, identities ...models.OAuthProvider) {
	t.Helper()
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		for _, i := range identities {
			if err := r.Identities.Create(ctx, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// append stores events, some in each unit of work.
func (s store) append(t *testing.T, events ...models.OutboxEvent) {
	t.Helper()
	for some := range slices.Chunk(events, 100) {
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			for _, e := range some {
				if err := r.Outbox.Append(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// change locks the user, changes it and saves it.
func change(id string, fn func(*models.User)) func(ctx context.Context, r repositories.Set) error {
	return func(ctx context.Context, r repositories.Set) error {
		u, err := r.Users.ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		fn(&u)
		return r.Users.Save(ctx, u)
	}
}

// wantSame compares what two values hold, behind pointers too, and the zones of times.
func wantSame(t *testing.T, got, want any) {
	t.Helper()
	if g, w := inJSON(t, got), inJSON(t, want); g != w {
		t.Fatalf("got  %s\nwant %s", g, w)
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// wantGot takes what a call returned, which must be want and no error.
func wantGot[V any](t *testing.T, want V) func(got V, err error) {
	t.Helper()
	return func(got V, err error) {
		t.Helper()
		noError(t, "the call", err)
		wantSame(t, got, want)
	}
}

// wantRefused runs a unit of work that must fail with want.
func (s store) wantRefused(t *testing.T, want error, fn func(ctx context.Context, r repositories.Set) error) {
	t.Helper()
	wantError(t, "Do()", s.Work.Do(t.Context(), fn), want)
}

// lenOf returns how many a call returned, or -1 where it failed.
func lenOf[V any](values []V, err error) int {
	if err != nil {
		return -1
	}
	return len(values)
}

func errOf[V any](_ V, err error) error { return err }

func noError(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// atOnce runs fn n times at once and returns the errors.
func atOnce(n int, fn func(i int) error) []error {
	var (
		start = make(chan struct{})
		done  = make(chan error)
	)
	for i := range n {
		go func() {
			<-start
			done <- fn(i)
		}()
	}
	close(start)
	errs := make([]error, n)
	for i := range errs {
		errs[i] = <-done
	}
	return errs
}

func trues(of []bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}

// wantCounts tells how many of the errors there must be of each kind; nil is success.
func wantCounts(t *testing.T, errs []error, want map[error]int) {
	t.Helper()
	counts := map[error]int{}
	for _, err := range errs {
		kind := fmt.Errorf("unexpected: %w", err)
		for w := range want {
			if errors.Is(err, w) {
				kind = w
			}
		}
		counts[kind]++
	}
	for kind, n := range counts {
		if want[kind] != n {
			t.Fatalf("%d times %v, want %d times", n, kind, want[kind])
		}
	}
}

// soon waits until a condition holds.
func soon(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
