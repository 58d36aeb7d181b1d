package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/test/harness"
	"gofiber-auth/test/redisserver"
)

// sidOf returns the session of the access token.
func sidOf(t *testing.T, a auth) string {
	t.Helper()
	var claims struct{ SID string }
	parts := strings.Split(a.Token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.SID == "" {
		t.Fatalf("%v in the token", err)
	}
	return claims.SID
}

// Other services see in Redis which sessions live, whichever instance begins or ends them, and
// a Redis that dies takes nothing down.
func TestLiveSessionsInRedis(t *testing.T) {
	t.Parallel()
	server := redisserver.Start(t)
	instances, env := twoInstances(t, map[string]string{"REDIS_URL": server.URL(), "APP_NAME": "auth one"})
	one, two := instances[0], instances[1]
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = rdb.Close() })
	userOf := func(a auth) string {
		t.Helper()
		user, err := rdb.Get(t.Context(), "auth-one:session:"+sidOf(t, a)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		return user
	}
	eventually(t, "the copy is complete", func() error {
		n, err := rdb.Exists(t.Context(), "auth-one:sessions:copied").Result()
		if err == nil && n == 0 {
			err = errNotYet
		}
		return err
	})

	ended := rdb.Subscribe(t.Context(), "auth-one:sessions:ended")
	t.Cleanup(func() { _ = ended.Close() })
	if _, err := ended.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantAnnounced := func(a auth) {
		t.Helper()
		select {
		case m := <-ended.Channel():
			if want := fmt.Sprintf(`{"sid":%q,"userId":%q}`, sidOf(t, a), a.User.ID); m.Payload != want {
				t.Errorf("announced %s, want %s", m.Payload, want)
			}
		case <-time.After(harness.Patience):
			t.Fatal("no end was announced")
		}
	}

	ada := one.register(t, "ada")
	if userOf(ada) != ada.User.ID {
		t.Error("a log-in is not in Redis")
	}
	ada = two.mustRefresh(t, ada.RefreshToken)
	two.must(t, "POST", "/api/v1/auth/logout", ada.Token, "", 204, nil)
	if userOf(ada) != "" {
		t.Error("a log-out is not in Redis")
	}
	wantAnnounced(ada)

	grace, linus, lin := one.register(t, "grace"), one.register(t, "linus"), one.register(t, "lin")
	if code, output := authctl(t, env, "", "user", "disable", "grace@example.com"); code != 0 {
		t.Fatalf("authctl user disable: %d %s", code, output)
	}
	if userOf(grace) != "" {
		t.Error("whom authctl disabled has a session in Redis")
	}
	wantAnnounced(grace)
	two.must(t, "DELETE", "/api/v1/users/me", linus.Token, fmt.Sprintf(`{"currentPassword":%q}`, goodPassword), 204, nil)
	if userOf(linus) != "" {
		t.Error("who is deleted has a session in Redis")
	}
	wantAnnounced(linus)

	server.Kill(t)
	begun := time.Now()
	margaret, late := one.register(t, "margaret"), two.register(t, "late")
	lin = two.mustRefresh(t, lin.RefreshToken)
	one.must(t, "POST", "/api/v1/auth/logout", late.Token, "", 204, nil)
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("without Redis four requests took %v", took)
	}
	server.Start(t)
	eventually(t, "the copy is made anew", func() error {
		if userOf(margaret) != margaret.User.ID || userOf(lin) != lin.User.ID {
			return errNotYet
		}
		return nil
	})
	if userOf(late) != "" {
		t.Error("a session that ended without Redis is in the copy")
	}
}
