package repositorytest

import (
	"context"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"slices"
	"testing"
	"time"
)

// mail returns a mail to the user, as a database keeps it.
func mail(u models.User, kind models.MailKind) models.Mail {
	return models.Mail{ID: newID(), Kind: kind, UserID: u.ID, To: u.Email, Language: "th", RequestID: "request-1", CreatedAt: kept(now)}
}

const hold = time.Hour

var mailTests = map[string]func(t *testing.T, s store){
	"a promised mail is claimed as it was promised": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		verify := mail(ada, models.MailVerify)
		nobodys := models.Mail{ID: newID(), Kind: models.MailReset, To: "stranger@example.com", Language: "en", CreatedAt: kept(now)}
		s.promise(t, verify, nobodys)
		verify.Attempts, nobodys.Attempts = 1, 1
		wantSame(t, s.claim(t, hold, 10), []models.Mail{verify, nobodys})
		if got := s.claim(t, hold, 10); len(got) > 0 {
			t.Fatalf("claimed again: %v", got)
		}
	},
	"no more mails than asked for, each once": func(t *testing.T, s store) {
		var want, got []string
		for range 5 {
			u := account("user")
			u.Username, u.Email = u.ID, u.ID+"@example.com"
			s.create(t, u)
			m := mail(u, models.MailVerify)
			s.promise(t, m)
			want = append(want, m.ID)
		}
		for _, n := range []int{2, 2, 1, 0} {
			claimed := s.claim(t, hold, 2)
			wantSame(t, len(claimed), n)
			for _, m := range claimed {
				got = append(got, m.ID)
			}
		}
		slices.Sort(got)
		wantSame(t, got, want)
		wantSame(t, len(s.claim(t, hold, 0)), 0)
	},
	"many who claim at once share the mails": func(t *testing.T, s store) {
		const mails = 30
		for range mails {
			u := account("user")
			u.Username, u.Email = u.ID, u.ID+"@example.com"
			s.create(t, u)
			s.promise(t, mail(u, models.MailVerify))
		}
		claimed := make([][]models.Mail, 10)
		errs := atOnce(len(claimed), func(i int) (err error) {
			for range 4 {
				some, err := s.Mails.Claim(t.Context(), hold, 3)
				if err != nil {
					return err
				}
				claimed[i] = append(claimed[i], some...)
			}
			return nil
		})
		wantCounts(t, errs, map[error]int{nil: len(claimed)})
		seen := map[string]int{}
		for _, m := range append(slices.Concat(claimed...), s.claim(t, hold, mails)...) {
			seen[m.ID]++
		}
		wantSame(t, len(seen), mails)
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s was claimed %d times", id, n)
			}
		}
	},
	"the mails to one address come one after the other": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		first, second, other := mail(ada, models.MailReset), mail(ada, models.MailReset), mail(grace, models.MailReset)
		s.promise(t, first, second, other)
		wantMails(t, s.claim(t, hold, 10), first.ID, other.ID)
		wantMails(t, s.claim(t, hold, 10))
		noError(t, "Done()", s.Mails.Done(t.Context(), first.ID))
		noError(t, "Done() again", s.Mails.Done(t.Context(), first.ID))
		noError(t, "Done() of no id", s.Mails.Done(t.Context(), "no id"))
		wantMails(t, s.claim(t, hold, 10), second.ID)
	},
	"what failed comes again when its time has come": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		m := mail(ada, models.MailVerify)
		s.promise(t, m)
		claimed := s.claim(t, hold, 1)
		noError(t, "Retry()", s.Mails.Retry(t.Context(), claimed[0], hold))
		wantMails(t, s.claim(t, hold, 1))
		claimed[0].Refusals = 1
		noError(t, "Retry()", s.Mails.Retry(t.Context(), claimed[0], 0))
		claimed = s.claim(t, hold, 1)
		wantSame(t, []int{claimed[0].Attempts, claimed[0].Refusals}, []int{2, 1})
	},
	"whose claim has ended leaves the mail to others": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		s.promise(t, mail(ada, models.MailVerify))
		late := s.claim(t, 0, 1)
		var again []models.Mail
		soon(t, "the claim ends", func() bool { again = s.claim(t, hold, 1); return len(again) == 1 })
		wantSame(t, again[0].Attempts, 2)
		noError(t, "Retry() by who was late", s.Mails.Retry(t.Context(), late[0], 0))
		wantMails(t, s.claim(t, hold, 1))
	},
	"a user takes mails along, and an address": func(t *testing.T, s store) {
		ada, ghost := account("Ada"), account("Ghost")
		s.create(t, ada)
		old := mail(ada, models.MailEmailChanged)
		old.To = "old@example.com"
		byAddress := models.Mail{ID: newID(), Kind: models.MailReset, To: ada.Email, Language: "en", CreatedAt: kept(now)}
		other := models.Mail{ID: newID(), Kind: models.MailReset, To: "other@example.com", Language: "en", CreatedAt: kept(now)}
		s.promise(t, mail(ada, models.MailVerify), old, byAddress, other)
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, ada.ID) })
		wantUnsent(t, s, 2, kept(now))
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Mails.DeleteTo(ctx, ada.Email) })
		wantMails(t, s.claim(t, hold, 10), other.ID)
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return r.Mails.Append(ctx, mail(ghost, models.MailVerify))
		})
		wantError(t, "Append()", err, domain.ErrNotFound)
	},
	"one can see how many wait and since when": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		wantUnsent(t, s, 0, time.Time{})
		first, second := mail(ada, models.MailVerify), mail(ada, models.MailReset)
		second.CreatedAt = kept(now.Add(time.Minute))
		s.promise(t, first, second)
		s.claim(t, hold, 1)
		wantUnsent(t, s, 2, first.CreatedAt)
		noError(t, "Done()", s.Mails.Done(t.Context(), first.ID))
		wantUnsent(t, s, 1, second.CreatedAt)
	},
}

// promise stores mails.
func (s store) promise(t *testing.T, mails ...models.Mail) {
	t.Helper()
	for _, m := range mails {
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Mails.Append(ctx, m) })
	}
}

func (s store) claim(t *testing.T, hold time.Duration, limit int) []models.Mail {
	t.Helper()
	mails, err := s.Mails.Claim(t.Context(), hold, limit)
	noError(t, "Claim()", err)
	return mails
}

func wantMails(t *testing.T, mails []models.Mail, want ...string) {
	t.Helper()
	got := []string{}
	for _, m := range mails {
		got = append(got, m.ID)
	}
	wantSame(t, got, append([]string{}, want...))
}

func wantUnsent(t *testing.T, s store, want int64, since time.Time) {
	t.Helper()
	pending, oldest, err := s.Mails.Unsent(t.Context())
	noError(t, "Unsent()", err)
	wantSame(t, []any{pending, oldest}, []any{want, since})
}
