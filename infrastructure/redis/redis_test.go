package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
	"gofiber-auth/test/repositorytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logBook is what was logged, at every level.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

var discard = slog.New(slog.DiscardHandler)

// connect returns a client that is closed at the end of the test.
func connect(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Log == nil {
		o.Log = discard
	}
	o.Name = "redis-test"
	c, err := Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return c
}

// admin returns a client of the library's own, for what only operators do.
func admin(t *testing.T, s *redisserver.Server) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(options)
	t.Cleanup(func() {
		if err := rdb.Close(); err != nil {
			t.Error(err)
		}
	})
	return rdb
}

func TestOneTimeStore(t *testing.T) {
	t.Parallel()
	client := connect(t, Options{URL: redisserver.Start(t).URL()})
	var n atomic.Int32
	repositorytest.RunOneTimeStore(t, func(*testing.T) repositories.OneTimeStore {
		return NewOneTimeStore(client, fmt.Sprint("test", n.Add(1)))
	})
}

func TestUsedStates(t *testing.T) {
	t.Parallel()
	client := connect(t, Options{URL: redisserver.Start(t).URL()})
	var n atomic.Int32
	repositorytest.RunUsedStates(t, func(_ *testing.T, limit int) repositories.UsedStates {
		return NewUsedStates(client, fmt.Sprint("test", n.Add(1)), limit)
	})
}

// instances is the store as a crowd of instances sees it: each call goes to the next one.
type instances struct {
	stores []repositories.OneTimeStore
	calls  *atomic.Uint64
}

func (i instances) next() repositories.OneTimeStore {
	return i.stores[i.calls.Add(1)%uint64(len(i.stores))]
}

func (i instances) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return i.next().Put(ctx, key, value, ttl)
}

func (i instances) Get(ctx context.Context, key string) (repositories.OneTimeValue, error) {
	return i.next().Get(ctx, key)
}

func (i instances) Take(ctx context.Context, key string) ([]byte, error) {
	return i.next().Take(ctx, key)
}

func (i instances) Use(ctx context.Context, key string, keep time.Duration) (repositories.OneTimeValue, error) {
	return i.next().Use(ctx, key, keep)
}

func TestInstancesShareTheStore(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	one, two := connect(t, Options{URL: server.URL()}), connect(t, Options{URL: server.URL()})
	var n atomic.Int32
	repositorytest.RunOneTimeStore(t, func(*testing.T) repositories.OneTimeStore {
		prefix := fmt.Sprint("test", n.Add(1))
		return instances{[]repositories.OneTimeStore{NewOneTimeStore(one, prefix), NewOneTimeStore(two, prefix)}, new(atomic.Uint64)}
	})
}

func TestKeysHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	ours := connect(t, Options{URL: server.URL()})
	seventh := connect(t, Options{URL: strings.TrimSuffix(server.URL(), "/0") + "/7"})
	put(t, NewOneTimeStore(ours, "state"), "key", "state")
	put(t, NewOneTimeStore(ours, "code"), "key", "code")
	put(t, NewOneTimeStore(seventh, "code"), "key", "seventh")
	wantTaken(t, NewOneTimeStore(ours, "state"), "key", "state")
	wantTaken(t, NewOneTimeStore(seventh, "code"), "key", "seventh")

	rdb := admin(t, server)
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || keys[0] != "code:key" {
		t.Errorf("keys = %q, %v, want code:key", keys, err)
	}
	if ttl, err := rdb.PTTL(t.Context(), "code:key").Result(); err != nil || ttl <= 0 || ttl > time.Minute {
		t.Errorf("the key lives for %v, %v; want it to end by itself", ttl, err)
	}
	list, err := rdb.ClientList(t.Context()).Result()
	if err != nil || !strings.Contains(list, "name=redis-test") {
		t.Errorf("the server lists %q, %v; want our name in it", list, err)
	}
}

func TestAServerThatIsFull(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	store := NewOneTimeStore(connect(t, Options{URL: server.URL()}), "test")
	put(t, store, "taken", "value")
	put(t, store, "used", "value")
	rdb := admin(t, server)
	limit := func(bytes string) {
		t.Helper()
		if err := rdb.ConfigSet(t.Context(), "maxmemory", bytes).Err(); err != nil {
			t.Fatal(err)
		}
	}
	limit("1")
	if err := store.Put(t.Context(), "more", []byte("value"), time.Minute); !errors.Is(err, domain.ErrOverloaded) {
		t.Errorf("Put() = %v, want %v", err, domain.ErrOverloaded)
	}
	if _, err := store.Use(t.Context(), "used", time.Minute); !errors.Is(err, domain.ErrOverloaded) {
		t.Errorf("Use() = %v, want %v", err, domain.ErrOverloaded)
	}
	wantTaken(t, store, "taken", "value")
	limit("0")
	put(t, store, "more", "value")
	if used, err := store.Use(t.Context(), "used", time.Minute); err != nil || used.Uses != 1 {
		t.Errorf("Use() = %d, %v, want the first", used.Uses, err)
	}
}

func TestAServerThatForgetsScripts(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	store := NewOneTimeStore(connect(t, Options{URL: server.URL()}), "test")
	put(t, store, "key", "value")
	for want := 1; want <= 3; want++ {
		if used, err := store.Use(t.Context(), "key", time.Minute); err != nil || used.Uses != want {
			t.Errorf("Use() = %d, %v, want %d", used.Uses, err, want)
		}
		if err := admin(t, server).ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAValueOfSomebodyElse(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	store := NewOneTimeStore(connect(t, Options{URL: server.URL()}), "test")
	rdb := admin(t, server)
	if err := errors.Join(rdb.Set(t.Context(), "test:text", "t0p-s3cret", 0).Err(), rdb.LPush(t.Context(), "test:list", "t0p-s3cret").Err()); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"text", "list"} {
		for i := range 2 {
			var err error
			if i == 0 {
				_, err = store.Use(t.Context(), key, time.Minute)
			} else {
				_, err = store.Get(t.Context(), key)
			}
			if err == nil || errors.Is(err, domain.ErrNotFound) || strings.Contains(err.Error(), "t0p-s3cret") {
				t.Errorf("%s: %v, want an error that does not tell it", key, err)
			}
		}
	}
}

func put(t *testing.T, store *OneTimeStore, key, value string) {
	t.Helper()
	if err := store.Put(t.Context(), key, []byte(value), time.Minute); err != nil {
		t.Fatalf("Put() = %v", err)
	}
}

func wantTaken(t *testing.T, store *OneTimeStore, key, value string) {
	t.Helper()
	if got, err := store.Take(t.Context(), key); err != nil || string(got) != value {
		t.Errorf("Take() = %q, %v, want %q", got, err, value)
	}
}

// soonWorks waits until the store can be used again.
func soonWorks(t *testing.T, store *OneTimeStore) {
	t.Helper()
	harness.Eventually(t, "the store works", func() error {
		return store.Put(t.Context(), "again", []byte("value"), time.Minute)
	})
	wantTaken(t, store, "again", "value")
}
