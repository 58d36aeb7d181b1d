package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
)

func TestLiveSessions(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	var asked atomic.Int32
	auth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") != "Bearer of the live" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"id":"ada"}`))
	}))
	t.Cleanup(auth.Close)
	live := LiveSessions{Redis: rdb, Prefix: "auth", Auth: AuthService{URL: auth.URL, Client: auth.Client()}}
	claims := Claims{SessionID: "s1"}
	claims.Subject = "ada"
	check := func(what, token string, want error, questions int32) {
		t.Helper()
		asked.Store(0)
		if err := live.Check(t.Context(), claims, token); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if n := asked.Load(); n != questions {
			t.Errorf("%s: the auth service was asked %d times", what, n)
		}
	}

	check("Redis does not know the session", "of the live", nil, 1)
	check("nobody knows it", "of the dead", errRefused, 1)
	if err := rdb.Set(t.Context(), "auth:session:s1", "ada", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	check("Redis knows it", "of the live", nil, 0)

	heard := make(chan string, 1)
	background(t, func(ctx context.Context) error {
		return live.FollowEnds(ctx, func(sessionID, userID string) { heard <- sessionID + " of " + userID })
	})
	harness.Eventually(t, "somebody listens", func() error {
		n, err := rdb.Publish(t.Context(), "auth:sessions:ended", `{"sid":"s1","userId":"ada"}`).Result()
		if err == nil && n == 0 {
			err = harness.ErrNotYet
		}
		return err
	})
	if got := <-heard; got != "s1 of ada" {
		t.Errorf("heard of %s", got)
	}
	server.Kill(t)
	check("Redis is away", "of the live", nil, 1)
}
