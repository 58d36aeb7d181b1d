package authcode_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	authcode "gofiber-auth/pkg/auth_code_store"
	"gofiber-auth/test/repositorytest"
)

const plenty = 1 << 30

func TestStore(t *testing.T) {
	t.Parallel()
	repositorytest.RunOneTimeStore(t, func(*testing.T) repositories.OneTimeStore {
		return authcode.New(plenty, time.Now)
	})
}

func TestUsedStates(t *testing.T) {
	t.Parallel()
	repositorytest.RunUsedStates(t, func(_ *testing.T, limit int) repositories.UsedStates {
		return authcode.NewUsedStates(limit, time.Now)
	})
}

// clock is a time that tests set.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func TestTimeIsTheClocks(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	store := authcode.New(plenty, c.now)
	put(t, store, "used", time.Minute)
	put(t, store, "unused", time.Minute)
	if _, err := store.Use(t.Context(), "used", time.Hour); err != nil {
		t.Fatal(err)
	}
	c.Time = c.Add(time.Minute - 1)
	for _, key := range []string{"used", "unused"} {
		if _, err := store.Get(t.Context(), key); err != nil {
			t.Errorf("Get(%s) just within its time = %v", key, err)
		}
	}
	c.Time = c.Add(1)
	if _, err := store.Take(t.Context(), "unused"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("Take() of what is too old = %v, want %v", err, domain.ErrNotFound)
	}
	if _, err := store.Take(t.Context(), "used"); err != nil {
		t.Errorf("Take() of what was used = %v", err)
	}
}

// fill puts values until there is no room and returns how many there are.
func fill(t *testing.T, store *authcode.Store, ttl time.Duration) int {
	t.Helper()
	for n := range 1000 {
		err := store.Put(t.Context(), "fill"+strconv.Itoa(n), make([]byte, 1000), ttl)
		if errors.Is(err, domain.ErrOverloaded) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the store takes everything")
	return 0
}

func TestAStoreIsBounded(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	store := authcode.New(100_000, c.now)
	n := fill(t, store, time.Minute)
	if n < 50 || n > 99 {
		t.Fatalf("100,000 bytes hold %d values of 1,000", n)
	}
	for i := range n {
		if _, err := store.Get(t.Context(), "fill"+strconv.Itoa(i)); err != nil {
			t.Errorf("Get() of value %d in a full store = %v", i, err)
		}
	}
	for range n {
		if err := store.Put(t.Context(), "fill0", make([]byte, 1000), time.Minute); err != nil {
			t.Fatalf("Put() in the place of another = %v", err)
		}
	}
	if err := store.Put(t.Context(), "fill0", make([]byte, 5000), time.Minute); !errors.Is(err, domain.ErrOverloaded) {
		t.Errorf("Put() of more in the place of another = %v, want %v", err, domain.ErrOverloaded)
	}
	if v, err := store.Take(t.Context(), "fill0"); err != nil || len(v) != 1000 {
		t.Errorf("Take() of what could not be replaced = %d bytes, %v", len(v), err)
	}
	put(t, store, "in the room of what was taken", time.Minute)

	c.Time = c.Add(time.Minute)
	if again := fill(t, store, time.Minute); again != n {
		t.Errorf("after all was too old there was room for %d, want %d", again, n)
	}
}

func TestEmptyValuesAreCountedToo(t *testing.T) {
	t.Parallel()
	store := authcode.New(10_000, time.Now)
	for n := range 1000 {
		if err := store.Put(t.Context(), strconv.Itoa(n), nil, time.Minute); errors.Is(err, domain.ErrOverloaded) {
			return
		}
	}
	t.Error("10,000 bytes hold 1,000 keys without a value")
}

func put(t *testing.T, store *authcode.Store, key string, ttl time.Duration) {
	t.Helper()
	if err := store.Put(t.Context(), key, []byte("value"), ttl); err != nil {
		t.Fatal(err)
	}
}
