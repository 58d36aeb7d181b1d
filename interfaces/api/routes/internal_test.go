package routes_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/interfaces/api/routes"
)

// stream is the event stream as a test has it.
type stream struct {
	state models.StreamState
	err   error
}

func (s *stream) get(context.Context) (models.StreamState, error) { return s.state, s.err }

type snapshot struct {
	Users []struct {
		ID, Email, Username string
		Version             int64
	}
	NextCursor     string
	StreamSequence uint64
}

func (a *api) snapshot(t *testing.T, query string) snapshot {
	t.Helper()
	var page snapshot
	a.send(t, "GET", "/api/v1/internal/users"+query, syncToken, "").want(t, 200, "").into(t, &page)
	return page
}

func TestSnapshotIsForServices(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root := a.admin(t, "rosa")
	for _, token := range []string{"", root.Token, syncToken[1:], syncToken + "x", strings.ToUpper(syncToken)} {
		res := a.send(t, "GET", "/api/v1/internal/users", token, "").want(t, 401, "unauthorized")
		if !strings.HasPrefix(res.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("WWW-Authenticate: %q", res.header.Get("WWW-Authenticate"))
		}
	}
	a.send(t, "POST", "/api/v1/internal/users", syncToken, "").want(t, 405, "method_not_allowed")
	a.send(t, "GET", "/api/v1/users", syncToken, "").want(t, 401, "unauthorized")
}

func TestNoSnapshotWithoutAToken(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	deps := a.deps
	deps.SyncToken = ""
	a.app = routes.New(deps)
	a.send(t, "GET", "/api/v1/internal/users", "", "").want(t, 404, "not_found")
	a.send(t, "GET", "/api/v1/internal/users", syncToken, "").want(t, 404, "not_found")
}

// The sequence is the highest that the present stream is known to have acknowledged, as of
// before the first row.
func TestSnapshotTellsWhereTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.register(t, "ada")
	a.register(t, "grace")
	if got := a.snapshot(t, "").StreamSequence; got != 0 {
		t.Errorf("where nothing was acknowledged: %d", got)
	}
	a.stream.state = models.StreamState{ID: 7, First: 1, Last: 99}
	acknowledge := func(streamID int64, sequence uint64) {
		t.Helper()
		heads, err := a.store.Outbox.Heads(t.Context(), 1)
		if err != nil || len(heads) != 1 {
			t.Fatal(heads, err)
		}
		err = a.store.Outbox.MarkPublished(t.Context(), repositories.Lease{}, []repositories.Published{
			{EventID: heads[0].ID, StreamID: streamID, StreamSequence: sequence},
		}, a.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	acknowledge(7, 41)
	first := a.snapshot(t, "?limit=1")
	if first.StreamSequence != 41 {
		t.Errorf("sequence %d, want 41", first.StreamSequence)
	}
	acknowledge(7, 42)
	if got := a.snapshot(t, "?limit=1&cursor="+first.NextCursor).StreamSequence; got != 41 {
		t.Errorf("the second page says %d, want what the first said: 41", got)
	}
	if got := a.snapshot(t, "").StreamSequence; got != 42 {
		t.Errorf("another reading says %d, want 42", got)
	}
	a.stream.state.Last = 40 // its end is lost, and not published again yet
	if got := a.snapshot(t, "").StreamSequence; got != 40 {
		t.Errorf("of a stream that lost its end: %d, want 40", got)
	}
	a.stream.state = models.StreamState{ID: 8, First: 1, Last: 1000} // another stream
	if got := a.snapshot(t, "").StreamSequence; got != 0 {
		t.Errorf("of another stream: %d, want 0", got)
	}
	a.stream.err = errors.New("away")
	if got := a.snapshot(t, "").StreamSequence; got != 0 {
		t.Errorf("while the bus is away: %d, want 0", got)
	}
	a.store.DB.Timeout = time.Nanosecond
	a.send(t, "GET", "/api/v1/internal/users", syncToken, "").want(t, 503, "overloaded")
}
