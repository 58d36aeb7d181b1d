package serviceimpl_test

import (
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

func TestPeopleSeeAndEndTheirSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, other := w.principal(t, w.enter(t, "ada").AccessToken), w.principal(t, w.enter(t, "grace").AccessToken)
	logIn := func(agent string) models.Principal {
		t.Helper()
		w.clock.pass(time.Second)
		g, err := w.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, models.Client{UserAgent: agent})
		if err != nil {
			t.Fatal(err)
		}
		return w.principal(t, g.AccessToken)
	}
	second, third := logIn("phone"), logIn("tablet")
	wantSessions := func(ps ...models.Principal) {
		t.Helper()
		got, err := w.list.Sessions(t.Context(), ps[0])
		if err != nil || len(got) != len(ps) {
			t.Fatalf("Sessions() = %v, %v, want %d", got, err, len(ps))
		}
		for i, p := range ps {
			if got[i] != p.Session {
				t.Errorf("number %d is %+v, want %+v", i, got[i], p.Session)
			}
		}
	}
	wantSessions(third, second, first)

	for name, id := range map[string]string{"somebody else's": other.Session.ID, "none": newID(), "no id": "x", "empty": ""} {
		want(t, name, w.list.EndSession(t.Context(), first, id), domain.ErrNotFound)
	}
	wantSessions(third, second, first)
	want(t, "EndSession()", w.list.EndSession(t.Context(), first, second.Session.ID), nil)
	wantSessions(third, first)
	want(t, "EndSession() again", w.list.EndSession(t.Context(), first, second.Session.ID), domain.ErrNotFound)
	want(t, "EndSession() by one that ended", w.list.EndSession(t.Context(), second, first.Session.ID), domain.ErrUnauthorized)
	want(t, "EndOtherSessions() by one that ended", w.list.EndOtherSessions(t.Context(), second), domain.ErrUnauthorized)

	second = logIn("phone")
	want(t, "EndOtherSessions()", w.list.EndOtherSessions(t.Context(), third), nil)
	wantSessions(third)
	want(t, "the current one", w.list.EndSession(t.Context(), third, third.Session.ID), nil)
	if w.isLive(t, third) || w.isLive(t, second) || !w.isLive(t, other) {
		t.Error("other sessions than those ended")
	}
}

func TestSessionsThatAreTooOldAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.principal(t, w.enter(t, "ada").AccessToken)
	w.clock.pass(time.Hour)
	g, err := w.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	p := w.principal(t, g.AccessToken)
	got, err := w.list.Sessions(t.Context(), p)
	if err != nil || len(got) != 1 || got[0].ID != p.Session.ID {
		t.Errorf("Sessions() = %v, %v", got, err)
	}
	want(t, "EndSession()", w.list.EndSession(t.Context(), p, old.Session.ID), domain.ErrNotFound)
}
