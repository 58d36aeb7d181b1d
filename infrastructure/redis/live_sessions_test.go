package redis

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/metrics"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
	"gofiber-auth/test/storage"
)

const copyPrefix = "a[uth]*"

// copyWorld is a database with the sessions of one user, and a Redis for copies of them.
type copyWorld struct {
	*redisserver.Server

	store  *storage.Storage
	userID string
}

func newCopyWorld(t *testing.T) *copyWorld {
	t.Helper()
	w := &copyWorld{Server: redisserver.Start(t), store: storage.Open(t), userID: newUUID()}
	w.store.Do(t, func(ctx context.Context, r repositories.Set) error {
		return r.Users.Create(ctx, models.User{ID: w.userID, Email: "ada@example.com", Username: "ada", Role: models.RoleUser, IsActive: true})
	})
	return w
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

// begin stores a session in the database that was used so long ago, and tells nobody.
func (w *copyWorld) begin(t *testing.T, ago time.Duration) repositories.SessionChange {
	t.Helper()
	used := time.Now().Add(-ago)
	s := models.Session{ID: newUUID(), UserID: w.userID, CreatedAt: used, LastUsedAt: used, ExpiresAt: used.Add(24 * time.Hour)}
	w.store.Do(t, func(ctx context.Context, r repositories.Set) error {
		return r.Sessions.Create(ctx, s, models.RefreshToken{Hash: []byte(s.ID), SessionID: s.ID, CreatedAt: used})
	})
	return repositories.SessionChange{Session: s}
}

// end removes a session from the database and tells nobody.
func (w *copyWorld) end(t *testing.T, c repositories.SessionChange) repositories.SessionChange {
	t.Helper()
	w.store.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, c.Session.ID) })
	return repositories.SessionChange{Session: models.Session{ID: c.Session.ID, UserID: c.Session.UserID}, Ended: true}
}

// instance returns the copy as one more instance of the service keeps it; it does not run yet.
func (w *copyWorld) instance(t *testing.T) *LiveSessions {
	t.Helper()
	return NewLiveSessions(connect(t, Options{URL: w.URL()}), LiveSessionsOptions{
		Prefix: copyPrefix, TokenLifetime: 15 * time.Minute, Sessions: w.store.Sessions, Metrics: metrics.New("test"), Log: discard,
	})
}

// run lets an instance run until the end of the test or until stop.
func run(t *testing.T, l *LiveSessions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// complete waits until the copy is complete.
func (w *copyWorld) complete(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "the copy is complete", func() error {
		n, err := admin(t, w.Server).Exists(t.Context(), copyPrefix+":sessions:copied").Result()
		if err == nil && n == 0 {
			err = harness.ErrNotYet
		}
		return err
	})
}

// wantCopy fails the test unless exactly these sessions are in the copy.
func (w *copyWorld) wantCopy(t *testing.T, sessions ...repositories.SessionChange) {
	t.Helper()
	if err := w.copyIs(t, sessions...); err != nil {
		t.Fatal(err)
	}
}

func (w *copyWorld) copyIs(t *testing.T, sessions ...repositories.SessionChange) error {
	t.Helper()
	rdb := admin(t, w.Server)
	keys, err := rdb.Keys(t.Context(), "*:session:*").Result()
	if err != nil {
		return err
	}
	if len(keys) != len(sessions) {
		return fmt.Errorf("the copy is %q, want %d sessions", keys, len(sessions))
	}
	for _, s := range sessions {
		got, err := rdb.Get(t.Context(), copyPrefix+":session:"+s.Session.ID).Result()
		if err != nil {
			return err
		}
		if got != s.Session.UserID {
			return fmt.Errorf("session %s is of %q", s.Session.ID, got)
		}
	}
	return nil
}

func (w *copyWorld) becomes(t *testing.T, sessions ...repositories.SessionChange) {
	t.Helper()
	harness.Eventually(t, "the copy is right", func() error { return w.copyIs(t, sessions...) })
}

// announcements returns what is announced from now on.
func (w *copyWorld) announcements(t *testing.T) func() string {
	t.Helper()
	sub := admin(t, w.Server).Subscribe(t.Context(), copyPrefix+":sessions:ended")
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close() })
	return func() string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
		defer cancel()
		m, err := sub.ReceiveMessage(ctx)
		if err != nil {
			t.Fatalf("nothing was announced: %v", err)
		}
		return m.Payload
	}
}

func announced(c repositories.SessionChange) string {
	return `{"sid":"` + c.Session.ID + `","userId":"` + c.Session.UserID + `"}`
}

func changed(l *LiveSessions, changes ...repositories.SessionChange) time.Duration {
	begun := time.Now()
	l.Changed(context.Background(), changes)
	return time.Since(begun)
}

// wantNoWait fails the test if each of many calls waits as long as a change waits for Redis at most.
func wantNoWait(t *testing.T, call func()) {
	t.Helper()
	begun := time.Now()
	for range 1000 {
		call()
		if took := time.Since(begun); took > harness.Patience {
			t.Fatalf("the calls have taken %v", took)
		}
	}
}

// When Changed returns, the others see it.
func TestLiveSessionsAreCopied(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	one, two := w.instance(t), w.instance(t)
	run(t, one)
	run(t, two)
	w.complete(t)
	next := w.announcements(t)
	first, second := w.begin(t, 0), w.begin(t, 0)
	changed(one, first, second)
	w.wantCopy(t, first, second)
	ended := w.end(t, first)
	changed(two, ended)
	w.wantCopy(t, second)
	if got, want := next(), announced(first); got != want {
		t.Errorf("announced %s, want %s", got, want)
	}
	changed(one, first) // of a commit before the end, told of late
	w.wantCopy(t, second)
	changed(one, w.end(t, second), second) // in whichever order
	w.wantCopy(t)
}

func TestACopyLivesAsLongAsAnAccessToken(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	l := w.instance(t)
	run(t, l)
	w.complete(t)
	wantTTL := func(c repositories.SessionChange, want time.Duration) {
		t.Helper()
		got, err := admin(t, w.Server).PTTL(t.Context(), copyPrefix+":session:"+c.Session.ID).Result()
		if err != nil || got > want || got < want-10*time.Second {
			t.Errorf("it lives for %v, %v, want %v", got, err, want)
		}
	}
	used := w.begin(t, 5*time.Minute)
	changed(l, used)
	wantTTL(used, 11*time.Minute)
	again := used
	again.Session.LastUsedAt = time.Now()
	changed(l, again)
	wantTTL(used, 16*time.Minute)
	changed(l, used) // the earlier refresh, told of late
	wantTTL(used, 16*time.Minute)

	short := w.begin(t, 0)
	short.Session.ExpiresAt = time.Now().Add(time.Minute)
	changed(l, short)
	wantTTL(short, time.Minute)
	over := w.begin(t, 0)
	over.Session.ExpiresAt = time.Now().Add(-time.Second)
	changed(l, over)
	w.wantCopy(t, used, short)
}

func TestRedisDiesAndComesBack(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	l := w.instance(t)
	run(t, l)
	w.complete(t)
	old, stays, goes := w.begin(t, 17*time.Minute), w.begin(t, 10*time.Minute), w.begin(t, 0)
	changed(l, old, stays, goes)
	w.wantCopy(t, stays, goes)

	w.Kill(t)
	during := w.begin(t, 0)
	changed(l, during)
	harness.Eventually(t, "it is known that Redis is away", func() error {
		if !l.isAway() {
			return harness.ErrNotYet
		}
		return nil
	})
	ended := w.end(t, goes)
	wantNoWait(t, func() { changed(l, ended) })
	w.Start(t)
	w.becomes(t, stays, during)
	changed(l, goes)
	w.wantCopy(t, stays, during)
}

// A Redis that hangs holds a request up for a moment, and the next ones not at all.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	l := w.instance(t)
	run(t, l)
	w.complete(t)
	s := w.begin(t, 0)
	w.Pause(t)
	if took := changed(l, s); took < 100*time.Millisecond || took > harness.Patience {
		t.Errorf("the change waited for %v, want 250 ms", took)
	}
	w.Continue(t)
	w.becomes(t, s)
}

// Who empties Redis under a running service gets the copy back.
func TestRedisForgets(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	s := w.begin(t, time.Minute)
	run(t, w.instance(t))
	w.complete(t)
	w.wantCopy(t, s)
	if err := admin(t, w.Server).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.becomes(t, s)
}

// An instance that dies between a commit and Redis leaves a session in the copy that has ended;
// the next one to start finds it.
func TestWhatEndedUntoldIsFound(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	first := w.instance(t)
	stop := run(t, first)
	w.complete(t)
	dead, lives := w.begin(t, 0), w.begin(t, 0)
	changed(first, dead, lives)
	w.end(t, dead)
	stop()
	if err := admin(t, w.Server).Set(t.Context(), "auth:session:"+dead.Session.ID, "somebody else's", 0).Err(); err != nil {
		t.Fatal(err)
	}
	next := w.announcements(t)
	run(t, w.instance(t))
	if got := next(); got != announced(dead) {
		t.Errorf("announced %s, want %s", got, announced(dead))
	}
	if err := admin(t, w.Server).GetDel(t.Context(), "auth:session:"+dead.Session.ID).Err(); err != nil {
		t.Errorf("what only looks like ours was touched: %v", err)
	}
	w.wantCopy(t, lives)
}

// authctl has no time for more than its own change.
func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	w := newCopyWorld(t)
	l := w.instance(t)
	next := w.announcements(t)
	s := w.begin(t, 0)
	ended := w.end(t, s)
	wantNoWait(t, func() { changed(l, s, ended) }) // there is no goroutine yet that writes
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := next(); got != announced(s) {
		t.Errorf("announced %s", got)
	}
	w.wantCopy(t)
}
