package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// load is a stream of changes that goes on until it is finished.
type load struct {
	stop    context.CancelFunc
	ends    sync.WaitGroup
	err     error
	deleted map[string]user
}

// startLoad has users register and change their names, and every third one go.
func startLoad(t *testing.T, auth string) *load {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, deleted: map[string]user{}}
	l.ends.Go(func() {
		for i := 0; ctx.Err() == nil && l.err == nil; i++ {
			l.err = l.life(auth, i)
		}
	})
	t.Cleanup(func() {
		stop()
		l.ends.Wait()
	})
	return l
}

// life is all that one user does.
func (l *load) life(auth string, i int) error {
	me := auth + "/api/v1/users/me"
	token, err := register(auth, fmt.Sprint("user", i))
	if err != nil {
		return err
	}
	status, answer := call(http.MethodPatch, me, token, fmt.Sprintf(`{"username":"renamed%d"}`, i))
	u := user{Version: 3}
	if err := json.Unmarshal(answer, &u); err != nil || status != http.StatusOK {
		return fmt.Errorf("rename: %d %s", status, answer)
	}
	if i%3 > 0 {
		return nil
	}
	if status, answer := call(http.MethodDelete, me, token, `{"currentPassword":"`+password+`"}`); status != http.StatusNoContent {
		return fmt.Errorf("delete: %d %s", status, answer)
	}
	l.deleted[u.ID] = user{ID: u.ID, Version: u.Version}
	return nil
}

// finish ends the changes and returns who is left, of the service's own table, and the last
// versions of who is gone.
func (l *load) finish(t *testing.T, dsn string) (users, deleted map[string]user) {
	t.Helper()
	l.stop()
	if l.ends.Wait(); l.err != nil {
		t.Fatal(l.err)
	}
	users, err := rows(dsn, "SELECT id::text, email, username, version FROM users")
	if err != nil {
		t.Fatal(err)
	}
	return users, l.deleted
}
