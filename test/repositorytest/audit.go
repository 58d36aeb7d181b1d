package repositorytest

import (
	"context"
	"errors"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// longAgo is when what the audit tests tell of happened: entries of today could not be removed
// behind the test.
var longAgo = now.AddDate(-20, 0, 0)

// entry returns an entry about the user by the user, as a database keeps it.
func entry(u models.User, action models.AuditAction) models.AuditEntry {
	return models.AuditEntry{
		ID: newID(), Action: action, UserID: u.ID, ActorID: u.ID, IP: "203.0.113.7", UserAgent: "curl/8.5.0",
		RequestID: "request-1", At: kept(longAgo), Detail: map[string]string{"method": "password"},
	}
}

// note appends entries, each in a unit of its own.
func (s store) note(t *testing.T, entries ...models.AuditEntry) {
	t.Helper()
	for _, e := range entries {
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Audit.Append(ctx, e) })
	}
}

// remove deletes the user and forgets who it was.
func (s store) remove(t *testing.T, u models.User) {
	t.Helper()
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		return errors.Join(r.Users.Delete(ctx, u.ID), r.Audit.Forget(ctx, u.ID))
	})
}

// forgotten is what is left of an entry when its user is gone.
func forgotten(e models.AuditEntry) models.AuditEntry {
	e.IP, e.UserAgent, e.Detail = "", "", map[string]string{}
	return e
}

func wantEntries(t *testing.T, s store, q repositories.AuditQuery, want ...models.AuditEntry) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	got, err := s.Audit.Page(t.Context(), q)
	noError(t, "Page()", err)
	wantSame(t, append([]models.AuditEntry{}, got...), append([]models.AuditEntry{}, want...))
}

var auditTests = map[string]func(t *testing.T, s store){
	"an entry comes back as it was": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		given := entry(ada, models.AuditLoggedIn)
		want := given
		given.At = longAgo // in another zone, and finer
		s.note(t, given)
		wantEntries(t, s, repositories.AuditQuery{}, want)
	},
	"an entry may be nobody's, by nobody, and have no detail": func(t *testing.T, s store) {
		e := entry(models.User{}, models.AuditLogInFailed)
		e.Detail = nil
		s.note(t, e)
		e.Detail = map[string]string{}
		wantEntries(t, s, repositories.AuditQuery{}, e)
	},
	"a client may call itself anything, here too": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		for name, text := range unstorable {
			e := entry(ada, models.AuditLoggedIn)
			e.IP, e.UserAgent, e.RequestID, e.Detail = text, text, text, map[string]string{text: text}
			s.note(t, e)
			got, err := s.Audit.Page(t.Context(), repositories.AuditQuery{Limit: 1})
			noError(t, "Page() with "+name, err)
			texts := []string{got[0].IP, got[0].UserAgent, got[0].RequestID}
			for key, value := range got[0].Detail {
				texts = append(texts, key, value)
			}
			for _, stored := range texts {
				if !utf8.ValidString(stored) || strings.Contains(stored, "\x00") || stored[0] != 'a' {
					t.Errorf("%s is kept as %q", name, stored)
				}
			}
		}
	},
	"an entry is written with its unit or not at all": func(t *testing.T, s store) {
		ada := account("Ada")
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			noError(t, "Create()", r.Users.Create(ctx, ada))
			noError(t, "Append()", r.Audit.Append(ctx, entry(ada, models.AuditRegistered)))
			return domain.ErrEmailTaken
		})
		wantError(t, "Do()", err, domain.ErrEmailTaken)
		wantEntries(t, s, repositories.AuditQuery{})
	},
	"pages are read the newest first, of one user and one action": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		var all []models.AuditEntry
		for i := range 12 {
			e := entry([]models.User{ada, grace}[i%2], []models.AuditAction{models.AuditLoggedIn, models.AuditLoggedOut, models.AuditLogInFailed}[i%3])
			all = append(all, e)
		}
		s.note(t, all...)
		slices.Reverse(all)
		for _, q := range []repositories.AuditQuery{
			{}, {UserID: ada.ID}, {UserID: strings.ToUpper(ada.ID)}, {Action: models.AuditLoggedOut},
			{UserID: grace.ID, Action: models.AuditLogInFailed}, {Action: "nothing"}, {UserID: newID()},
		} {
			want := slices.DeleteFunc(slices.Clone(all), func(e models.AuditEntry) bool {
				return q.UserID != "" && e.UserID != strings.ToLower(q.UserID) || q.Action != "" && e.Action != q.Action
			})
			wantEntries(t, s, q, want...)
			var got []models.AuditEntry
			for q.Limit = 5; ; q.Before = got[len(got)-1].ID {
				page, err := s.Audit.Page(t.Context(), q)
				noError(t, "Page()", err)
				got = append(got, page...)
				if len(page) < q.Limit {
					break
				}
			}
			wantSame(t, append([]models.AuditEntry{}, got...), append([]models.AuditEntry{}, want...))
		}
	},
	"nobody's page is empty, and a page begins behind an id": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		s.note(t, entry(ada, models.AuditLoggedIn))
		for _, q := range []repositories.AuditQuery{{UserID: "no id", Limit: 1}, {Action: "\x00", Limit: 1}, {Limit: 0}, {Limit: -1}} {
			wantSame(t, lenOf(s.Audit.Page(t.Context(), q)), 0)
		}
		for _, before := range noIDs[1:] {
			wantError(t, "Page()", errOf(s.Audit.Page(t.Context(), repositories.AuditQuery{Before: before, Limit: 1})), domain.ErrNotFound)
		}
	},
	"of a person who is gone, ids are left": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		own := entry(ada, models.AuditLoggedIn)
		failed := entry(ada, models.AuditLogInFailed) // by whoever
		failed.ActorID = ""
		byGrace, byAda := entry(ada, models.AuditUserChanged), entry(grace, models.AuditUserChanged)
		byGrace.ActorID, byAda.ActorID = grace.ID, ada.ID
		other := entry(grace, models.AuditLoggedIn)
		nobodys := entry(models.User{}, models.AuditLogInFailed)
		s.note(t, own, failed, byGrace, byAda, other, nobodys)
		s.remove(t, ada)
		byAda.IP, byAda.UserAgent = "", "" // what she did to others is still told
		wantEntries(t, s, repositories.AuditQuery{}, nobodys, other, byAda, forgotten(byGrace), forgotten(failed), forgotten(own))
	},
	"nobody is forgotten who is there": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		own, byGrace := entry(ada, models.AuditLoggedIn), entry(ada, models.AuditUserChanged)
		byGrace.ActorID = grace.ID
		s.note(t, own, byGrace)
		for _, u := range []models.User{ada, grace} {
			err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Audit.Forget(ctx, u.ID) })
			if err == nil {
				t.Errorf("%s is forgotten", u.Username)
			}
		}
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Audit.Forget(ctx, "no id") })
		wantEntries(t, s, repositories.AuditQuery{}, byGrace, own)
	},
	"what is told late of a person who is gone tells only ids": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		s.remove(t, ada)
		own, byAda, byGrace := entry(ada, models.AuditLoggedOut), entry(grace, models.AuditUserChanged), entry(ada, models.AuditUserDeleted)
		byAda.ActorID, byGrace.ActorID = ada.ID, grace.ID
		s.note(t, own, byAda, byGrace)
		for _, e := range []*models.AuditEntry{&own, &byAda, &byGrace} {
			e.IP, e.UserAgent = "", ""
		}
		wantEntries(t, s, repositories.AuditQuery{}, byGrace, byAda, own)
	},
	"what is old is removed, so many at a time": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		end := kept(longAgo)
		at := func(at time.Time) models.AuditEntry {
			e := entry(ada, models.AuditLoggedIn)
			e.At = at
			return e
		}
		old := []models.AuditEntry{at(end.Add(-time.Microsecond)), at(end.Add(-100 * time.Millisecond)), at(end.Add(-time.Hour))}
		young := []models.AuditEntry{at(end), at(end.Add(time.Microsecond))}
		s.note(t, old...)
		s.note(t, young...)
		elsewhere := end.In(time.FixedZone("Auckland", 13*60*60))
		for _, want := range []int64{2, 1, 0} {
			wantGot(t, want)(s.Audit.DeleteAuditBefore(t.Context(), elsewhere, 2))
		}
		wantEntries(t, s, repositories.AuditQuery{}, young[1], young[0])
	},
	"deletions and entries about the same person meet": func(t *testing.T, s store) {
		for range 5 {
			ada := s.user(t, "Ada")
			login := s.logIn(t, ada)
			errs := atOnce(6, func(i int) error {
				return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					if i > 0 {
						return errors.Join(r.Audit.Append(ctx, entry(ada, models.AuditLoggedOut)), r.Sessions.Delete(ctx, login.ID))
					}
					return errors.Join(errOf(r.Users.ForUpdate(ctx, ada.ID)), r.Users.Delete(ctx, ada.ID), r.Audit.Forget(ctx, ada.ID))
				})
			})
			wantCounts(t, errs, map[error]int{nil: 6})
			page, err := s.Audit.Page(t.Context(), repositories.AuditQuery{UserID: ada.ID, Limit: 10})
			noError(t, "Page()", err)
			wantSame(t, len(page), 5)
			for _, e := range page {
				if e.IP != "" || e.UserAgent != "" {
					t.Fatalf("left of somebody who is gone: %+v", e)
				}
			}
		}
	},
}
