package serviceimpl_test

import (
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// A request that was authenticated before its session ended ends no other.
func TestASessionThatEndedEndsNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.register(t, "ada")
	g, err := w.accounts.Login(t.Context(), dto.LoginRequest{Username: "ada", Password: password}, models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	second := w.principal(t, g.AccessToken)
	want(t, "EndSession()", w.list.EndSession(t.Context(), first, second.Session.ID), nil)
	want(t, "EndSession() again", w.list.EndSession(t.Context(), first, second.Session.ID), domain.ErrNotFound)
	want(t, "EndSession() by the one that ended", w.list.EndSession(t.Context(), second, first.Session.ID), domain.ErrUnauthorized)
	want(t, "EndOtherSessions() by the one that ended", w.list.EndOtherSessions(t.Context(), second), domain.ErrUnauthorized)
	if !w.isLive(t, first) {
		t.Error("the session ended")
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
