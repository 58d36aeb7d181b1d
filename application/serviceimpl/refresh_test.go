package serviceimpl_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

func TestRefreshGivesNewTokensOfTheSameSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.enter(t, "ada")
	before := w.principal(t, first.AccessToken)
	w.clock.pass(20 * time.Second)
	second := w.mustRefresh(t, first)
	after := w.principal(t, second.AccessToken)
	if after.Session.ID != before.Session.ID || second.User.ID != first.User.ID || second.AccessToken == first.AccessToken {
		t.Errorf("session %s of %s, want %s of %s", after.Session.ID, second.User.ID, before.Session.ID, first.User.ID)
	}
	if got := after.Session.LastUsedAt.Sub(before.Session.LastUsedAt); got != 20*time.Second {
		t.Errorf("it was last used %s later, want 20 s", got)
	}
	if first.RefreshExpiresIn != 3600 || second.RefreshExpiresIn != 3580 {
		t.Errorf("refreshExpiresIn is %d and then %d, want 3600 and 3580", first.RefreshExpiresIn, second.RefreshExpiresIn)
	}
	raw, err := base64.RawURLEncoding.DecodeString(second.RefreshToken)
	if err != nil || len(raw) != 32 || second.RefreshToken == first.RefreshToken {
		t.Errorf("the refresh token has %d bytes, %v", len(raw), err)
	}
}

// Whatever happens, the time counts from the log-in.
func TestASessionIsNeverExtended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.enter(t, "ada")
	for range 59 {
		w.clock.pass(time.Minute)
		g = w.mustRefresh(t, g)
	}
	w.clock.pass(time.Minute - time.Millisecond)
	g = w.mustRefresh(t, g)
	if g.RefreshExpiresIn != 1 {
		t.Errorf("refreshExpiresIn = %d, want 1", g.RefreshExpiresIn)
	}
	w.clock.pass(time.Millisecond)
	_, err := w.refresh(g)
	want(t, "Refresh() at the end", err, domain.ErrRefreshToken)
}

func TestRefreshTokensThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.enter(t, "ada")
	for _, token := range []string{"x", g.AccessToken, g.RefreshToken + "A", g.RefreshToken[:42], "\xff\x00"} {
		_, err := w.refresh(services.Grant{RefreshToken: token})
		want(t, fmt.Sprintf("Refresh(%q)", token), err, domain.ErrRefreshToken)
	}
	_, err := w.refresh(services.Grant{})
	want(t, "Refresh() without a token", err, domain.ErrValidation)
	w.mustRefresh(t, g) // nothing of that has hurt
}

// Two tabs, or a client whose answer was lost, send one token twice.
func TestRefreshWithinTheGraceReturnsTheSameSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.enter(t, "ada")
	one := w.mustRefresh(t, first)
	w.clock.pass(grace)
	two := w.instance("another").mustRefresh(t, first)
	if one.RefreshToken != two.RefreshToken {
		t.Error("a second branch lives")
	}
	w.principal(t, two.AccessToken)
	w.clock.pass(10 * time.Minute)
	w.mustRefresh(t, w.mustRefresh(t, two))
}

func TestReuseEndsTheSession(t *testing.T) {
	t.Parallel()
	for name, reuse := range map[string]func(t *testing.T, w *world, stolen services.Grant){
		"after the grace": func(t *testing.T, w *world, stolen services.Grant) {
			w.mustRefresh(t, stolen)
			w.clock.pass(grace + time.Microsecond)
		},
		"after its first use was long ago, however often it came since": func(t *testing.T, w *world, stolen services.Grant) {
			for range 3 {
				w.mustRefresh(t, stolen)
				w.clock.pass(grace/2 - time.Second)
			}
		},
		"at once, when a successor was used": func(t *testing.T, w *world, stolen services.Grant) {
			w.mustRefresh(t, w.mustRefresh(t, stolen))
		},
		"days later": func(t *testing.T, w *world, stolen services.Grant) {
			for g := stolen; g.RefreshExpiresIn > 600; w.clock.pass(5 * time.Minute) {
				g = w.mustRefresh(t, g)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			stolen, elsewhere := w.enter(t, "ada"), w.enter(t, "grace")
			p := w.principal(t, stolen.AccessToken)
			reuse(t, w, stolen)
			tokens := w.store.Count(t, "refresh_tokens")
			_, err := w.refresh(stolen)
			want(t, "the reuse", err, domain.ErrRefreshReused)
			if left := w.store.Count(t, "refresh_tokens"); w.isLive(t, p) || left != 1 {
				t.Errorf("the session lives on, with %d of %d tokens; the other session has 1", left, tokens)
			}
			_, err = w.refresh(stolen)
			want(t, "the reuse again", err, domain.ErrRefreshToken)
			w.mustRefresh(t, elsewhere)
		})
	}
}

func TestWhoIsDisabledRefreshesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.enter(t, "ada")
	w.store.Change(t, g.User.ID, func(u *models.User) { u.IsActive = false }) // by hand: the session is still there
	_, err := w.refresh(g)
	want(t, "Refresh()", err, domain.ErrRefreshToken)
}

func (w *world) refresh(g services.Grant) (services.Grant, error) {
	return w.accounts.Refresh(context.Background(), dto.RefreshRequest{RefreshToken: g.RefreshToken})
}

func (w *world) mustRefresh(t *testing.T, g services.Grant) services.Grant {
	t.Helper()
	next, err := w.refresh(g)
	if err != nil {
		t.Fatalf("Refresh() = %v", err)
	}
	return next
}
