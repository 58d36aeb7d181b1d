package deploy

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

// change is one that the service has acknowledged, and the event that it has to make.
type change struct {
	Version  int64
	Action   string
	Username string
}

// load makes users, renames them and deletes every third, several at a time, until stop. A
// request that fails is an error of the test.
type load struct {
	service *service
	done    chan struct{}
	workers sync.WaitGroup

	mu      sync.Mutex
	changes map[string][]change // by user, as acknowledged
	count   int
}

const (
	loadWorkers = 4
	loadPause   = 50 * time.Millisecond // of each worker: more would only take the CPU from others
)

func startLoad(t *testing.T, s *service) *load {
	t.Helper()
	l := &load{service: s, done: make(chan struct{}), changes: make(map[string][]change)}
	for w := range loadWorkers {
		l.workers.Go(func() {
			pause := time.NewTicker(loadPause)
			defer pause.Stop()
			for n := 0; ; n++ {
				select {
				case <-l.done:
					return
				case <-pause.C:
				}
				if err := l.live(fmt.Sprintf("u%d-%d", w, n), n%3 == 0); err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
			}
		})
	}
	t.Cleanup(func() { l.stop() })
	return l
}

// live is the life of one user.
func (l *load) live(name string, short bool) error {
	a, err := l.service.register(name)
	if err != nil {
		return err
	}
	l.expect(a.User.ID, "created", name)
	renamed := name + "-renamed"
	if err := l.service.rename(a, renamed); err != nil {
		return err
	}
	l.expect(a.User.ID, "updated", renamed)
	if !short {
		return nil
	}
	if err := l.service.remove(a); err != nil {
		return err
	}
	l.expect(a.User.ID, "deleted", renamed)
	return nil
}

// expect notes a change that was acknowledged.
func (l *load) expect(user, action, username string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes[user] = append(l.changes[user], change{int64(len(l.changes[user]) + 1), action, username})
	l.count++
}

// await waits until there were so many changes.
func (l *load) await(t *testing.T, changes int) {
	t.Helper()
	harness.Eventually(t, "the load", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.count < changes {
			return fmt.Errorf("%d changes", l.count)
		}
		return nil
	})
}

// stop ends the load and returns all changes. Called again it returns the same.
func (l *load) stop() map[string][]change {
	l.mu.Lock()
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	l.mu.Unlock()
	l.workers.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.changes)
}
