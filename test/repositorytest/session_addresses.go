package repositorytest

import (
	"testing"
	"time"

	"gofiber-auth/domain/models"
)

var addressTests = map[string]func(t *testing.T, s store){
	"where a user is logged in, those used last first": func(t *testing.T, s store) {
		ada, grace := account("Ada"), account("Grace")
		s.create(t, ada, grace)
		end := kept(now.Add(time.Hour))
		at := func(ip string, used time.Time, ends time.Time) func(*models.Session) {
			return func(s *models.Session) { s.IP, s.LastUsedAt, s.ExpiresAt = ip, used, ends }
		}
		s.logIn(t, ada, at("192.0.2.1", now, end))
		s.logIn(t, ada, at("192.0.2.2", now.Add(time.Minute), end))
		s.logIn(t, ada, at("2001:db8::3", now.Add(-time.Minute), end))
		s.logIn(t, ada, at("192.0.2.4", now, now.Add(time.Minute)))
		s.logIn(t, grace, at("192.0.2.5", now, end))
		for limit, want := range map[int][]string{
			10: {"192.0.2.2", "192.0.2.1", "2001:db8::3"},
			2:  {"192.0.2.2", "192.0.2.1"},
		} {
			got, err := s.Sessions.AddressesOf(t.Context(), ada.ID, end.Add(-time.Minute).In(time.FixedZone("Auckland", 13*60*60)), limit)
			noError(t, "AddressesOf()", err)
			wantSame(t, got, want)
		}
		got, err := s.Sessions.AddressesOf(t.Context(), ada.ID, end, 10)
		noError(t, "AddressesOf()", err)
		wantSame(t, len(got), 0)
	},
	"nobody is logged in who is not there": func(t *testing.T, s store) {
		for _, id := range append(noIDs, newID()) {
			got, err := s.Sessions.AddressesOf(t.Context(), id, now, 10)
			noError(t, "AddressesOf()", err)
			wantSame(t, len(got), 0)
		}
	},
}
