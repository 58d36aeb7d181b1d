package provision_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gofiber-auth/test/provision"
)

var errNone = errors.New("no server found")

func silent(string, ...any) {}

func TestManyAtOnceInstallOnce(t *testing.T) {
	t.Parallel()
	var installed atomic.Int32
	find := func() (string, error) {
		if installed.Load() > 0 {
			return "server", nil
		}
		return "", errNone
	}
	way := provision.Way[string]{Name: "once", Install: func(context.Context, provision.Say) (string, error) {
		installed.Add(1)
		return "server", nil
	}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := provision.FindOrInstall(t.Context(), silent, find, errNone, way); err != nil || got != "server" {
				t.Errorf("FindOrInstall() = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := installed.Load(); n != 1 {
		t.Errorf("it was installed %d times", n)
	}
}

func TestTheNextWayIsTried(t *testing.T) {
	t.Parallel()
	fail := provision.Way[string]{Name: "the first way", Install: func(context.Context, provision.Say) (string, error) {
		return "", errors.New("no such package")
	}}
	works := provision.Way[string]{Name: "the second", Install: func(context.Context, provision.Say) (string, error) {
		return "server", nil
	}}
	find := func() (string, error) { return "", errNone }
	if got, err := provision.FindOrInstall(t.Context(), silent, find, errNone, fail, works); err != nil || got != "server" {
		t.Errorf("FindOrInstall() = %q, %v", got, err)
	}
	_, err := provision.FindOrInstall(t.Context(), silent, find, errNone, fail)
	if !errors.Is(err, errNone) || !strings.Contains(err.Error(), "the first way: no such package") {
		t.Errorf("FindOrInstall() = %v, want it to name what was tried", err)
	}
}

func TestABrokenSearchInstallsNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	way := provision.Way[string]{Name: "never", Install: func(context.Context, provision.Say) (string, error) {
		t.Error("it was installed")
		return "", nil
	}}
	_, err := provision.FindOrInstall(t.Context(), silent, func() (string, error) { return "", broken }, errNone, way)
	if !errors.Is(err, broken) {
		t.Errorf("FindOrInstall() = %v, want %v", err, broken)
	}
}
