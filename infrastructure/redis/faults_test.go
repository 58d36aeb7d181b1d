package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
)

// wantAway makes all calls at once and wants each to fail soon, and to say nothing of where and
// what.
func wantAway(t *testing.T, c *Client, store *OneTimeStore) {
	t.Helper()
	ctx := t.Context()
	var wg sync.WaitGroup
	defer wg.Wait()
	for name, call := range map[string]func() error{
		"Put":  func() error { return store.Put(ctx, "k3y", []byte("v4lue"), time.Minute) },
		"Get":  func() error { _, err := store.Get(ctx, "k3y"); return err },
		"Take": func() error { _, err := store.Take(ctx, "k3y"); return err },
		"Use":  func() error { _, err := store.Use(ctx, "k3y", time.Minute); return err },
		"Ping": func() error { return c.Ping(ctx) },
		"Check": func() error {
			if state := c.Check(ctx); state != "down: no answer" {
				return errors.New(state)
			}
			return domain.ErrUnavailable
		},
	} {
		wg.Go(func() {
			begin := time.Now()
			err := call()
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s() = %v, want %v", name, err, domain.ErrUnavailable)
			} else if told := err.Error(); strings.Contains(told, "127.0.0.1") || strings.Contains(told, "k3y") || strings.Contains(told, "v4lue") {
				t.Errorf("%s() tells %s", name, told)
			}
			if took := time.Since(begin); took > harness.Patience {
				t.Errorf("%s() took %v", name, took)
			}
		})
	}
}

func TestRedisThatComesLater(t *testing.T) {
	t.Parallel()
	server, log := redisserver.New(t), new(logBook)
	c := connect(t, Options{URL: server.URL(), Log: log.logger()})
	store := NewOneTimeStore(c, "test")
	wantAway(t, c, store)
	if line := "redis is away"; strings.Count(log.String(), line) != 1 || !strings.Contains(log.String(), "the connection is refused") {
		t.Errorf("want one line %q with its reason, got\n%s", line, log)
	}
	server.Start(t)
	soonWorks(t, store)
	if state := c.Check(t.Context()); state != "ok" {
		t.Errorf("Check() = %q, want ok", state)
	}
	if !strings.Contains(log.String(), "connected to redis") {
		t.Errorf("want a line that it is there, got\n%s", log)
	}
	if strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the address was logged:\n%s", log)
	}
}

func TestRedisThatIsKilled(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	c := connect(t, Options{URL: server.URL()})
	store := NewOneTimeStore(c, "test")

	// Much is under way when it happens.
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := store.Put(ctx, "key", []byte("value"), time.Minute)
				if err != nil && ctx.Err() == nil && !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("Put() = %v", err)
				}
			}
		})
	}
	server.Kill(t)
	wantAway(t, c, store)
	server.Start(t)
	soonWorks(t, store)
	stop()
	wg.Wait()

	server.Restart(t) // while nothing is under way, and connections wait
	put(t, store, "key", "the first call works")
	wantTaken(t, store, "key", "the first call works")
}

func TestRedisThatHangs(t *testing.T) {
	t.Parallel()
	server, log := redisserver.Start(t), new(logBook)
	c := connect(t, Options{URL: server.URL(), Log: log.logger()})
	store := NewOneTimeStore(c, "test")
	put(t, store, "before", "value")
	server.Pause(t)
	wantAway(t, c, store)

	// More at once than there are connections.
	begin := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if _, err := store.Take(t.Context(), "before"); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("Take() = %v, want %v", err, domain.ErrUnavailable)
			}
		})
	}
	wg.Wait()
	if took := time.Since(begin); took > harness.Patience {
		t.Errorf("200 calls at once took %v", took)
	}
	if !strings.Contains(log.String(), "no answer in time") {
		t.Errorf("want a line that says why, got\n%s", log)
	}
	server.Continue(t)
	soonWorks(t, store)
}

func TestTheCallersTimeCounts(t *testing.T) {
	t.Parallel()
	server, log := redisserver.Start(t), new(logBook)
	store := NewOneTimeStore(connect(t, Options{URL: server.URL(), Log: log.logger()}), "test")
	put(t, store, "key", "value")
	server.Pause(t)
	defer server.Continue(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := store.Get(ctx, "key") // callWithin would end it as domain.ErrUnavailable
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, domain.ErrOverloaded) {
		t.Errorf("Get() = %v, want the context's end as %v", err, domain.ErrOverloaded)
	}
	if strings.Contains(log.String(), "away") {
		t.Errorf("redis was blamed:\n%s", log)
	}
}

func TestNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	wire := harness.NewWire(t, server.Addr)
	direct := NewOneTimeStore(connect(t, Options{URL: server.URL()}), "test")
	far := NewOneTimeStore(connect(t, Options{URL: "redis://" + wire.Addr}), "test")
	put(t, far, "taken", "value")
	put(t, far, "used", "value")
	if _, err := far.Use(t.Context(), "used", time.Minute); err != nil { // the script is known now
		t.Fatal(err)
	}

	var asked atomic.Int32
	var lose atomic.Bool // the next answer
	wire.Watch(func(toServer bool, chunk []byte) harness.Fate {
		command := strings.ToLower(string(chunk))
		switch {
		case toServer && (strings.Contains(command, "getdel") || strings.Contains(command, "evalsha")):
			asked.Add(1)
			lose.Store(true)
		case !toServer && lose.Swap(false):
			return harness.Sever
		}
		return harness.Pass
	})
	if _, err := far.Take(t.Context(), "taken"); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Take() whose answer was lost = %v, want %v", err, domain.ErrUnavailable)
	}
	if n := asked.Swap(0); n != 1 {
		t.Errorf("Take() was sent %d times", n)
	}
	if _, err := far.Use(t.Context(), "used", time.Minute); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Use() whose answer was lost = %v, want %v", err, domain.ErrUnavailable)
	}
	if n := asked.Swap(0); n != 1 {
		t.Errorf("Use() was sent %d times", n)
	}
	if _, err := direct.Take(t.Context(), "taken"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Take() of what was taken = %v, want %v", err, domain.ErrNotFound)
	}
	if used, err := direct.Use(t.Context(), "used", time.Minute); err != nil || used.Uses != 3 {
		t.Errorf("Use() = %d, %v, want the third", used.Uses, err)
	}
}
