package repositorytest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// crowd is how many do a thing at once.
const crowd = 20

var raceTests = map[string]func(t *testing.T, s store){
	"of many that take one e-mail, one gets it": func(t *testing.T, s store) {
		errs := atOnce(crowd, func(i int) error {
			u := account(fmt.Sprintf("racer%d", i))
			u.Email = "Ada@example.com"
			if i%2 == 0 {
				u.Email = "aDA@EXAMPLE.com"
			}
			return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				return errors.Join(r.Users.Create(ctx, u), r.Outbox.Append(ctx, event(u, 1)))
			})
		})
		wantCounts(t, errs, map[error]int{nil: 1, domain.ErrEmailTaken: crowd - 1})
		wantPending(t, s, 1)
	},
	"of many that change to one username, one gets it": func(t *testing.T, s store) {
		users := make([]models.User, crowd)
		for i := range users {
			users[i] = account(fmt.Sprintf("racer%d", i))
		}
		s.create(t, users...)
		errs := atOnce(crowd, func(i int) error {
			return s.Work.Do(t.Context(), change(users[i].ID, func(u *models.User) { u.Username = "Winner" }))
		})
		wantCounts(t, errs, map[error]int{nil: 1, domain.ErrUsernameTaken: crowd - 1})
	},
	"changes of one user come one after the other, and so do its events": func(t *testing.T, s store) {
		ada := account("Ada")
		ada.Version = 0
		s.create(t, ada)
		errs := atOnce(crowd, func(i int) error {
			return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				u, err := r.Users.ForUpdate(ctx, ada.ID)
				if err != nil {
					return err
				}
				u.Username = fmt.Sprintf("Ada%d", i)
				e := u.Event(newID(), models.ActionUpdated, "", now)
				return errors.Join(r.Users.Save(ctx, u), r.Outbox.Append(ctx, e))
			})
		})
		wantCounts(t, errs, map[error]int{nil: crowd})
		last := ""
		for version := int64(1); version <= crowd; version++ {
			heads, err := s.Outbox.Heads(t.Context(), 10)
			noError(t, "Heads()", err)
			if len(heads) != 1 || heads[0].Version != version || heads[0].ID < last {
				t.Fatalf("heads after version %d: %+v", version-1, heads)
			}
			last = heads[0].ID
			s.mark(t, heads...)
		}
		got, err := s.Users.ByID(t.Context(), ada.ID)
		noError(t, "ByID()", err)
		wantSame(t, got.Version, crowd)
	},
	"of two admins that are demoted at once, one stays": func(t *testing.T, s store) {
		for round := range 10 {
			one, two := account(fmt.Sprintf("one%d", round)), account(fmt.Sprintf("two%d", round))
			one.Role, two.Role = models.RoleAdmin, models.RoleAdmin
			s.create(t, one, two)
			admins := []models.User{one, two}
			errs := atOnce(2, func(i int) error { return s.Work.Do(t.Context(), demote(admins[i].ID)) })
			wantCounts(t, errs, map[error]int{nil: 1, domain.ErrLastAdmin: 1})
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				left, err := r.Users.LockActiveAdmins(ctx)
				if err != nil || len(left) != 1 {
					return fmt.Errorf("%d admins are left: %w", len(left), err)
				}
				return r.Users.Delete(ctx, left[0]) // the next round has its own
			})
		}
	},
	"of many first log-ins of one identity, one makes a user": func(t *testing.T, s store) {
		errs := atOnce(crowd, func(i int) error {
			u := account(fmt.Sprintf("racer%d", i))
			link := identity(u, models.ProviderGoogle)
			link.ProviderID = "the same"
			return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				return errors.Join(r.Users.Create(ctx, u), r.Outbox.Append(ctx, event(u, 1)), r.Identities.Create(ctx, link))
			})
		})
		wantCounts(t, errs, map[error]int{nil: 1, domain.ErrProviderLinked: crowd - 1})
		wantPending(t, s, 1)
		users := s.AllUsers(t)
		wantSame(t, len(users), 1)
		got, err := s.Identities.BySubject(t.Context(), models.ProviderGoogle, "the same")
		noError(t, "BySubject()", err)
		wantSame(t, got.UserID, users[0].ID)
	},
	"of many identities of a provider that one user links, one is linked": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		errs := atOnce(crowd, func(int) error {
			link := identity(ada, models.ProviderLINE)
			return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error { return r.Identities.Create(ctx, link) })
		})
		wantCounts(t, errs, map[error]int{nil: 1, domain.ErrProviderLinked: crowd - 1})
		wantSame(t, lenOf(s.Identities.OfUser(t.Context(), ada.ID)), 1)
	},
	"whoever is deleted while identities are linked leaves none": func(t *testing.T, s store) {
		for round := range 5 {
			ada := account(fmt.Sprintf("ada%d", round))
			s.create(t, ada)
			errs := atOnce(4, func(i int) error {
				return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					if i == 3 {
						return r.Users.Delete(ctx, ada.ID)
					}
					return r.Identities.Create(ctx, identity(ada, models.Providers()[i]))
				})
			})
			for _, err := range errs {
				if err != nil {
					wantError(t, "Create()", err, domain.ErrNotFound)
				}
			}
			wantSame(t, lenOf(s.Identities.OfUser(t.Context(), ada.ID)), 0)
		}
	},
	"of many that replace the same tokens, one does": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		old := identity(ada, models.ProviderGoogle)
		s.link(t, old)
		replaced := make([]bool, crowd)
		errs := atOnce(crowd, func(i int) (err error) {
			fresh := old
			fresh.AccessToken = fmt.Sprintf("v1.fresh%d", i)
			replaced[i], err = s.Identities.Replace(t.Context(), old, fresh)
			return err
		})
		wantCounts(t, errs, map[error]int{nil: crowd})
		got, err := s.Identities.BySubject(t.Context(), old.Provider, old.ProviderID)
		noError(t, "BySubject()", err)
		for i, r := range replaced {
			wantSame(t, r, got.AccessToken == fmt.Sprintf("v1.fresh%d", i))
		}
	},
	"of many that want a lease, one gets it": func(t *testing.T, s store) {
		held := make([]bool, crowd)
		errs := atOnce(crowd, func(i int) (err error) {
			held[i], err = s.Leases.Acquire(t.Context(), "relay", fmt.Sprintf("holder%d", i), time.Minute)
			return err
		})
		wantCounts(t, errs, map[error]int{nil: crowd})
		wantSame(t, trues(held), 1)
	},
}

func demote(id string) func(ctx context.Context, r repositories.Set) error {
	return func(ctx context.Context, r repositories.Set) error {
		admins, err := r.Users.LockActiveAdmins(ctx)
		if err != nil {
			return err
		}
		if len(admins) == 1 {
			return domain.ErrLastAdmin
		}
		return change(id, func(u *models.User) { u.Role = models.RoleUser })(ctx, r)
	}
}
