package repositorytest

import (
	"bytes"
	"context"
	"errors"
	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"testing"
	"time"
)

// brief is a time that tests can wait for. What must happen within it may need another try.
const brief = 200 * time.Millisecond

// RunOneTimeStore tests the behaviour of an implementation. open returns an empty store.
func RunOneTimeStore(t *testing.T, open func(t *testing.T) repositories.OneTimeStore) {
	t.Helper()
	for name, test := range oneTimeTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, oneTime{open(t)})
		})
	}
}

var oneTimeTests = map[string]func(t *testing.T, s oneTime){
	"what is put can be read often and taken once": func(t *testing.T, s oneTime) {
		s.put(t, "key", "value", time.Minute)
		for range 3 {
			s.want(t, "key", "value", 0)
		}
		s.wantTaken(t, "key", "value")
		s.wantAbsent(t, "key")
	},
	"what is too old is not there": func(t *testing.T, s oneTime) {
		s.put(t, "old", "value", 50*time.Millisecond)
		s.put(t, "new", "value", time.Minute)
		s.soonAbsent(t, "old")
		s.want(t, "new", "value", 0)
	},
	"what has no time is not kept": func(t *testing.T, s oneTime) {
		s.put(t, "none", "value", 0)
		s.put(t, "less", "value", -time.Hour)
		s.put(t, "shortest", "value", 1)
		s.put(t, "used", "value", time.Minute)
		noError(t, "Use()", errOf(s.Use(t.Context(), "used", 0)))
		for _, key := range []string{"none", "less", "shortest", "used"} {
			s.soonAbsent(t, key)
		}
	},
	"a new value takes the place of the old one, of its time and its uses": func(t *testing.T, s oneTime) {
		s.putUsed(t, "key", brief, time.Minute)
		s.put(t, "key", "new", time.Minute)
		s.want(t, "key", "new", 0)
		s.wantUse(t, "key", "new", time.Minute, 1)
		s.put(t, "key", "newest", 50*time.Millisecond)
		s.put(t, "unused", "old", 50*time.Millisecond)
		s.put(t, "unused", "new", time.Minute)
		s.soonAbsent(t, "key")
		s.want(t, "unused", "new", 0)
	},
	"uses are counted": func(t *testing.T, s oneTime) {
		s.put(t, "key", "value", time.Minute)
		s.put(t, "other", "value", time.Minute)
		for n := 1; n <= 12; n++ {
			s.wantUse(t, "key", "value", time.Minute, n)
			s.want(t, "key", "value", n)
		}
		s.want(t, "other", "value", 0)
		s.wantTaken(t, "key", "value")
		s.wantAbsent(t, "key")
	},
	"the first use gives more time": func(t *testing.T, s oneTime) {
		s.putUsed(t, "used", brief, time.Minute)
		s.put(t, "unused", "value", brief)
		s.soonAbsent(t, "unused")
		s.want(t, "used", "value", 1)
	},
	"later uses give no time and take none": func(t *testing.T, s oneTime) {
		s.putUsed(t, "more", time.Minute, brief, time.Minute)
		s.putUsed(t, "less", brief, time.Minute, time.Millisecond)
		s.soonAbsent(t, "more")
		s.want(t, "less", "value", 2)
	},
	"values and keys are any bytes": func(t *testing.T, s oneTime) {
		var all []byte
		for b := range 256 {
			all = append(all, byte(b))
		}
		for _, text := range []string{"", " ", "7 ", "1 2 3", "\r\n", "\x00", "\xff\xfe", string(all), string(bytes.Repeat(all, 300))} {
			key := "key" + text
			s.put(t, key, text, time.Minute)
			s.want(t, key, text, 0)
			s.wantUse(t, key, text, time.Minute, 1)
			s.wantUse(t, key, text, time.Minute, 2)
			s.wantTaken(t, key, text)
		}
	},
	"values are not shared memory": func(t *testing.T, s oneTime) {
		value := []byte("value")
		noError(t, "Put()", s.Put(t.Context(), "key", value, time.Minute))
		value[0] = 'X'
		read, err := s.Get(t.Context(), "key")
		noError(t, "Get()", err)
		read.Value[1] = 'X'
		used, err := s.Use(t.Context(), "key", time.Minute)
		noError(t, "Use()", err)
		used.Value[2] = 'X'
		s.wantTaken(t, "key", "value")
	},
	"of many that take at once, one gets it": func(t *testing.T, s oneTime) {
		s.put(t, "key", "value", time.Minute)
		errs := atOnce(100, func(int) error {
			value, err := s.Take(t.Context(), "key")
			if err == nil && string(value) != "value" {
				err = errors.New("another value")
			}
			return err
		})
		wantCounts(t, errs, map[error]int{nil: 1, domain.ErrNotFound: 99})
	},
	"of many that use at once, each is another one": func(t *testing.T, s oneTime) {
		s.put(t, "key", "value", time.Minute)
		uses := make([]int, 100)
		errs := atOnce(100, func(i int) error {
			used, err := s.Use(t.Context(), "key", time.Minute)
			uses[i] = used.Uses
			return err
		})
		wantCounts(t, errs, map[error]int{nil: 100})
		seen := map[int]bool{}
		for _, n := range uses {
			seen[n] = true
		}
		if len(seen) != 100 || !seen[1] || !seen[100] {
			t.Errorf("the uses were %v, want 1 to 100, each once", uses)
		}
	},
	"an ended context does nothing": func(t *testing.T, s oneTime) {
		s.put(t, "key", "value", time.Minute)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		for _, ctx := range []context.Context{cancelled, late} {
			wantError(t, "Put()", s.Put(ctx, "key", []byte("other"), time.Minute), ctx.Err())
			wantError(t, "Get()", errOf(s.Get(ctx, "key")), ctx.Err())
			wantError(t, "Take()", errOf(s.Take(ctx, "key")), ctx.Err())
			wantError(t, "Use()", errOf(s.Use(ctx, "key", time.Minute)), ctx.Err())
		}
		s.want(t, "key", "value", 0)
	},
}
