package authcode_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authcode "gofiber-auth/pkg/auth_code_store"
)

func TestACodeWorksOnce(t *testing.T) {
	t.Parallel()
	store := authcode.New[string](time.Minute, 10, time.Now)
	code, err := store.Put("ada")
	if err != nil {
		t.Fatal(err)
	}
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if value, err := store.Take(code); err == nil && value == "ada" {
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if got.Load() != 1 {
		t.Errorf("%d of 50 got the value, want 1", got.Load())
	}
}

func TestACodeExpires(t *testing.T) {
	t.Parallel()
	now := time.Now()
	store := authcode.New[string](time.Minute, 10, func() time.Time { return now })
	code, err := store.Put("ada")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if _, err := store.Take(code); !errors.Is(err, authcode.ErrNotFound) {
		t.Errorf("Take() after its time = %v, want ErrNotFound", err)
	}
}

func TestAStoreIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	store := authcode.New[string](time.Minute, 3, func() time.Time { return now })
	for i := range 3 {
		if _, err := store.Put(strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Put("one too many"); !errors.Is(err, authcode.ErrFull) {
		t.Errorf("Put() into a full store = %v, want ErrFull", err)
	}
	now = now.Add(time.Minute)
	if _, err := store.Put("after the others expired"); err != nil {
		t.Errorf("Put() = %v, want the expired to make room", err)
	}
}
