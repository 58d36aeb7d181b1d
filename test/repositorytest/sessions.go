package repositorytest

import (
	"context"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var sessionTests = map[string]func(t *testing.T, s store){
	"a session comes back with its user as it is now": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		login := s.logIn(t, ada)
		s.Do(t, change(ada.ID, func(u *models.User) { u.IsActive = false }))
		got, err := s.Sessions.WithUser(t.Context(), login.ID)
		noError(t, "WithUser()", err)
		ada.IsActive = false
		wantSame(t, got, models.Principal{User: ada, Session: login})
	},
	"a session that is not there is not found": func(t *testing.T, s store) {
		for _, id := range append(noIDs, newID()) {
			wantError(t, "WithUser()", errOf(s.Sessions.WithUser(t.Context(), id)), domain.ErrNotFound)
		}
	},
	"a client may call itself anything": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
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
		ada := s.user(t, "Ada")
		login := s.logIn(t, ada)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			wantGot(t, login)(r.Sessions.ByID(ctx, login.ID))
			noError(t, "Delete()", r.Sessions.Delete(ctx, login.ID))
			for _, id := range append(noIDs, newID(), login.ID) {
				wantError(t, "ByID()", errOf(r.Sessions.ByID(ctx, id)), domain.ErrNotFound)
			}
			return nil
		})
	},
	"one session ends and the others stay": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		gone, stays := s.logIn(t, ada), s.logIn(t, ada)
		for range 2 { // the second time it has ended already
			s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, gone.ID) })
		}
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, "no id") })
		wantLive(t, s, map[string]bool{gone.ID: false, stays.ID: true})
	},
	"all sessions of a user end but the one that is kept": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		first, second, other := s.logIn(t, ada), s.logIn(t, ada), s.logIn(t, grace)
		end := func(keep string) func(ctx context.Context, r repositories.Set) error {
			return func(ctx context.Context, r repositories.Set) error { return r.Sessions.DeleteOfUser(ctx, ada.ID, keep) }
		}
		s.Do(t, end(second.ID))
		wantLive(t, s, map[string]bool{first.ID: false, second.ID: true, other.ID: true})
		s.Do(t, end(""))
		wantLive(t, s, map[string]bool{first.ID: false, second.ID: false, other.ID: true})
	},
	"the sessions that began by a method end, and those of an unknown one": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		by := func(method string) func(*models.Session) { return func(s *models.Session) { s.Method = method } }
		line, unknown, password := s.logIn(t, ada, by("line")), s.logIn(t, ada, by("")), s.logIn(t, ada, by(models.MethodPassword))
		other := s.logIn(t, grace, by("line"))
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			return r.Sessions.DeleteByMethod(ctx, ada.ID, "line")
		})
		wantLive(t, s, map[string]bool{line.ID: false, unknown.ID: false, password.ID: true, other.ID: true})
	},
	"the live sessions of a user are listed, the newest first": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
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
			wantGot(t, []models.Session{second, first, middle, oldest})(s.Sessions.LiveOf(t.Context(), id, elsewhere))
		}
		for _, id := range append(noIDs, newID()) {
			wantSame(t, lenOf(s.Sessions.LiveOf(t.Context(), id, now)), 0)
		}
	},
	"all live sessions are read page by page": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
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
		wantError(t, "LiveAfter() no id", errOf(s.Sessions.LiveAfter(t.Context(), "x", at, 2)), domain.ErrNotFound)

		asked := append([]string{want[2].ID, old.ID, newID(), strings.ToUpper(want[0].ID)}, noIDs...)
		live, err := s.Sessions.LiveAmong(t.Context(), asked, at)
		noError(t, "LiveAmong()", err)
		slices.Sort(live)
		wantSame(t, live, []string{want[0].ID, want[2].ID})
		wantSame(t, lenOf(s.Sessions.LiveAmong(t.Context(), noIDs, at)), 0)
	},
	"what has expired is removed, so many at a time": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		expire := func(at time.Time) func(*models.Session) { return func(s *models.Session) { s.ExpiresAt = at } }
		end := time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC)
		// Neighbours whose texts would compare otherwise if they were not of one width.
		live := []models.Session{s.logIn(t, ada, expire(end)), s.logIn(t, ada, expire(end.Add(time.Microsecond))), s.logIn(t, ada, expire(end.Add(time.Hour)))}
		dead := []models.Session{s.logIn(t, ada, expire(end.Add(-time.Microsecond))), s.logIn(t, ada, expire(end.Add(-100*time.Millisecond))), s.logIn(t, ada, expire(end.Add(-time.Second)))}
		elsewhere := end.In(time.FixedZone("Auckland", 13*60*60))
		for _, want := range []int64{2, 1, 0} {
			wantGot(t, want)(s.Sessions.DeleteExpired(t.Context(), elsewhere, 2))
		}
		for i := range live {
			wantLive(t, s, map[string]bool{live[i].ID: true, dead[i].ID: false})
		}
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
