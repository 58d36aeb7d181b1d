package repositorytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// registration returns a pending registration, as a database keeps it.
func registration(email string) models.Registration {
	return models.Registration{
		ID: newID(), Email: email, Username: "Ada", PasswordHash: "$2a$10$hash", DisplayName: new("Ada"), Language: "th",
		CreatedAt: kept(now), ExpiresAt: kept(now.Add(24 * time.Hour)),
	}
}

func random() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// register stores a registration with a token and returns the hash of that.
func (s store) register(t *testing.T, g models.Registration) []byte {
	t.Helper()
	hash := random()
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		if err := r.Registrations.Create(ctx, g, 5); err != nil {
			return err
		}
		return r.Registrations.SetToken(ctx, g.ID, hash, g.CreatedAt)
	})
	return hash
}

func (s store) wantRegistration(t *testing.T, hash []byte, want error) {
	t.Helper()
	_, err := s.Registrations.RegistrationByToken(t.Context(), hash)
	wantError(t, "RegistrationByToken()", err, want)
}

var registrationTests = map[string]func(t *testing.T, s store){
	"a registration is found by its newest token, as it was stored": func(t *testing.T, s store) {
		byPassword, byTicket := registration("ada@example.com"), registration("ada@example.com")
		byTicket.PasswordHash, byTicket.DisplayName, byTicket.TicketHash = "", nil, random()
		for _, g := range []models.Registration{byPassword, byTicket} {
			old := s.register(t, g)
			hash := random()
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				return r.Registrations.SetToken(ctx, g.ID, hash, now)
			})
			got, err := s.Registrations.RegistrationByToken(t.Context(), hash)
			noError(t, "RegistrationByToken()", err)
			wantSame(t, got, g)
			s.wantRegistration(t, old, domain.ErrNotFound)
		}
		err := s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			return r.Registrations.SetToken(ctx, byPassword.ID, random(), byPassword.ExpiresAt)
		})
		wantError(t, "SetToken() of an expired one", err, domain.ErrNotFound)
	},
	"of one address the newest stay, with their mails": func(t *testing.T, s store) {
		other := s.register(t, registration("grace@example.com"))
		var hashes [][]byte
		for range 7 {
			g := registration("ada@example.com")
			hashes = append(hashes, s.register(t, g))
			s.promise(t, models.Mail{ID: newID(), Kind: models.MailVerifyRegistration, RegistrationID: g.ID, To: g.Email, Language: "en", CreatedAt: kept(now)})
		}
		s.wantRegistration(t, hashes[1], domain.ErrNotFound)
		for _, hash := range append(hashes[2:], other) {
			s.wantRegistration(t, hash, nil)
		}
		waiting, _, err := s.Mails.Unsent(t.Context())
		noError(t, "Unsent()", err)
		wantSame(t, waiting, 5)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			return r.Registrations.DeleteTo(ctx, "ada@example.com")
		})
		s.wantRegistration(t, hashes[6], domain.ErrNotFound)
		s.wantRegistration(t, other, nil)
	},
	"of many who take a registration one gets it": func(t *testing.T, s store) {
		g := registration("ada@example.com")
		s.register(t, g)
		wantCounts(t, atOnce(10, func(int) error {
			return s.Work.Do(context.Background(), func(ctx context.Context, r repositories.Set) error { return r.Registrations.Take(ctx, g.ID) })
		}), map[error]int{nil: 1, domain.ErrNotFound: 9})
	},
	"expired registrations are removed, so many at a time": func(t *testing.T, s store) {
		var hashes [][]byte
		for i := range 3 {
			g := registration(fmt.Sprintf("ada%d@example.com", i))
			g.ExpiresAt = kept(now.Add(time.Duration(i) * time.Hour))
			hashes = append(hashes, s.register(t, registrationBefore(g)))
		}
		for _, want := range []int64{1, 1, 0} {
			n, err := s.Registrations.DeleteExpiredRegistrations(t.Context(), kept(now).Add(2*time.Hour), 1)
			noError(t, "DeleteExpiredRegistrations()", err)
			wantSame(t, n, want)
		}
		s.wantRegistration(t, hashes[1], domain.ErrNotFound)
		s.wantRegistration(t, hashes[2], nil)
	},
}

// registrationBefore makes a registration old enough to get a token before it expires.
func registrationBefore(g models.Registration) models.Registration {
	g.CreatedAt = g.ExpiresAt.Add(-time.Hour)
	return g
}

var deviceTests = map[string]func(t *testing.T, s store){
	"a new device is told, but not the first, and one a day": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		phone, laptop, tablet, desk := random(), random(), random(), random()
		for i, step := range []struct {
			user   models.User
			device []byte
			after  time.Duration
			tell   bool
		}{
			{ada, phone, 0, false},
			{ada, phone, time.Minute, false},
			{ada, laptop, time.Minute, true},
			{ada, laptop, time.Minute, false},
			{ada, tablet, time.Hour, false}, // the day's notice has been sent
			{ada, tablet, 30 * time.Hour, false},
			{ada, desk, 30 * time.Hour, true},
			{grace, laptop, 30 * time.Hour, false},
		} {
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				tell, err := r.Devices.Seen(ctx, step.user.ID, step.device, now.Add(step.after))
				if tell != step.tell {
					t.Errorf("step %d: Seen() = %v, want %v", i, tell, step.tell)
				}
				return err
			})
		}
	},
	"the newest devices stay, and go with their user": func(t *testing.T, s store) {
		ada := account("Ada")
		s.create(t, ada)
		old, used := random(), random()
		seen := func(device []byte, after time.Duration) (tell bool) {
			s.Do(t, func(ctx context.Context, r repositories.Set) (err error) {
				tell, err = r.Devices.Seen(ctx, ada.ID, device, now.Add(after))
				return err
			})
			return tell
		}
		seen(old, 0)
		seen(used, 0)
		for i := range 60 {
			seen(random(), time.Duration(i)*time.Minute)
			seen(used, time.Duration(i)*time.Minute)
		}
		if seen(used, 48*time.Hour) || !seen(old, 48*time.Hour) {
			t.Error("the device that is used was forgotten, or the one that is not was kept")
		}
		if seen(random(), 3*365*24*time.Hour); !seen(used, 3*365*24*time.Hour+25*time.Hour) {
			t.Error("a device that was not used for years was kept")
		}
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, ada.ID) })
	},
}
