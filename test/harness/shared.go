package harness

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Share returns a function that makes something at its first call, for all tests of a package. The
// TB that make gets ends after the last test, in Main: servers and folders that it is given last so
// long. Where make failed, every caller fails.
func Share[T any](make func(t testing.TB) T) func(t testing.TB) T {
	once := sync.OnceValue(func() T { return make(&shared) })
	return func(t testing.TB) T {
		t.Helper()
		defer func() {
			if fault := recover(); fault != nil {
				t.Fatal(fault)
			}
		}()
		return once()
	}
}

// shared is the testing.TB of Share.
var shared packageTB

// packageTB is a testing.TB that lives as long as the package. Methods that it does not have
// itself panic.
type packageTB struct {
	testing.TB

	mu       sync.Mutex
	cleanups []func()
	failed   bool
}

// end runs the cleanups and returns the exit code of the tests, or 1 where one of them failed.
func (p *packageTB) end(code int) int {
	for len(p.cleanups) > 0 {
		last := p.cleanups[len(p.cleanups)-1]
		p.cleanups = p.cleanups[:len(p.cleanups)-1]
		last()
	}
	if code == 0 && p.Failed() {
		return 1
	}
	return code
}

func (p *packageTB) Cleanup(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *packageTB) TempDir() string {
	dir, err := os.MkdirTemp("", "gofiber-auth-test-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *packageTB) Failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

func (p *packageTB) Error(args ...any) {
	p.Log(args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

func (p *packageTB) Helper()                           {}
func (p *packageTB) Name() string                      { return "shared" }
func (p *packageTB) Context() context.Context          { return context.Background() }
func (p *packageTB) Log(args ...any)                   { fmt.Fprintln(os.Stderr, args...) }
func (p *packageTB) Logf(format string, args ...any)   { p.Log(fmt.Sprintf(format, args...)) }
func (p *packageTB) Errorf(format string, args ...any) { p.Error(fmt.Sprintf(format, args...)) }
func (p *packageTB) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) } // see Share
func (p *packageTB) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }
