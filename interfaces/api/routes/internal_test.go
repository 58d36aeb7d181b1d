package routes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	root := a.admin(t, "root")
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

func TestSnapshotIsReadPageByPage(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"username":"countess"}`).want(t, 200, "")
	want := []string{ada.User.ID}
	for i := range 24 {
		want = append(want, a.register(t, fmt.Sprint("user", i)).User.ID)
	}
	first := a.snapshot(t, "")
	if len(first.Users) != 20 || first.NextCursor == "" {
		t.Fatalf("the first page has %d users", len(first.Users))
	}
	if u := first.Users[0]; u.ID != ada.User.ID || u.Email != "ada@example.com" || u.Username != "countess" || u.Version != 2 {
		t.Errorf("ada is %+v", u)
	}
	for _, limit := range []int{1, 7, 24, 25, 1000} {
		var got []string
		for cursor := ""; ; {
			page := a.snapshot(t, fmt.Sprintf("?limit=%d&cursor=%s", limit, cursor))
			for _, u := range page.Users {
				got = append(got, u.ID)
			}
			if len(page.Users) > limit {
				t.Fatalf("%d users on a page of %d", len(page.Users), limit)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %d users, want %d in order", limit, len(got), len(want))
		}
	}
	for _, limit := range []string{"0", "1001", "-1", "x"} {
		a.send(t, "GET", "/api/v1/internal/users?limit="+limit, syncToken, "").wantFields(t, "limit range")
	}
	root := a.admin(t, "root")
	var users page
	a.send(t, "GET", "/api/v1/users?limit=1", root.Token, "").want(t, 200, "").into(t, &users)
	for _, forged := range []string{"x", first.NextCursor + "A", users.NextCursor} {
		a.send(t, "GET", "/api/v1/internal/users?cursor="+forged, syncToken, "").wantFields(t, "cursor format")
	}
	a.send(t, "GET", "/api/v1/users?cursor="+first.NextCursor, root.Token, "").wantFields(t, "cursor format")
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
