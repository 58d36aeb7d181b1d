package repositorytest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var sessionTests = map[string]func(t *testing.T, s store){
	"a session comes back with its user as it is now": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		login := s.logIn(t, ada)
		s.Do(t, change(ada.ID, func(u *models.User) { u.IsActive = false }))
		got, err := s.Sessions.WithUser(t.Context(), login.ID)
		noError(t, "WithUser()", err)
		ada.IsActive = false
		wantSame(t, got, models.Principal{User: ada, Session: login})
	},
	"a session that is not there is not found": func(t *testing.T, s store) {
		for _, id := range append(noIDs, newID()) {
			_, err := s.Sessions.WithUser(t.Context(), id)
			wantError(t, "WithUser()", err, domain.ErrNotFound)
		}
	},
	"nobody logs in who has just been deleted": func(t *testing.T, s store) {
		login, token := session(account("Ghost"))
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Sessions.Create(ctx, login, token) })
		wantError(t, "Create()", err, domain.ErrNotFound)
	},
	"a client may call itself anything": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		for name, text := range unstorable {
			login := s.logIn(t, ada, func(s *models.Session) { s.UserAgent, s.IP = text, text })
			got, err := s.Sessions.WithUser(t.Context(), login.ID)
			noError(t, "WithUser() with "+name, err)
			for _, stored := range []string{got.Session.UserAgent, got.Session.IP} {
				if !utf8.ValidString(stored) || strings.Contains(stored, "\x00") || stored[0] != 'a' {
					t.Errorf("%s is kept as %q", name, stored)
				}
			}
		}
	},
	"a transaction sees whether a session has ended": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		login := s.logIn(t, ada)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			got, err := r.Sessions.ByID(ctx, login.ID)
			noError(t, "ByID()", err)
			wantSame(t, got, login)
			noError(t, "Delete()", r.Sessions.Delete(ctx, login.ID))
			for _, id := range append(noIDs, newID(), login.ID) {
				_, err := r.Sessions.ByID(ctx, id)
				wantError(t, "ByID()", err, domain.ErrNotFound)
			}
			return nil
		})
	},
	"one session ends and the others stay": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		gone, stays := s.logIn(t, ada), s.logIn(t, ada)
		for range 2 { // the second time it has ended already
			s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, gone.ID) })
		}
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, "no id") })
		wantLive(t, s, map[string]bool{gone.ID: false, stays.ID: true})
	},
	"all sessions of a user end but the one that is kept": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		first, second, other := s.logIn(t, ada), s.logIn(t, ada), s.logIn(t, grace)
		end := func(keep string) func(ctx context.Context, r repositories.Set) error {
			return func(ctx context.Context, r repositories.Set) error { return r.Sessions.DeleteOfUser(ctx, ada.ID, keep) }
		}
		s.Do(t, end(second.ID))
		wantLive(t, s, map[string]bool{first.ID: false, second.ID: true, other.ID: true})
		s.Do(t, end(""))
		wantLive(t, s, map[string]bool{first.ID: false, second.ID: false, other.ID: true})
	},
	"the live sessions of a user are listed, the newest first": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		at := kept(now)
		begun := func(ago time.Duration) func(*models.Session) {
			return func(s *models.Session) { s.CreatedAt, s.ExpiresAt = at.Add(-ago), at.Add(time.Hour-ago) }
		}
		middle, oldest := s.logIn(t, ada, begun(time.Minute)), s.logIn(t, ada, begun(time.Hour-time.Microsecond))
		first, second := s.logIn(t, ada, begun(0)), s.logIn(t, ada, begun(0)) // at one moment: in the order of their ids
		s.logIn(t, ada, begun(time.Hour))
		s.logIn(t, grace)
		elsewhere := now.In(time.FixedZone("Auckland", 13*60*60))
		for _, id := range []string{ada.ID, strings.ToUpper(ada.ID)} {
			live, err := s.Sessions.LiveOf(t.Context(), id, elsewhere)
			noError(t, "LiveOf()", err)
			wantSame(t, live, []models.Session{second, first, middle, oldest})
		}
		for _, id := range append(noIDs, newID()) {
			live, err := s.Sessions.LiveOf(t.Context(), id, now)
			noError(t, "LiveOf() of nobody", err)
			wantSame(t, len(live), 0)
		}
	},
	"all live sessions are read page by page": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		at := kept(now)
		expire := func(s *models.Session) { s.ExpiresAt = at }
		want := []models.Session{s.logIn(t, ada)}
		old := s.logIn(t, ada, expire)
		want = append(want, s.logIn(t, grace), s.logIn(t, ada))
		var got []models.Session
		after := ""
		for _, n := range []int{2, 1, 0} {
			page, err := s.Sessions.LiveAfter(t.Context(), after, at, 2)
			noError(t, "LiveAfter()", err)
			wantSame(t, len(page), n)
			if got = append(got, page...); n > 0 {
				after = strings.ToUpper(page[n-1].ID)
			}
		}
		wantSame(t, got, want)
		_, err := s.Sessions.LiveAfter(t.Context(), "x", at, 2)
		wantError(t, "LiveAfter() no id", err, domain.ErrNotFound)

		asked := append([]string{want[2].ID, old.ID, newID(), strings.ToUpper(want[0].ID)}, noIDs...)
		live, err := s.Sessions.LiveAmong(t.Context(), asked, at)
		noError(t, "LiveAmong()", err)
		slices.Sort(live)
		wantSame(t, live, []string{want[0].ID, want[2].ID})
		live, err = s.Sessions.LiveAmong(t.Context(), noIDs, at)
		noError(t, "LiveAmong() nothing", err)
		wantSame(t, len(live), 0)
	},
	"what has expired is removed, so many at a time": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		expire := func(at time.Time) func(*models.Session) { return func(s *models.Session) { s.ExpiresAt = at } }
		end := time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC)
		// Neighbours whose texts would compare otherwise if they were not of one width.
		live := []models.Session{s.logIn(t, ada, expire(end)), s.logIn(t, ada, expire(end.Add(time.Microsecond))), s.logIn(t, ada, expire(end.Add(time.Hour)))}
		dead := []models.Session{s.logIn(t, ada, expire(end.Add(-time.Microsecond))), s.logIn(t, ada, expire(end.Add(-100*time.Millisecond))), s.logIn(t, ada, expire(end.Add(-time.Second)))}
		elsewhere := end.In(time.FixedZone("Auckland", 13*60*60))
		for _, want := range []int64{2, 1, 0} {
			n, err := s.Sessions.DeleteExpired(t.Context(), elsewhere, 2)
			noError(t, "DeleteExpired()", err)
			wantSame(t, n, want)
		}
		states := map[string]bool{}
		for _, l := range live {
			states[l.ID] = true
		}
		for _, d := range dead {
			states[d.ID] = false
		}
		wantLive(t, s, states)
	},
}

func wantLive(t *testing.T, s store, want map[string]bool) {
	t.Helper()
	for id, live := range want {
		_, err := s.Sessions.WithUser(t.Context(), id)
		if live {
			noError(t, "WithUser()", err)
		} else {
			wantError(t, "WithUser()", err, domain.ErrNotFound)
		}
	}
}
